#include "daemon/descriptors.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/turns.h"

/* The table, listening sockets, timers, the loop itself, the log, files of the configuration while
 * it is read; some of them are libraries'. */
#define OWN 64

/* One for the socket, one for the epoll set of libmicrohttpd. */
#define OF_HTTP_CONNECTION 2

/* A user with more than TURNS_DIRECT connections has an epoll set. */
static uint64_t of_connections(uint64_t check, uint64_t http)
{
    return check + OF_HTTP_CONNECTION * http + (check + http) / (TURNS_DIRECT + 1);
}

static uint64_t of_the_rest(const struct config *config)
{
    return OWN + DESCRIPTORS_RESERVED +
           OF_HTTP_CONNECTION * (uint64_t)config->admin_connections_max + 1;
}

uint64_t descriptors_needed(const struct config *config)
{
    return of_connections(config->quota.connections[QUOTA_CHECK],
                          config->quota.connections[QUOTA_HTTP]) +
           of_the_rest(config);
}

uint64_t descriptors_raise(uint64_t needed)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return needed;
    if (limit.rlim_cur >= needed)
        return limit.rlim_cur;
    const struct rlimit raised = {needed < limit.rlim_max ? needed : limit.rlim_max,
                                  limit.rlim_max};
    return setrlimit(RLIMIT_NOFILE, &raised) < 0 ? limit.rlim_cur : raised.rlim_cur;
}

/* n parts in whole of one, at least one. */
static unsigned share(unsigned n, uint64_t parts, uint64_t whole)
{
    uint64_t got = (uint64_t)n * parts / whole;

    return got > 0 ? (unsigned)got : 1;
}

bool descriptors_fit(struct config *config, uint64_t available)
{
    uint64_t rest = of_the_rest(config), needed = descriptors_needed(config);

    if (available >= needed)
        return true;
    uint64_t left = available > rest ? available - rest : 0;
    for (int face = 0; face < QUOTA_FACES; face++) {
        unsigned *all = &config->quota.connections[face];
        unsigned *one = &config->quota.connections_per_user[face];
        *one = share(*one < *all ? *one : *all, left, needed - rest);
        *all = share(*all, left, needed - rest);
    }
    return false;
}

void descriptors_provide(struct config *config)
{
    uint64_t needed = descriptors_needed(config);
    uint64_t available = descriptors_raise(needed);

    if (descriptors_fit(config, available))
        return;
    log_event(LOG_EVENT_OUT_OF_ROOM,
              "the limits in stkgate.conf need %" PRIu64 " file descriptors, and there are %" PRIu64
              ": taking %u connections and %u of HTTP instead. Set LimitNOFILE=%" PRIu64
              " in stkgate.service, or ulimit -n; or lower connections and http_connections",
              needed, available, config->quota.connections[QUOTA_CHECK],
              config->quota.connections[QUOTA_HTTP], needed);
}

void reserve_fill(struct reserve *reserve)
{
    while (reserve->count < DESCRIPTORS_RESERVED) {
        int fd = open("/", O_PATH | O_CLOEXEC);
        if (fd < 0)
            return;
        reserve->fds[reserve->count++] = fd;
    }
}

bool reserve_release(struct reserve *reserve)
{
    bool any = reserve->count > 0;

    while (reserve->count > 0)
        close(reserve->fds[--reserve->count]);
    return any;
}
