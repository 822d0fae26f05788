/* handle.h - what a stkgate handle is made of
 */
#ifndef STKGATE_CLIENT_HANDLE_H
#define STKGATE_CLIENT_HANDLE_H

#include <sys/un.h>

#include <stkgate.h>
#include "module/client/attach.h"
#include "module/client/backoff.h"
#include "module/client/mappings.h"
#include "module/client/pool.h"
#include "module/client/seats.h"
#include "module/client/snapshots.h"

#define DEADLINE_DEFAULT_MS 50
#define DEADLINE_MAX_MS     60000
#define RUNTIME_DEFAULT     "/run/stkgate"
#define SOCKET_NAME         "check.sock"

struct stkgate {
    char service[SERVICE_MAX + 1];
    struct sockaddr_un address;
    uint32_t deadline_ms;
    bool asks; /* for each check: the environment says so */
    struct backoff backoff;
    struct pool pool;
    struct snapshots snapshots;
    struct seats seats;
    struct universal_key recent_key; /* of what is in the seats' memories of tokens */
    struct mappings mappings;
    struct attaching attaching;
};

#endif
