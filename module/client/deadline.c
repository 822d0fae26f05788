#include "module/client/deadline.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <time.h>

#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

uint64_t deadline_clock_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

struct deadline deadline_begin(uint32_t span_ms)
{
    uint64_t now_ns = deadline_clock_ns();
    return (struct deadline){.start_ns = now_ns, .end_ns = now_ns + span_ms * NS_PER_MS};
}

uint64_t deadline_left_ns(const struct deadline *deadline)
{
    uint64_t now_ns = deadline_clock_ns();
    return now_ns < deadline->end_ns ? deadline->end_ns - now_ns : 0;
}

int deadline_poll(struct deadline *deadline, int fd, short events)
{
    deadline->waited = true;
    for (;;) {
        uint64_t left_ns = deadline_left_ns(deadline);
        struct timespec left = {
            .tv_sec = (time_t)(left_ns / NS_PER_S),
            .tv_nsec = (long)(left_ns % NS_PER_S),
        };
        struct pollfd pollfd = {.fd = fd, .events = events};
        int r = ppoll(&pollfd, 1, &left, NULL);
        if (r > 0)
            return 0;
        if (r == 0)
            return -ETIMEDOUT;
        if (errno != EINTR)
            return -errno;
    }
}
