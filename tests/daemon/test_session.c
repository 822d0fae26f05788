/* The dialogue of the check socket, packet by packet, without a socket. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/session.h"
#include "tests/daemon/fixture.h"
#include "tests/suite.h"

static struct fixture fixture;
static struct session session;
static uint8_t in[WIRE_FRAME_MAX + 1], out[WIRE_FRAME_MAX];
static size_t out_len;

static void open_session(void)
{
    const struct peer peer = {.uid = 4711, .gid = 4711};
    fixture_open(&fixture, (struct fixture_file[]){{"services.d/closed.conf", "callers = root\n"},
                                                   {NULL, NULL}});
    session_init(&session, &peer);
}

static bool step(size_t len)
{
    out_len = 0;
    return session_step(&session, fixture.service, in, len, out, &out_len);
}

static bool say_hello(const char *service)
{
    const struct hello hello = {.service = text_of(service)};
    return step(hello_write(in, sizeof in, 1, &hello));
}

static size_t write_check(uint32_t id)
{
    const struct query query = {.form = CREDENTIAL_TOKEN, .kind = KIND_LIVE, .site = TEXT("kasa")};
    return check_write(in, sizeof in, id, &query);
}

static enum wire_error error_of_answer(void)
{
    struct frame frame;
    enum wire_error error;
    ck_assert_int_eq(frame_open(out, out_len, &frame), 0);
    ck_assert_int_eq(error_read(&frame, &error), 0);
    return error;
}

START_TEST(welcomes_then_answers_each_check)
{
    struct frame frame;
    struct welcome welcome;
    struct verdict verdict;
    uint64_t generation;
    open_session();
    ck_assert(say_hello("storefront"));
    ck_assert_int_eq(frame_open(out, out_len, &frame), 0);
    ck_assert_int_eq(welcome_read(&frame, &welcome), 0);
    ck_assert_uint_eq(welcome.generation, service_generation(fixture.service));
    ck_assert_uint_eq(welcome.registry.count, SCOPES_BUILTIN);

    for (uint32_t id = 5; id < 8; id++) {
        ck_assert(step(write_check(id)));
        ck_assert_int_eq(frame_open(out, out_len, &frame), 0);
        ck_assert_uint_eq(frame.id, id);
        ck_assert_int_eq(verdict_read(&frame, &generation, &verdict), 0);
        ck_assert_int_eq(verdict.reason, REASON_UNKNOWN_TOKEN);
    }
    ck_assert_int_eq(session.state, SESSION_READY);
    fixture_close(&fixture);
}
END_TEST

START_TEST(a_check_before_hello_ends_the_connection)
{
    open_session();
    ck_assert(!step(write_check(9)));
    ck_assert_int_eq(error_of_answer(), WIRE_ERROR_FRAME);
    ck_assert_int_eq(session.state, SESSION_CLOSED);
    ck_assert(!say_hello("storefront"));
    ck_assert_int_eq(error_of_answer(), WIRE_ERROR_FRAME);
    fixture_close(&fixture);
}
END_TEST

START_TEST(a_user_who_is_no_caller_is_told_so)
{
    open_session();
    ck_assert(!say_hello("closed"));
    ck_assert_int_eq(error_of_answer(), WIRE_ERROR_NOT_ALLOWED);
    fixture_close(&fixture);
}
END_TEST

START_TEST(a_reload_that_shuts_a_user_out_is_in_force_at_once)
{
    struct config *config;
    char message[CONFIG_ERROR_MAX], dir[PATH_MAX + 16];
    open_session();
    ck_assert(say_hello("storefront"));
    fixture_write(fixture.dir, "config/services.d/default.conf", "callers = root\n");
    snprintf(dir, sizeof dir, "%s/config", fixture.dir);
    ck_assert_int_eq(config_load(dir, &config, message), 0);
    service_reload(fixture.service, config);
    ck_assert(!step(write_check(2)));
    ck_assert_int_eq(error_of_answer(), WIRE_ERROR_NOT_ALLOWED);
    fixture_close(&fixture);
}
END_TEST

START_TEST(another_version_is_told_before_the_end)
{
    open_session();
    const struct hello hello = {.service = TEXT("storefront")};
    size_t len = hello_write(in, sizeof in, 1, &hello);
    in[2] = WIRE_VERSION + 1;
    ck_assert(!step(len));
    ck_assert_int_eq(error_of_answer(), WIRE_ERROR_VERSION);
    fixture_close(&fixture);
}
END_TEST

/* Each row ends the connection with an ERROR frame, whatever the state was. */
START_TEST(bytes_that_are_no_frame_end_the_connection)
{
    for (int ready = 0; ready < 2; ready++) {
        for (int row = 0; row < 7; row++) {
            struct frame frame;
            struct verdict verdict = {0};
            open_session();
            if (ready)
                ck_assert(say_hello("storefront"));
            size_t len = write_check(3);
            switch (row) {
            case 0: len = 0; break;                     /* what an oversized packet becomes */
            case 1: len = WIRE_HEADER_BYTES - 1; break; /* truncated header */
            case 2: len--; break;                       /* truncated payload */
            case 3: in[len++] = 0; break;               /* a byte left over */
            case 4: in[0] ^= 1; break;                  /* another magic */
            case 5: in[3] = 200; break;                 /* an unknown type */
            case 6: len = verdict_write(in, sizeof in, 1, 1, &verdict); break; /* not for clients */
            }
            ck_assert_msg(!step(len), "row %d", row);
            ck_assert_int_eq(frame_open(out, out_len, &frame), 0);
            ck_assert_int_eq(error_of_answer(), WIRE_ERROR_FRAME);
            fixture_close(&fixture);
        }
    }
}
END_TEST

START_TEST(a_service_name_that_is_none_ends_the_connection)
{
    open_session();
    ck_assert(!say_hello("../../etc/passwd"));
    ck_assert_int_eq(error_of_answer(), WIRE_ERROR_FRAME);
    fixture_close(&fixture);
}
END_TEST

SUITE_MAIN("session", welcomes_then_answers_each_check, a_check_before_hello_ends_the_connection,
           a_user_who_is_no_caller_is_told_so, a_reload_that_shuts_a_user_out_is_in_force_at_once,
           another_version_is_told_before_the_end, bytes_that_are_no_frame_end_the_connection,
           a_service_name_that_is_none_ends_the_connection)
