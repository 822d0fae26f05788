#include "bench/stand_in.h"

#include <err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "lib/wire/message.h"
#include "tests/hand_out.h"

#define LEASE_EVERY_MS 1000

uint64_t stand_in_clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static void renew_lease(const struct stand_in *stand_in)
{
    if (publish_refresh(stand_in->publish, stand_in_clock_ns(), (int64_t)time(NULL)) < 0)
        errx(EXIT_FAILURE, "cannot renew the lease");
}

/* ---- answers ----------------------------------------------------------------------------------
 */

static size_t write_welcome(uint8_t *out, uint32_t id)
{
    struct welcome welcome = {.generation = STAND_IN_GENERATION, .direct = true};

    policy_init(&welcome.policy);
    scope_registry_init(&welcome.registry);
    return welcome_write(out, WIRE_FRAME_MAX, id, &welcome);
}

static size_t write_verdict(struct stand_in *stand_in, uint8_t *out, uint32_t id)
{
    const struct verdict verdict = {.reason = REASON_OK, .kind = KIND_LIVE};

    atomic_fetch_add(&stand_in->checks, 1);
    return verdict_write(out, WIRE_FRAME_MAX, id, STAND_IN_GENERATION, &verdict);
}

static void hand_out(const struct stand_in *stand_in, int fd, uint32_t id)
{
    uint8_t out[WIRE_FRAME_MAX];
    struct handout handout;

    if (publish_handout(stand_in->publish, &handout) < 0)
        errx(EXIT_FAILURE, "the view cannot be handed out");
    const struct attached attached = {
        .clock_ns = stand_in_clock_ns(),
        .view_bytes = handout.view_bytes,
        .bucket_bytes = handout.bucket_bytes,
    };
    if (hand_out_send(fd, out, attached_write(out, sizeof out, id, &attached), &handout) < 0)
        err(EXIT_FAILURE, "cannot hand out the view");
}

/* Returns whether the connection lives on. */
static bool serve(struct stand_in *stand_in, int fd)
{
    uint8_t bytes[WIRE_FRAME_MAX];
    struct frame frame;
    ssize_t n = recv(fd, bytes, sizeof bytes, 0);

    if (n <= 0 || frame_open(bytes, (size_t)n, &frame) < 0)
        return false;
    if (frame.type == WIRE_ATTACH) {
        hand_out(stand_in, fd, frame.id);
        return true;
    }
    size_t len = frame.type == WIRE_HELLO ? write_welcome(bytes, frame.id)
                                          : write_verdict(stand_in, bytes, frame.id);
    return send(fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* ---- the thread -------------------------------------------------------------------------------
 */

static void take_in(struct stand_in *stand_in)
{
    int fd = accept(stand_in->listen_fd, NULL, NULL);

    for (unsigned i = 0; fd >= 0 && i < STAND_IN_CONNECTIONS; i++) {
        if (stand_in->fds[i] < 0) {
            stand_in->fds[i] = fd;
            return;
        }
    }
    errx(EXIT_FAILURE, "no place for one more connection");
}

static void *run(void *userdata)
{
    struct stand_in *stand_in = userdata;
    struct pollfd polls[STAND_IN_CONNECTIONS + 2];
    uint64_t renewed_ns = 0;

    do {
        bool busy = stand_in->work && stand_in->work(stand_in->userdata);
        for (unsigned i = 0; i < STAND_IN_CONNECTIONS; i++)
            polls[i] = (struct pollfd){.fd = stand_in->fds[i], .events = POLLIN};
        polls[STAND_IN_CONNECTIONS] = (struct pollfd){.fd = stand_in->listen_fd, .events = POLLIN};
        polls[STAND_IN_CONNECTIONS + 1] =
            (struct pollfd){.fd = stand_in->wake[0], .events = POLLIN};
        uint64_t now_ns = stand_in_clock_ns();
        if (now_ns - renewed_ns >= LEASE_EVERY_MS * UINT64_C(1000000)) {
            renew_lease(stand_in);
            renewed_ns = now_ns;
        }
        if (poll(polls, STAND_IN_CONNECTIONS + 2, busy ? 0 : LEASE_EVERY_MS) < 0)
            err(EXIT_FAILURE, "poll");
        for (unsigned i = 0; i < STAND_IN_CONNECTIONS; i++) {
            if (polls[i].revents != 0 && !serve(stand_in, stand_in->fds[i])) {
                close(stand_in->fds[i]);
                stand_in->fds[i] = -1;
            }
        }
        if (polls[STAND_IN_CONNECTIONS].revents != 0)
            take_in(stand_in);
    } while (polls[STAND_IN_CONNECTIONS + 1].revents == 0);
    return NULL;
}

static struct sockaddr_un address_of(const struct stand_in *stand_in)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof address.sun_path, "%s/check.sock", stand_in->runtime);
    return address;
}

void stand_in_start(struct stand_in *stand_in, struct publish *publish)
{
    stand_in_start_working(stand_in, publish, NULL, NULL);
}

void stand_in_start_working(struct stand_in *stand_in, struct publish *publish,
                            stand_in_work_fn work, void *userdata)
{
    *stand_in = (struct stand_in){.publish = publish,
                                  .work = work,
                                  .userdata = userdata,
                                  .runtime = "/tmp/stkgate-view-XXXXXX"};
    for (unsigned i = 0; i < STAND_IN_CONNECTIONS; i++)
        stand_in->fds[i] = -1;
    if (!mkdtemp(stand_in->runtime))
        err(EXIT_FAILURE, "%s", stand_in->runtime);
    const struct sockaddr_un address = address_of(stand_in);
    stand_in->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (stand_in->listen_fd < 0 ||
        bind(stand_in->listen_fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
        listen(stand_in->listen_fd, STAND_IN_CONNECTIONS) < 0 || pipe(stand_in->wake) < 0)
        err(EXIT_FAILURE, "%s", address.sun_path);
    publish_set_generation(publish, STAND_IN_GENERATION);
    renew_lease(stand_in);
    if (pthread_create(&stand_in->thread, NULL, run, stand_in) != 0)
        errx(EXIT_FAILURE, "cannot start a thread");
}

void stand_in_stop(struct stand_in *stand_in)
{
    const struct sockaddr_un address = address_of(stand_in);

    if (write(stand_in->wake[1], "", 1) != 1 || pthread_join(stand_in->thread, NULL) != 0)
        errx(EXIT_FAILURE, "cannot stop a thread");
    for (unsigned i = 0; i < STAND_IN_CONNECTIONS; i++)
        if (stand_in->fds[i] >= 0)
            close(stand_in->fds[i]);
    close(stand_in->listen_fd);
    close(stand_in->wake[0]);
    close(stand_in->wake[1]);
    unlink(address.sun_path);
    rmdir(stand_in->runtime);
}
