#include "module/client/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "module/client/handle.h"
#include "tests/module/client/call.h"
#include "tests/suite.h"

#define PATIENT_MS 20000

static struct fake fake;

static int fd_of(const struct connection *connection)
{
    return atomic_load(&connection->fd);
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

/* A child's failure must not look like check's own. */
static void expect_child_ends_well(pid_t pid)
{
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "child: status %#x", status);
}

START_TEST(gives_back_what_was_put)
{
    static struct pool pool;
    struct connection spare;
    ck_assert_int_eq(pool_init(&pool), 0);
    ck_assert_ptr_null(pool_take(&pool));
    struct connection *first = pool_place(&pool, &spare);
    ck_assert_int_eq(connection_open(first), 0);
    ck_assert_ptr_null(pool_take(&pool));
    pool_put(&pool, first);
    ck_assert_ptr_eq(pool_take(&pool), first);
    ck_assert_ptr_null(pool_take(&pool));
    int fd = fd_of(first);
    pool_drop(&pool, first);
    ck_assert(!is_open(fd));
    ck_assert_ptr_null(pool_take(&pool));
    pool_deinit(&pool);
}
END_TEST

START_TEST(closes_what_has_no_place)
{
    static struct pool pool;
    struct connection spares[2];
    int fds[POOL_PLACES];
    ck_assert_int_eq(pool_init(&pool), 0);
    for (int i = 0; i < POOL_PLACES; i++) {
        struct connection *connection = pool_place(&pool, &spares[0]);
        ck_assert_ptr_ne(connection, &spares[0]);
        ck_assert_int_eq(connection_open(connection), 0);
        fds[i] = fd_of(connection);
    }
    ck_assert_ptr_eq(pool_place(&pool, &spares[1]), &spares[1]);
    ck_assert_int_eq(connection_open(&spares[1]), 0);
    int fd = fd_of(&spares[1]);
    pool_put(&pool, &spares[1]);
    ck_assert(!is_open(fd));
    pool_deinit(&pool);
    for (int i = 0; i < POOL_PLACES; i++)
        ck_assert(!is_open(fds[i]));
}
END_TEST

/* The host program closes our descriptor and opens something of its own on the number. */
static int hijack(stkgate *gate, int ret_ends[2])
{
    int fd = fd_of(&gate->pool.places[0]);
    ck_assert_int_ge(fd, 3);
    close(fd);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ret_ends), 0);
    if (ret_ends[0] != fd) {
        ck_assert_int_eq(dup2(ret_ends[0], fd), fd);
        close(ret_ends[0]);
    }
    ret_ends[0] = fd;
    return fd;
}

static void expect_untouched(const int ends[2])
{
    char byte;
    ck_assert_int_eq(recv(ends[1], &byte, 1, MSG_DONTWAIT), -1);
    ck_assert_int_eq(errno, EAGAIN);
    ck_assert_int_eq(send(ends[0], "x", 1, 0), 1);
    ck_assert_int_eq(recv(ends[1], &byte, 1, MSG_DONTWAIT), 1);
    ck_assert_int_eq(send(ends[1], "y", 1, 0), 1);
    ck_assert_int_eq(recv(ends[0], &byte, 1, MSG_DONTWAIT), 1);
}

START_TEST(leaves_a_descriptor_alone_that_the_program_replaced)
{
    int ends[2];
    fake_init(&fake);
    fake_start(&fake);
    stkgate *gate = call_open(&fake, PATIENT_MS);
    ck_assert_int_eq(call_check(gate), 0);
    hijack(gate, ends);
    ck_assert_int_eq(call_check(gate), 0);
    expect_untouched(ends);
    ck_assert_uint_eq(fake.accepted, 2);
    stkgate_close(gate);
    expect_untouched(ends);
    close(ends[0]);
    close(ends[1]);
    fake_deinit(&fake);
}
END_TEST

START_TEST(closes_nothing_that_the_program_replaced)
{
    int ends[2];
    fake_init(&fake);
    fake_start(&fake);
    stkgate *gate = call_open(&fake, PATIENT_MS);
    ck_assert_int_eq(call_check(gate), 0);
    hijack(gate, ends);
    stkgate_close(gate);
    expect_untouched(ends);
    close(ends[0]);
    close(ends[1]);
    fake_deinit(&fake);
}
END_TEST

/* Another socket to the same daemon is as little ours as a pipe is. */
START_TEST(tells_its_own_socket_from_one_of_another_handle)
{
    fake_init(&fake);
    fake_start(&fake);
    stkgate *ours = call_open(&fake, PATIENT_MS);
    stkgate *other = call_open(&fake, PATIENT_MS);
    ck_assert_int_eq(call_check(ours), 0);
    ck_assert_int_eq(call_check(other), 0);
    int fd = fd_of(&ours->pool.places[0]);
    ck_assert_int_eq(dup2(fd_of(&other->pool.places[0]), fd), fd);
    ck_assert_int_eq(call_check(ours), 0);
    ck_assert(is_open(fd));
    stkgate_close(ours);
    ck_assert(is_open(fd));
    ck_assert_int_eq(call_check(other), 0);
    stkgate_close(other);
    close(fd);
    fake_deinit(&fake);
}
END_TEST

START_TEST(goes_on_after_the_program_closed_its_descriptor)
{
    fake_init(&fake);
    fake_start(&fake);
    stkgate *gate = call_open(&fake, PATIENT_MS);
    ck_assert_int_eq(call_check(gate), 0);
    close(fd_of(&gate->pool.places[0]));
    ck_assert_int_eq(call_check(gate), 0);
    stkgate_close(gate);
    fake_deinit(&fake);
}
END_TEST

#define CALLS_IN_FORK 200

static int call_many(stkgate *gate, uint64_t first_cost)
{
    for (uint64_t i = 0; i < CALLS_IN_FORK; i++) {
        struct stkgate_request request = call_request();
        struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;
        request.cost = first_cost + i;
        if (stkgate_check(gate, &request, &verdict) != 0 || verdict.remaining != request.cost)
            return -1;
    }
    return 0;
}

START_TEST(gives_a_child_a_connection_of_its_own)
{
    fake_init(&fake);
    fake_start(&fake);
    stkgate *gate = call_open(&fake, PATIENT_MS);
    ck_assert_int_eq(call_check(gate), 0);
    pid_t pid = fork();
    if (pid == 0)
        _exit(call_many(gate, 1000) == 0 ? 0 : 1);
    ck_assert_int_eq(call_many(gate, 5000), 0);
    expect_child_ends_well(pid);
    ck_assert_uint_eq(fake.accepted, 2);
    ck_assert_uint_eq(fake.checks, 1 + 2 * CALLS_IN_FORK);
    stkgate_close(gate);
    fake_deinit(&fake);
}
END_TEST

/* In the child: what was inherited is closed at the first use, and by closing the handle. Neither
 * ends the parent's connection. */
static int child_closes(stkgate *gate, bool use)
{
    int fd = fd_of(&gate->pool.places[0]);
    uint64_t cookie = atomic_load(&gate->pool.places[0].cookie);
    struct connection inherited = {.fd = fd, .cookie = cookie};
    if (!connection_is_ours(&inherited))
        return 1;
    if (use) {
        struct stkgate_request request = call_request();
        struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;
        if (stkgate_check(gate, &request, &verdict) != 0)
            return 2;
    } else {
        stkgate_close(gate);
    }
    return connection_is_ours(&inherited) ? 3 : 0;
}

START_TEST(closes_in_a_child_what_it_inherited)
{
    fake_init(&fake);
    fake_start(&fake);
    stkgate *gate = call_open(&fake, PATIENT_MS);
    ck_assert_int_eq(call_check(gate), 0);
    for (int use = 0; use < 2; use++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(child_closes(gate, use));
        expect_child_ends_well(pid);
    }
    ck_assert_int_eq(call_check(gate), 0);
    /* Its own, and that of the child which used it. */
    ck_assert_uint_eq(fake.accepted, 2);
    stkgate_close(gate);
    fake_deinit(&fake);
}
END_TEST

/* The number of an inherited connection may be the child's own file by now. */
static int child_hijacks(stkgate *gate)
{
    int ends[2];
    hijack(gate, ends);
    if (call_many(gate, 1) < 0)
        return 1;
    expect_untouched(ends);
    return 0;
}

START_TEST(leaves_alone_what_a_child_opened_in_its_place)
{
    fake_init(&fake);
    fake_start(&fake);
    stkgate *gate = call_open(&fake, PATIENT_MS);
    ck_assert_int_eq(call_check(gate), 0);
    pid_t pid = fork();
    if (pid == 0)
        _exit(child_hijacks(gate));
    expect_child_ends_well(pid);
    stkgate_close(gate);
    fake_deinit(&fake);
}
END_TEST

/* A thread holds the only connection, waiting for an answer, while another one forks. */
static void *wait_for_answer(void *gate)
{
    return call_check(gate) == 0 ? NULL : gate;
}

START_TEST(a_child_is_not_held_up_by_what_its_parents_threads_were_doing)
{
    pthread_t thread;
    void *failed;
    fake_init(&fake);
    fake_start(&fake);
    stkgate *gate = call_open(&fake, PATIENT_MS);
    fake.on_check = FAKE_SILENCE;
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_answer, gate), 0);
    while (fake.checks < 1)
        sched_yield();
    fake.on_check = FAKE_ANSWER;
    pid_t pid = fork();
    if (pid == 0)
        _exit(call_many(gate, 1) == 0 ? 0 : 1);
    expect_child_ends_well(pid);
    ck_assert_uint_eq(fake.accepted, 2);
    /* Its daemon goes away, and greets nobody meanwhile: the second try must fail, too. */
    fake.on_hello = FAKE_CLOSE;
    fake_stop(&fake);
    pthread_join(thread, &failed);
    ck_assert_ptr_nonnull(failed);
    stkgate_close(gate);
    fake_deinit(&fake);
}
END_TEST

SUITE_MAIN("pool", gives_back_what_was_put, closes_what_has_no_place,
           leaves_a_descriptor_alone_that_the_program_replaced,
           closes_nothing_that_the_program_replaced,
           tells_its_own_socket_from_one_of_another_handle,
           goes_on_after_the_program_closed_its_descriptor, gives_a_child_a_connection_of_its_own,
           closes_in_a_child_what_it_inherited, leaves_alone_what_a_child_opened_in_its_place,
           a_child_is_not_held_up_by_what_its_parents_threads_were_doing)
