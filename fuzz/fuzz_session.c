/* fuzz_session.c - a connection of check.sock: packets, each with its length (u16) before it
 *
 * Whatever is sent, what comes back is a frame with the id of the question; nobody passes without
 * the digest of a key that is in the table, nor before a HELLO that was welcomed; and after an
 * ERROR nothing is answered but ERRORs.
 */
#include <string.h>

#include "daemon/session.h"
#include "fuzz/service_case.h"
#include "lib/core/cursor.h"

FUZZ_TARGET("session");

static struct service *service;
static uint8_t key_digest[DIGEST_BYTES];

static void set_up(void)
{
    service = service_case_open();
    digest_legacy(TEXT(SERVICE_CASE_KEY), key_digest);
}

static void check_verdict(struct frame *answer, const uint8_t *packet, size_t len)
{
    struct frame question;
    struct query query;
    struct verdict verdict;
    uint64_t generation;

    DEMAND(verdict_read(answer, &generation, &verdict) == 0);
    DEMAND(frame_open(packet, len, &question) == 0 && check_read(&question, &query) == 0);
    bool known = memcmp(query.digest, key_digest, DIGEST_BYTES) == 0;
    DEMAND(known || verdict.reason == REASON_UNKNOWN_TOKEN);
    DEMAND(verdict.reason != REASON_OK || text_equal(query.site, TEXT("kasa")));
    /* To a refused one it tells nothing of the table. */
    DEMAND(known || (verdict.key_id[0] == '\0' && verdict.site[0] == '\0'));
}

static void check_answer(const struct session *before, const struct session *after, bool on,
                         const uint8_t *packet, size_t len, const uint8_t *out, size_t out_len)
{
    struct frame answer, question;
    struct welcome welcome;
    struct attached attached;
    enum wire_error error;

    DEMAND(frame_open(out, out_len, &answer) == 0);
    if (frame_open(packet, len, &question) == 0)
        DEMAND(answer.id == question.id || before->state == SESSION_CLOSED);
    DEMAND(on == (answer.type != WIRE_ERROR));
    DEMAND(on == (after->state == SESSION_READY));
    DEMAND(!on || before->state != SESSION_CLOSED);
    switch (answer.type) {
    case WIRE_WELCOME: DEMAND(welcome_read(&answer, &welcome) == 0 && !welcome.direct); break;
    case WIRE_ATTACHED:
        DEMAND(before->state == SESSION_READY);
        DEMAND(attached_read(&answer, &attached) == 0);
        DEMAND(attached.clock_ns == 0 && attached.view_bytes == 0 && attached.bucket_bytes == 0);
        break;
    case WIRE_VERDICT:
        DEMAND(before->state == SESSION_READY);
        check_verdict(&answer, packet, len);
        break;
    default: DEMAND(error_read(&answer, &error) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static uint8_t out[WIRE_FRAME_MAX];
    const struct peer peer = {.uid = 4712, .gid = 4712, .pid = 1};
    struct session session;

    if (!service)
        set_up();
    session_init(&session, &peer);
    while (len >= 2) {
        size_t packet_len = bytes[0] | (size_t)bytes[1] << 8;
        packet_len = packet_len <= len - 2 ? packet_len : len - 2;
        const struct session before = session;
        struct session_answer said;
        bool on = session_step(&session, service, bytes + 2, packet_len, out, &said);
        /* This user may not have the view. */
        DEMAND(!said.with_view);
        check_answer(&before, &session, on, bytes + 2, packet_len, out, said.len);
        bytes += 2 + packet_len;
        len -= 2 + packet_len;
    }
    return 0;
}
