#include "daemon/session.h"

#include <errno.h>

void session_init(struct session *session, const struct peer *peer)
{
    *session = (struct session){.state = SESSION_NEW, .peer = *peer};
}

/* Answer with an ERROR and end the connection. */
static bool fail(struct session *session, uint32_t id, enum wire_error error,
                 uint8_t out[static WIRE_FRAME_MAX], size_t *ret_len)
{
    session->state = SESSION_CLOSED;
    *ret_len = error_write(out, WIRE_FRAME_MAX, id, error);
    return false;
}

static bool on_hello(struct session *session, struct service *service, struct frame *frame,
                     uint8_t out[static WIRE_FRAME_MAX], size_t *ret_len)
{
    struct hello hello;
    struct welcome welcome;

    if (hello_read(frame, &hello) < 0 || !text_is_service(hello.service))
        return fail(session, frame->id, WIRE_ERROR_FRAME, out, ret_len);

    const struct service_config *as = config_service(service_config_of(service), hello.service);
    if (!principals_have(&as->callers, &session->peer))
        return fail(session, frame->id, WIRE_ERROR_NOT_ALLOWED, out, ret_len);

    text_copy(hello.service, session->service_name, sizeof session->service_name);
    session->state = SESSION_READY;
    welcome.generation = service_generation(service);
    welcome.direct = false;
    welcome.policy = as->policy;
    welcome.registry = *service_scopes(service);
    *ret_len = welcome_write(out, WIRE_FRAME_MAX, frame->id, &welcome);
    return true;
}

static bool on_check(struct session *session, struct service *service, struct frame *frame,
                     uint8_t out[static WIRE_FRAME_MAX], size_t *ret_len)
{
    struct query query;
    struct verdict verdict;

    if (session->state != SESSION_READY || check_read(frame, &query) < 0)
        return fail(session, frame->id, WIRE_ERROR_FRAME, out, ret_len);

    /* Looked up anew for each check: after a reload this user may be out. */
    const struct service_config *as =
        config_service(service_config_of(service), text_of(session->service_name));
    if (!principals_have(&as->callers, &session->peer))
        return fail(session, frame->id, WIRE_ERROR_NOT_ALLOWED, out, ret_len);

    if (service_check(service, as, &query, &verdict) < 0)
        return fail(session, frame->id, WIRE_ERROR_INTERNAL, out, ret_len);
    *ret_len = verdict_write(out, WIRE_FRAME_MAX, frame->id, service_generation(service), &verdict);
    return true;
}

bool session_step(struct session *session, struct service *service, const void *packet, size_t len,
                  uint8_t out[static WIRE_FRAME_MAX], size_t *ret_len)
{
    struct frame frame = {0};

    int r = frame_open(packet, len, &frame);
    if (r == -EPROTONOSUPPORT)
        return fail(session, frame.id, WIRE_ERROR_VERSION, out, ret_len);
    if (r < 0 || session->state == SESSION_CLOSED)
        return fail(session, 0, WIRE_ERROR_FRAME, out, ret_len);
    switch (frame.type) {
    case WIRE_HELLO: return on_hello(session, service, &frame, out, ret_len);
    case WIRE_CHECK: return on_check(session, service, &frame, out, ret_len);
    default: return fail(session, frame.id, WIRE_ERROR_FRAME, out, ret_len);
    }
}
