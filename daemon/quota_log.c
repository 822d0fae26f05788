#include "daemon/quota_log.h"

#include <errno.h>
#include <inttypes.h>
#include <time.h>

#include "daemon/log.h"

static const struct {
    const char *socket, *key;
} faces[QUOTA_FACES] = {
    [QUOTA_CHECK] = {"check.sock", "connections"},
    [QUOTA_HTTP] = {"http.sock", "http_connections"},
};

void quota_log_refusal(struct quota *quota, uid_t uid, enum quota_face face, int error)
{
    struct timespec now;
    uint64_t untold;

    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t now_ns = (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
    if (!quota_may_tell(quota, uid, now_ns, &untold))
        return;
    bool own = error == -EDQUOT;
    log_event(own ? LOG_EVENT_SHARE_USED_UP : LOG_EVENT_OUT_OF_ROOM,
              "uid %u is refused on %s, %" PRIu64 " times since this was last told: %s; see %s%s "
              "and bytes_in_flight%s in stkgate.conf",
              (unsigned)uid, faces[face].socket, untold,
              own ? "its share of connections or of bytes in flight is used up"
                  : "all connections or bytes in flight are taken",
              faces[face].key, own ? "_per_user" : "", own ? "_per_user" : "");
}
