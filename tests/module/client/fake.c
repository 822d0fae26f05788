#include "tests/module/client/fake.h"

#include <check.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define OVERSIZED_BYTES (WIRE_FRAME_MAX + 100)

static struct sockaddr_un address_of(const struct fake *fake)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/check.sock", fake->runtime);
    return address;
}

void fake_init(struct fake *fake)
{
    memset(fake, 0, sizeof *fake);
    strcpy(fake->runtime, "/tmp/stkgate-client-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(fake->runtime));
    policy_init(&fake->welcome.policy);
    scope_registry_init(&fake->welcome.registry);
    fake->generation = 1;
    fake->scopes = SCOPES_BUILTIN;
}

void fake_deinit(struct fake *fake)
{
    fake_stop(fake);
    rmdir(fake->runtime);
}

static size_t write_welcome(struct fake *fake, uint8_t *out, uint32_t id)
{
    uint64_t generation = fake->generation; /* set by a test after what it changed in welcome */
    struct welcome welcome = fake->welcome;
    welcome.generation = generation;
    welcome.direct = fake->direct;
    welcome.registry.count = (unsigned)fake->scopes;
    return welcome_write(out, WIRE_FRAME_MAX, id, &welcome);
}

static void keep(char *out, size_t capacity, struct text t)
{
    if (!text_copy(t, out, capacity))
        ck_abort_msg("a text of %zu bytes", t.len);
}

static size_t write_verdict(struct fake *fake, uint8_t *out, struct frame *frame, int act)
{
    struct query query;
    if (check_read(frame, &query) < 0)
        return error_write(out, WIRE_FRAME_MAX, frame->id, WIRE_ERROR_FRAME);
    keep(fake->last_site, sizeof fake->last_site, query.site);
    keep(fake->last_origin, sizeof fake->last_origin, query.origin);
    fake->last = query;
    struct verdict verdict = {
        .reason = act == FAKE_UNAVAILABLE ? REASON_UNAVAILABLE : REASON_OK,
        .kind = query.kind,
        .scopes = SCOPE_ALL_BUILTIN,
        .needed = query.scopes,
        .limit = 60,
        .window_ns = UINT64_C(60000000000),
        .burst = 60,
        .remaining = query.cost,
        .reset_ns = UINT64_C(1000000000),
        .key_id = "key_0123456789ABCDEF",
        .site = "kasa",
    };
    return verdict_write(out, WIRE_FRAME_MAX, frame->id, fake->generation, &verdict);
}

/* The good answer in out, len bytes, is made what act says. */
static size_t spoil(int act, uint8_t *out, size_t len)
{
    switch (act) {
    case FAKE_GARBAGE: memset(out, 0xa5, len); return len;
    case FAKE_CUT: return len / 2;
    case FAKE_LONGER: out[len] = 0; return len + 1;
    case FAKE_OVERSIZED: return OVERSIZED_BYTES;
    case FAKE_OTHER_ID: out[4] ^= 1; return len;
    case FAKE_OTHER_TYPE: out[3] = WIRE_CHECK; return len;
    case FAKE_OTHER_VERSION: out[2] = WIRE_VERSION + 1; return len;
    default: return len;
    }
}

static const struct fake_handout nothing;

static const struct fake_handout *handout_of(struct fake *fake)
{
    const struct fake_handout *handout = atomic_load(&fake->handout);
    return handout != NULL ? handout : &nothing;
}

static size_t write_attached(struct fake *fake, uint8_t *out, struct frame *frame)
{
    const struct fake_handout *handout = handout_of(fake);
    struct timespec now;
    if (attach_read(frame) < 0)
        return error_write(out, WIRE_FRAME_MAX, frame->id, WIRE_ERROR_FRAME);
    clock_gettime(CLOCK_MONOTONIC, &now);
    struct attached attached = {
        .clock_ns = (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec +
                    (uint64_t)handout->clock_offset_ns,
        .view_bytes = handout->view_bytes,
        .bucket_bytes = handout->bucket_bytes,
    };
    return attached_write(out, WIRE_FRAME_MAX, frame->id, &attached);
}

static void send_answer(int fd, const void *bytes, size_t len, const struct fake_handout *handout)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(FAKE_HANDOUT_MAX * sizeof(int))];
    } control = {0};
    struct iovec iovec = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};
    struct msghdr message = {.msg_iov = &iovec, .msg_iovlen = 1};
    if (handout->count > 0) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(handout->count * sizeof(int));
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(handout->count * sizeof(int));
        memcpy(CMSG_DATA(&control.header), handout->fds, handout->count * sizeof(int));
    }
    sendmsg(fd, &message, MSG_NOSIGNAL);
}

/* What to do with one kind of question. */
struct habit {
    _Atomic unsigned *seen;
    _Atomic int *act, *lose;
};

static struct habit habit_of(struct fake *fake, uint8_t type)
{
    switch (type) {
    case WIRE_HELLO: return (struct habit){&fake->hellos, &fake->on_hello, &fake->lose_hellos};
    case WIRE_ATTACH: return (struct habit){&fake->attaches, &fake->on_attach, NULL};
    default: return (struct habit){&fake->checks, &fake->on_check, &fake->lose_checks};
    }
}

static size_t write_answer(struct fake *fake, uint8_t *out, struct frame *frame, int act)
{
    switch (frame->type) {
    case WIRE_HELLO: return write_welcome(fake, out, frame->id);
    case WIRE_ATTACH: return write_attached(fake, out, frame);
    default: return write_verdict(fake, out, frame, act);
    }
}

/* Returns whether the connection lives on. */
static bool answer(struct fake *fake, int fd, struct frame *frame)
{
    static uint8_t out[OVERSIZED_BYTES];
    struct habit habit = habit_of(fake, frame->type);
    atomic_fetch_add(habit.seen, 1);
    int act = *habit.act;
    if (act == FAKE_SILENCE)
        return true;
    if (act == FAKE_CLOSE || (habit.lose && atomic_fetch_sub(habit.lose, 1) > 0))
        return false;
    uint32_t id = frame->id;
    bool with_descriptors = frame->type == WIRE_ATTACH || fake->descriptors_everywhere;
    size_t len = write_answer(fake, out, frame, act);
    ck_assert_uint_gt(len, 0);
    if (act > FAKE_ERROR)
        len = error_write(out, WIRE_FRAME_MAX, id, (enum wire_error)(act - FAKE_ERROR));
    if (act == FAKE_EMPTY)
        len = 0;
    len = spoil(act, out, len);
    for (int i = 0; i < (act == FAKE_TWICE ? 2 : 1); i++)
        send_answer(fd, out, len, with_descriptors ? handout_of(fake) : &nothing);
    return act <= FAKE_ERROR;
}

static bool serve(struct fake *fake, int fd)
{
    uint8_t in[WIRE_FRAME_MAX];
    struct frame frame;
    ssize_t n = recv(fd, in, sizeof in, 0);
    if (n <= 0 || frame_open(in, (size_t)n, &frame) < 0)
        return false;
    return answer(fake, fd, &frame);
}

static void hang_up(struct fake *fake, int *fd)
{
    close(*fd);
    *fd = -1;
    atomic_fetch_sub(&fake->open, 1);
}

static void take_in(struct fake *fake)
{
    uint8_t out[WIRE_FRAME_MAX];
    int fd = accept(fake->listen_fd, NULL, NULL);
    if (fd < 0)
        return;
    atomic_fetch_add(&fake->accepted, 1);
    int act = fake->on_accept;
    if (act != FAKE_ANSWER) {
        if (act > FAKE_ERROR)
            send(fd, out, error_write(out, sizeof out, 0, (enum wire_error)(act - FAKE_ERROR)),
                 MSG_NOSIGNAL);
        close(fd);
        return;
    }
    for (int i = 0; i < FAKE_CONNECTIONS_MAX; i++) {
        if (fake->fds[i] < 0) {
            fake->fds[i] = fd;
            atomic_fetch_add(&fake->open, 1);
            return;
        }
    }
    ck_abort_msg("too many connections");
}

static void *run(void *userdata)
{
    struct fake *fake = userdata;
    for (;;) {
        struct pollfd polls[FAKE_CONNECTIONS_MAX + 2];
        for (int i = 0; i < FAKE_CONNECTIONS_MAX; i++)
            polls[i] = (struct pollfd){.fd = fake->fds[i], .events = POLLIN};
        polls[FAKE_CONNECTIONS_MAX] = (struct pollfd){.fd = fake->listen_fd, .events = POLLIN};
        polls[FAKE_CONNECTIONS_MAX + 1] = (struct pollfd){.fd = fake->wake[0], .events = POLLIN};
        if (poll(polls, FAKE_CONNECTIONS_MAX + 2, -1) < 0)
            continue;
        if (polls[FAKE_CONNECTIONS_MAX + 1].revents != 0)
            break;
        for (int i = 0; i < FAKE_CONNECTIONS_MAX; i++)
            if (polls[i].revents != 0 && !serve(fake, fake->fds[i]))
                hang_up(fake, &fake->fds[i]);
        if (polls[FAKE_CONNECTIONS_MAX].revents != 0)
            take_in(fake);
    }
    for (int i = 0; i < FAKE_CONNECTIONS_MAX; i++)
        if (fake->fds[i] >= 0)
            hang_up(fake, &fake->fds[i]);
    return NULL;
}

void fake_start(struct fake *fake)
{
    struct sockaddr_un address = address_of(fake);
    for (int i = 0; i < FAKE_CONNECTIONS_MAX; i++)
        fake->fds[i] = -1;
    ck_assert_int_eq(pipe(fake->wake), 0);
    fake->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fake->listen_fd, 0);
    ck_assert_int_eq(bind(fake->listen_fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(fake->listen_fd, FAKE_CONNECTIONS_MAX), 0);
    ck_assert_int_eq(pthread_create(&fake->thread, NULL, run, fake), 0);
    fake->running = true;
}

void fake_stop(struct fake *fake)
{
    if (!fake->running)
        return;
    ck_assert_int_eq(write(fake->wake[1], "", 1), 1);
    pthread_join(fake->thread, NULL);
    struct sockaddr_un address = address_of(fake);
    unlink(address.sun_path);
    close(fake->listen_fd);
    close(fake->wake[0]);
    close(fake->wake[1]);
    fake->running = false;
}

void fake_await_open(struct fake *fake, unsigned open)
{
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    while (atomic_load(&fake->open) != open) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        ck_assert_msg(now.tv_sec - start.tv_sec < 20, "%u connections are open, not %u",
                      atomic_load(&fake->open), open);
        sched_yield();
    }
}
