#include "daemon/session.h"

#include <errno.h>

void session_init(struct session *session, const struct peer *peer)
{
    *session = (struct session){.state = SESSION_NEW, .peer = *peer};
}

/* Answer with an ERROR and end the connection. */
static bool fail(struct session *session, enum wire_error error, uint8_t out[static WIRE_FRAME_MAX],
                 struct session_answer *ret)
{
    session->state = SESSION_CLOSED;
    ret->len = error_write(out, WIRE_FRAME_MAX, ret->id, error);
    return false;
}

static bool may_have_view(struct service *service, const struct service_config *as,
                          const struct peer *peer, struct handout *ret)
{
    return authz_may_map(&as->direct, peer) && service_handout(service, ret) == 0;
}

static bool on_hello(struct session *session, struct service *service, struct frame *frame,
                     uint8_t out[static WIRE_FRAME_MAX], struct session_answer *ret)
{
    struct hello hello;
    struct welcome welcome;

    if (hello_read(frame, &hello) < 0 || !text_is_service(hello.service))
        return fail(session, WIRE_ERROR_FRAME, out, ret);

    const struct service_config *as = config_service(service_config_of(service), hello.service);
    if (!principals_have(&as->callers, &session->peer))
        return fail(session, WIRE_ERROR_NOT_ALLOWED, out, ret);

    text_copy(hello.service, session->service_name, sizeof session->service_name);
    session->state = SESSION_READY;
    welcome.generation = service_generation(service);
    welcome.direct = authz_may_map(&as->direct, &session->peer) && service_has_view(service);
    welcome.policy = as->policy;
    welcome.registry = *service_scopes(service);
    ret->len = welcome_write(out, WIRE_FRAME_MAX, ret->id, &welcome);
    return true;
}

/* As whom a question is put. Looked up anew for each: after a reload this user may be out. NULL: it
 * is. */
static const struct service_config *asks_as(const struct session *session,
                                            const struct service *service)
{
    const struct service_config *as =
        config_service(service_config_of(service), text_of(session->service_name));

    return principals_have(&as->callers, &session->peer) ? as : NULL;
}

static bool on_check(struct session *session, struct service *service, struct frame *frame,
                     uint8_t out[static WIRE_FRAME_MAX], struct session_answer *ret)
{
    struct query query;
    struct verdict verdict;

    if (session->state != SESSION_READY || check_read(frame, &query) < 0)
        return fail(session, WIRE_ERROR_FRAME, out, ret);
    const struct service_config *as = asks_as(session, service);
    if (!as)
        return fail(session, WIRE_ERROR_NOT_ALLOWED, out, ret);
    if (service_check(service, as, &query, &verdict) < 0)
        return fail(session, WIRE_ERROR_INTERNAL, out, ret);
    ret->len = verdict_write(out, WIRE_FRAME_MAX, ret->id, service_generation(service), &verdict);
    return true;
}

static bool on_attach(struct session *session, struct service *service, struct frame *frame,
                      uint8_t out[static WIRE_FRAME_MAX], struct session_answer *ret)
{
    if (session->state != SESSION_READY || attach_read(frame) < 0)
        return fail(session, WIRE_ERROR_FRAME, out, ret);
    const struct service_config *as = asks_as(session, service);
    if (!as)
        return fail(session, WIRE_ERROR_NOT_ALLOWED, out, ret);
    if (!may_have_view(service, as, &session->peer, &ret->handout)) {
        session_withhold_view(ret, out);
        return true;
    }
    const struct attached attached = {
        .clock_ns = service_mono_ns(),
        .view_bytes = ret->handout.view_bytes,
        .bucket_bytes = ret->handout.bucket_bytes,
    };
    ret->with_view = true;
    ret->len = attached_write(out, WIRE_FRAME_MAX, ret->id, &attached);
    return true;
}

void session_withhold_view(struct session_answer *answer, uint8_t out[static WIRE_FRAME_MAX])
{
    answer->with_view = false;
    answer->len =
        attached_write(out, WIRE_FRAME_MAX, answer->id, &(const struct attached){.clock_ns = 0});
}

bool session_step(struct session *session, struct service *service, const void *packet, size_t len,
                  uint8_t out[static WIRE_FRAME_MAX], struct session_answer *ret)
{
    struct frame frame = {0};

    *ret = (struct session_answer){0};
    int r = frame_open(packet, len, &frame);
    if (r == -EPROTONOSUPPORT) {
        ret->id = frame.id;
        return fail(session, WIRE_ERROR_VERSION, out, ret);
    }
    if (r < 0 || session->state == SESSION_CLOSED)
        return fail(session, WIRE_ERROR_FRAME, out, ret);
    ret->id = frame.id;
    switch (frame.type) {
    case WIRE_HELLO: return on_hello(session, service, &frame, out, ret);
    case WIRE_CHECK: return on_check(session, service, &frame, out, ret);
    case WIRE_ATTACH: return on_attach(session, service, &frame, out, ret);
    default: return fail(session, WIRE_ERROR_FRAME, out, ret);
    }
}
