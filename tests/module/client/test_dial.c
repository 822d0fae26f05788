#include "module/client/dial.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "tests/module/client/call.h"
#include "tests/suite.h"

#define PATIENT_MS 20000

static struct fake fake;
static struct connection connection;

static int dial(stkgate *gate)
{
    struct deadline deadline = deadline_begin(gate->deadline_ms);
    connection = (struct connection){.place = -1};
    return dial_daemon(gate, &connection, &deadline);
}

static double timeout_s(int option)
{
    struct timeval timeout;
    socklen_t size = sizeof timeout;
    ck_assert_int_eq(getsockopt(connection.fd, SOL_SOCKET, option, &timeout, &size), 0);
    return (double)timeout.tv_sec + (double)timeout.tv_usec / 1e6;
}

START_TEST(introduces_itself_and_learns_the_policy)
{
    fake_init(&fake);
    fake.generation = 17;
    fake.welcome.policy.scopes = 8;
    fake_start(&fake);
    stkgate *gate = call_open(&fake, PATIENT_MS);
    ck_assert_int_eq(dial(gate), 0);
    ck_assert_uint_eq(connection.generation, 17);
    ck_assert_uint_eq(snapshots_current(&gate->snapshots)->generation, 17);
    ck_assert_uint_eq(snapshots_current(&gate->snapshots)->policy.scopes, 8);
    ck_assert_uint_eq(fake.hellos, 1);

    struct deadline deadline = deadline_begin(PATIENT_MS);
    fake.generation = 18;
    ck_assert_int_eq(dial_hello(gate, &connection, &deadline), 0);
    ck_assert_uint_eq(connection.generation, 18);
    ck_assert_uint_eq(fake.hellos, 2);
    connection_close(&connection);
    stkgate_close(gate);
    fake_deinit(&fake);
}
END_TEST

/* recv(2) on this socket is called without poll(2): it must end by itself, before the deadline. */
START_TEST(sets_timeouts_below_the_deadline)
{
    fake_init(&fake);
    fake_start(&fake);
    const uint32_t deadlines_ms[] = {PATIENT_MS, 50, 1};
    for (size_t i = 0; i < sizeof deadlines_ms / sizeof deadlines_ms[0]; i++) {
        stkgate *gate = call_open(&fake, deadlines_ms[i]);
        dial(gate);
        ck_assert_double_gt(timeout_s(SO_RCVTIMEO), 0);
        /* The kernel counts in ticks of up to 10 ms. */
        ck_assert_double_le(timeout_s(SO_RCVTIMEO), deadlines_ms[i] * 0.00075 + 0.011);
        connection_close(&connection);
        stkgate_close(gate);
    }
    fake_deinit(&fake);
}
END_TEST

START_TEST(does_not_dial_when_the_deadline_is_over)
{
    fake_init(&fake);
    fake_start(&fake);
    stkgate *gate = call_open(&fake, PATIENT_MS);
    struct deadline deadline = deadline_begin(0);
    connection = (struct connection){.place = -1};
    ck_assert_int_eq(dial_daemon(gate, &connection, &deadline), -ETIMEDOUT);
    connection_close(&connection);
    ck_assert_uint_eq(fake.hellos, 0);
    stkgate_close(gate);
    fake_deinit(&fake);
}
END_TEST

SUITE_MAIN("dial", introduces_itself_and_learns_the_policy, sets_timeouts_below_the_deadline,
           does_not_dial_when_the_deadline_is_over)
