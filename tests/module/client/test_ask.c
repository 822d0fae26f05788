#include "module/client/ask.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/module/client/call.h"
#include "tests/suite.h"

#define DEADLINE_MS 50
/* For tests in which no deadline is to pass, on whatever machine. */
#define PATIENT_MS 20000

static struct fake fake;

START_TEST(answers_with_the_verdict_of_the_daemon)
{
    struct stkgate_request request = call_request();
    struct stkgate_verdict verdict;
    fake_init(&fake);
    fake_start(&fake);
    stkgate *gate = call_open(&fake, PATIENT_MS);
    request.scopes = 2;
    request.cost = 37;
    ck_assert_int_eq(call_put(gate, &request, &verdict), 0);
    ck_assert_uint_eq(verdict.status, 200);
    ck_assert_uint_eq(verdict.reason, STKGATE_OK);
    ck_assert_uint_eq(verdict.kind, STKGATE_KIND_LIVE);
    ck_assert_uint_eq(verdict.scopes, 15);
    ck_assert_uint_eq(verdict.needed, 2);
    ck_assert_uint_eq(verdict.remaining, 37);
    ck_assert_uint_eq(verdict.limit, 60);
    ck_assert_str_eq(verdict.key_id, "key_0123456789ABCDEF");
    ck_assert_str_eq(verdict.site, "kasa");
    stkgate_close(gate);
    fake_deinit(&fake);
}
END_TEST

START_TEST(sends_the_digest_and_what_came_with_the_call)
{
    struct stkgate_request request = call_request();
    struct stkgate_verdict verdict;
    uint8_t digest[DIGEST_BYTES];
    fake_init(&fake);
    fake_start(&fake);
    stkgate *gate = call_open(&fake, PATIENT_MS);
    request.scopes = 6;
    request.cost = 5;
    request.flags = STKGATE_PEEK;
    ck_assert_int_eq(call_put(gate, &request, &verdict), 0);
    digest_token(TEXT(CALL_TOKEN), digest);
    ck_assert_mem_eq(fake.last.digest, digest, DIGEST_BYTES);
    ck_assert_int_eq(fake.last.form, CREDENTIAL_TOKEN);
    ck_assert_uint_eq(fake.last.scopes, 6);
    ck_assert_uint_eq(fake.last.cost, 5);
    ck_assert(fake.last.peek);
    ck_assert_str_eq(fake.last_site, "kasa");
    ck_assert_str_eq(fake.last_origin, "https://shop.example");

    request.token = stkgate_text(NULL);
    request.api_key = stkgate_text(CALL_LEGACY);
    request.flags = 0;
    ck_assert_int_eq(call_put(gate, &request, &verdict), 0);
    digest_legacy(TEXT(CALL_LEGACY), digest);
    ck_assert_mem_eq(fake.last.digest, digest, DIGEST_BYTES);
    ck_assert_int_eq(fake.last.form, CREDENTIAL_LEGACY);
    ck_assert(!fake.last.peek);
    stkgate_close(gate);
    fake_deinit(&fake);
}
END_TEST

START_TEST(keeps_one_connection_for_calls_in_a_row)
{
    fake_init(&fake);
    fake_start(&fake);
    stkgate *gate = call_open(&fake, PATIENT_MS);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(call_check(gate), 0);
    ck_assert_uint_eq(fake.accepted, 1);
    ck_assert_uint_eq(fake.hellos, 1);
    ck_assert_uint_eq(fake.checks, 100);
    stkgate_close(gate);
    fake_await_open(&fake, 0);
    fake_deinit(&fake);
}
END_TEST

/* What a daemon may do instead of answering, and what the call returns. */
static const struct failure {
    int act;
    int error;
} failures[] = {
    {FAKE_SILENCE, -ETIMEDOUT},
    {FAKE_CLOSE, -ECONNRESET},
    {FAKE_EMPTY, -ECONNRESET},
    {FAKE_GARBAGE, -EPROTO},
    {FAKE_CUT, -EPROTO},
    {FAKE_LONGER, -EPROTO},
    {FAKE_OVERSIZED, -EPROTO},
    {FAKE_OTHER_ID, -EPROTO},
    {FAKE_OTHER_TYPE, -EPROTO},
    {FAKE_OTHER_VERSION, -EPROTONOSUPPORT},
    {FAKE_ERROR + WIRE_ERROR_VERSION, -EPROTONOSUPPORT},
    {FAKE_ERROR + WIRE_ERROR_FRAME, -EPROTO},
    {FAKE_ERROR + WIRE_ERROR_NOT_ALLOWED, -EPERM},
    {FAKE_ERROR + WIRE_ERROR_BUSY, -EAGAIN},
    {FAKE_ERROR + WIRE_ERROR_INTERNAL, -EIO},
};

/* The connection on which it happened is closed, and all is well as soon as the daemon is. */
static void expect_failure(stkgate *gate, _Atomic int *what, const struct failure *failure)
{
    *what = failure->act;
    int r = call_check(gate);
    ck_assert_msg(r == failure->error, "act %d: %d", failure->act, r);
    fake_await_open(&fake, 0);
    *what = FAKE_ANSWER;
    call_until_answered(gate);
}

START_TEST(refuses_whatever_goes_wrong_at_the_greeting)
{
    fake_init(&fake);
    fake_start(&fake);
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        bool times_out = failures[i].error == -ETIMEDOUT;
        stkgate *gate = call_open(&fake, times_out ? DEADLINE_MS : PATIENT_MS);
        expect_failure(gate, &fake.on_hello, &failures[i]);
        stkgate_close(gate);
        fake_await_open(&fake, 0);
    }
    fake_deinit(&fake);
}
END_TEST

START_TEST(refuses_whatever_goes_wrong_at_the_check)
{
    fake_init(&fake);
    fake_start(&fake);
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        bool times_out = failures[i].error == -ETIMEDOUT;
        stkgate *gate = call_open(&fake, times_out ? DEADLINE_MS : PATIENT_MS);
        expect_failure(gate, &fake.on_check, &failures[i]);
        /* And on a connection that was good before. */
        expect_failure(gate, &fake.on_check, &failures[i]);
        stkgate_close(gate);
        fake_await_open(&fake, 0);
    }
    fake_deinit(&fake);
}
END_TEST

START_TEST(reads_the_refusal_of_a_daemon_that_has_no_room)
{
    fake_init(&fake);
    fake_start(&fake);
    fake.on_accept = FAKE_ERROR + WIRE_ERROR_BUSY;
    stkgate *gate = call_open(&fake, PATIENT_MS);
    ck_assert_int_eq(call_check(gate), -EAGAIN);
    fake.on_accept = FAKE_ANSWER;
    call_until_answered(gate);
    stkgate_close(gate);
    fake_deinit(&fake);
}
END_TEST

START_TEST(refuses_when_the_daemon_could_not_decide)
{
    fake_init(&fake);
    fake_start(&fake);
    fake.on_check = FAKE_UNAVAILABLE;
    stkgate *gate = call_open(&fake, PATIENT_MS);
    ck_assert_int_eq(call_check(gate), -EIO);
    /* That was an answer: the connection is good, and the next call is not held back. */
    fake.on_check = FAKE_ANSWER;
    ck_assert_int_eq(call_check(gate), 0);
    ck_assert_uint_eq(fake.accepted, 1);
    stkgate_close(gate);
    fake_deinit(&fake);
}
END_TEST

/* An answer too many is not taken for that of the next call. */
START_TEST(never_takes_an_old_answer_for_a_new_one)
{
    struct stkgate_request request = call_request();
    struct stkgate_verdict verdict;
    fake_init(&fake);
    fake_start(&fake);
    stkgate *gate = call_open(&fake, PATIENT_MS);
    fake.on_check = FAKE_TWICE;
    request.cost = 41;
    ck_assert_int_eq(call_put(gate, &request, &verdict), 0);
    fake.on_check = FAKE_ANSWER;
    request.cost = 42;
    ck_assert_int_eq(call_put(gate, &request, &verdict), -EPROTO);
    while (call_put(gate, &request, &verdict) < 0)
        sched_yield();
    ck_assert_uint_eq(verdict.remaining, 42);
    stkgate_close(gate);
    fake_deinit(&fake);
}
END_TEST

START_TEST(keeps_its_deadline_with_a_daemon_that_is_silent)
{
    fake_init(&fake);
    fake_start(&fake);
    fake.on_check = FAKE_SILENCE;
    const uint32_t deadlines_ms[] = {1, 39, 40, 150};
    for (size_t i = 0; i < sizeof deadlines_ms / sizeof deadlines_ms[0]; i++) {
        stkgate *gate = call_open(&fake, deadlines_ms[i]);
        double start_s = call_clock_s();
        ck_assert_int_eq(call_check(gate), -ETIMEDOUT);
        ck_assert_double_ge(call_clock_s() - start_s, deadlines_ms[i] / 1000.0);
        stkgate_close(gate);
    }
    fake_deinit(&fake);
}
END_TEST

/* The kernel completes a connection before the daemon takes it: one that hangs looks like this. */
START_TEST(keeps_its_deadline_with_a_daemon_that_takes_nobody_in)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    fake_init(&fake);
    snprintf(address.sun_path, sizeof address.sun_path, "%s/check.sock", fake.runtime);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(fd, 0), 0);
    stkgate *first = call_open(&fake, DEADLINE_MS);
    stkgate *second = call_open(&fake, DEADLINE_MS);
    ck_assert_int_eq(call_check(first), -ETIMEDOUT);
    /* What the first one left fills the queue. */
    ck_assert_int_eq(call_check(second), -EAGAIN);
    stkgate_close(first);
    stkgate_close(second);
    close(fd);
    unlink(address.sun_path);
    fake_deinit(&fake);
}
END_TEST

START_TEST(tells_that_nobody_is_there)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    fake_init(&fake);
    stkgate *gate = call_open(&fake, DEADLINE_MS);
    ck_assert_int_eq(call_check(gate), -ENOENT);
    stkgate_close(gate);

    snprintf(address.sun_path, sizeof address.sun_path, "%s/check.sock", fake.runtime);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    gate = call_open(&fake, DEADLINE_MS);
    ck_assert_int_eq(call_check(gate), -ECONNREFUSED);
    stkgate_close(gate);
    close(fd);
    unlink(address.sun_path);
    fake_deinit(&fake);
}
END_TEST

START_TEST(goes_on_when_the_daemon_appears_later)
{
    fake_init(&fake);
    stkgate *gate = call_open(&fake, PATIENT_MS);
    ck_assert_int_eq(call_check(gate), -ENOENT);
    /* Not due yet: the same again, without a look. */
    fake_start(&fake);
    int r = call_check(gate);
    ck_assert(r == -ENOENT || r == 0);
    call_until_answered(gate);
    ck_assert_int_eq(call_check(gate), 0);
    stkgate_close(gate);
    fake_deinit(&fake);
}
END_TEST

START_TEST(does_not_ask_before_the_next_attempt_is_due)
{
    fake_init(&fake);
    fake_start(&fake);
    fake.on_hello = FAKE_ERROR + WIRE_ERROR_NOT_ALLOWED;
    stkgate *gate = call_open(&fake, PATIENT_MS);
    double start_s = call_clock_s();
    unsigned calls = 0;
    while (call_clock_s() - start_s < 0.2) {
        ck_assert_int_eq(call_check(gate), -EPERM);
        calls++;
    }
    /* Due at once, and after 10, 20, 40 and 80 ms more. */
    ck_assert_uint_le(fake.accepted, 5);
    ck_assert_uint_gt(calls, fake.accepted);
    stkgate_close(gate);
    fake_deinit(&fake);
}
END_TEST

START_TEST(survives_a_restart_of_the_daemon_without_a_refusal)
{
    fake_init(&fake);
    fake_start(&fake);
    stkgate *gate = call_open(&fake, PATIENT_MS);
    for (unsigned i = 0; i < 5; i++) {
        ck_assert_int_eq(call_check(gate), 0);
        ck_assert_uint_eq(fake.accepted, i + 1);
        fake_stop(&fake);
        fake_start(&fake);
    }
    ck_assert_int_eq(call_check(gate), 0);
    stkgate_close(gate);
    fake_deinit(&fake);
}
END_TEST

/* A daemon that is ending may have taken in a connection that it does not serve any more. */
START_TEST(tries_again_when_a_new_connection_is_lost)
{
    static const int losses[][2] = {{1, 0}, {0, 1}}; /* at the greeting, at the check */
    for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++) {
        fake_init(&fake);
        fake_start(&fake);
        stkgate *gate = call_open(&fake, PATIENT_MS);
        fake.lose_hellos = losses[i][0];
        fake.lose_checks = losses[i][1];
        ck_assert_int_eq(call_check(gate), 0);
        ck_assert_uint_eq(fake.accepted, 2);
        stkgate_close(gate);
        fake_deinit(&fake);
    }
}
END_TEST

/* The old one was put a question; the new one was not, when it was lost. */
START_TEST(tries_again_when_the_new_connection_is_lost_after_the_old_one)
{
    fake_init(&fake);
    fake_start(&fake);
    stkgate *gate = call_open(&fake, PATIENT_MS);
    ck_assert_int_eq(call_check(gate), 0);
    fake.lose_checks = 1;
    fake.lose_hellos = 1;
    ck_assert_int_eq(call_check(gate), 0);
    ck_assert_uint_eq(fake.accepted, 3);
    ck_assert_uint_eq(fake.checks, 3);
    stkgate_close(gate);
    fake_deinit(&fake);
}
END_TEST

START_TEST(gives_up_when_two_new_connections_are_lost)
{
    fake_init(&fake);
    fake_start(&fake);
    stkgate *gate = call_open(&fake, PATIENT_MS);
    fake.lose_hellos = 2;
    ck_assert_int_eq(call_check(gate), -ECONNRESET);
    ck_assert_uint_eq(fake.accepted, 2);
    stkgate_close(gate);
    fake_deinit(&fake);
}
END_TEST

/* A question that was put twice is not put again: the call might be spent a third time. */
START_TEST(puts_a_question_no_more_than_twice)
{
    fake_init(&fake);
    fake_start(&fake);
    stkgate *gate = call_open(&fake, PATIENT_MS);
    ck_assert_int_eq(call_check(gate), 0);
    fake.on_check = FAKE_CLOSE;
    ck_assert_int_eq(call_check(gate), -ECONNRESET);
    ck_assert_uint_eq(fake.accepted, 2);
    ck_assert_uint_eq(fake.checks, 3);
    stkgate_close(gate);
    fake_deinit(&fake);
}
END_TEST

START_TEST(says_hello_again_before_the_call_after_a_reload)
{
    uint64_t mask;
    fake_init(&fake);
    unsigned bit;
    ck_assert_int_eq(scope_registry_add(&fake.welcome.registry, TEXT("orders:read"), &bit), 0);
    fake_start(&fake);
    stkgate *gate = call_open(&fake, PATIENT_MS);
    ck_assert_int_eq(call_check(gate), 0);

    fake.generation = 2;
    fake.scopes = SCOPES_BUILTIN + 1;
    /* This answer tells of the reload, and is not delayed by it. */
    ck_assert_int_eq(call_check(gate), 0);
    ck_assert_uint_eq(fake.hellos, 1);
    ck_assert_int_eq(call_check(gate), 0);
    ck_assert_uint_eq(fake.hellos, 2);
    ck_assert_int_eq(call_check(gate), 0);
    ck_assert_uint_eq(fake.hellos, 2);
    ck_assert_int_eq(stkgate_scope(gate, "orders:read", &mask), 0);
    ck_assert_uint_eq(mask, 16);
    ck_assert_uint_eq(fake.hellos, 2);
    ck_assert_uint_eq(fake.accepted, 1);
    stkgate_close(gate);
    fake_deinit(&fake);
}
END_TEST

START_TEST(raises_no_signal_when_the_daemon_is_gone)
{
    /* The default action of SIGPIPE would end this process. */
    signal(SIGPIPE, SIG_DFL);
    fake_init(&fake);
    fake_start(&fake);
    stkgate *gate = call_open(&fake, PATIENT_MS);
    ck_assert_int_eq(call_check(gate), 0);
    fake_stop(&fake);
    ck_assert_int_eq(call_check(gate), -ENOENT);
    stkgate_close(gate);
    fake_deinit(&fake);
}
END_TEST

#define FILES_MAX 256 /* poll(2) of the daemon's thread fails below the number that it polls */

static int use_up_descriptors(int ret_fds[static FILES_MAX])
{
    struct rlimit limit;
    int count = 0;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = FILES_MAX;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    while ((ret_fds[count] = dup(1)) >= 0)
        count++;
    ck_assert_int_eq(errno, EMFILE);
    return count;
}

/* A thread that finds no connection idle, and no descriptor for another, fails; who has a
 * connection goes on. */
START_TEST(uses_the_connections_it_has_when_there_is_no_room_for_more)
{
    int fds[FILES_MAX];
    fake_init(&fake);
    fake_start(&fake);
    stkgate *gate = call_open(&fake, PATIENT_MS);
    ck_assert_int_eq(call_check(gate), 0);
    struct connection *held = pool_take(&gate->pool);
    ck_assert_ptr_nonnull(held);
    int count = use_up_descriptors(fds);
    ck_assert_int_eq(call_check(gate), -EMFILE);
    pool_put(&gate->pool, held);
    ck_assert_int_eq(call_check(gate), 0);
    while (count > 0)
        close(fds[--count]);
    stkgate_close(gate);
    fake_deinit(&fake);
}
END_TEST

static void on_alarm(int number)
{
    (void)number;
}

/* Signals interrupt the wait again and again; neither does the call fail, nor begins its deadline
 * anew. */
START_TEST(goes_on_after_signals_within_its_deadline)
{
    struct sigaction action = {.sa_handler = on_alarm};
    struct itimerspec often = {.it_interval.tv_nsec = 1000000, .it_value.tv_nsec = 1000000};
    struct itimerspec never = {0};
    timer_t timer;
    sigset_t alarms;
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    sigaction(SIGALRM, &action, NULL);
    /* The daemon's thread is to be left alone. */
    pthread_sigmask(SIG_BLOCK, &alarms, NULL);
    fake_init(&fake);
    fake_start(&fake);
    pthread_sigmask(SIG_UNBLOCK, &alarms, NULL);
    stkgate *gate = call_open(&fake, 100);
    fake.on_check = FAKE_SILENCE;
    ck_assert_int_eq(timer_create(CLOCK_MONOTONIC, NULL, &timer), 0);
    ck_assert_int_eq(timer_settime(timer, 0, &often, NULL), 0);
    double start_s = call_clock_s();
    ck_assert_int_eq(call_check(gate), -ETIMEDOUT);
    ck_assert_double_ge(call_clock_s() - start_s, 0.1);
    timer_settime(timer, 0, &never, NULL);
    timer_delete(timer);
    stkgate_close(gate);
    fake_deinit(&fake);
}
END_TEST

SUITE_MAIN("ask", answers_with_the_verdict_of_the_daemon,
           sends_the_digest_and_what_came_with_the_call, keeps_one_connection_for_calls_in_a_row,
           refuses_whatever_goes_wrong_at_the_greeting, refuses_whatever_goes_wrong_at_the_check,
           reads_the_refusal_of_a_daemon_that_has_no_room, refuses_when_the_daemon_could_not_decide,
           never_takes_an_old_answer_for_a_new_one, keeps_its_deadline_with_a_daemon_that_is_silent,
           keeps_its_deadline_with_a_daemon_that_takes_nobody_in, tells_that_nobody_is_there,
           goes_on_when_the_daemon_appears_later, does_not_ask_before_the_next_attempt_is_due,
           survives_a_restart_of_the_daemon_without_a_refusal,
           tries_again_when_a_new_connection_is_lost,
           tries_again_when_the_new_connection_is_lost_after_the_old_one,
           gives_up_when_two_new_connections_are_lost, puts_a_question_no_more_than_twice,
           says_hello_again_before_the_call_after_a_reload,
           raises_no_signal_when_the_daemon_is_gone,
           uses_the_connections_it_has_when_there_is_no_room_for_more,
           goes_on_after_signals_within_its_deadline)
