/* The dialogue of the check socket, packet by packet, without a socket. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/session.h"
#include "tests/daemon/fixture.h"
#include "tests/suite.h"

static struct fixture fixture;
static struct session session;
static uint8_t in[WIRE_FRAME_MAX + 1], out[WIRE_FRAME_MAX];
static struct session_answer answer;

static void open_session(void)
{
    const struct peer peer = {.uid = 4711, .gid = 4711};
    fixture_open(&fixture, (struct fixture_file[]){
                               {"services.d/closed.conf", "callers = root\n"},
                               {"services.d/mine.conf", "direct = 1, 4711\n"},
                               {"services.d/ours.conf", "direct = @4711\n"},
                               {"services.d/nobody.conf", "direct = @65534\n"},
                               {"services.d/shut.conf", "callers = root\ndirect = 4711\n"},
                               {NULL, NULL}});
    session_init(&session, &peer);
}

static bool step(size_t len)
{
    memset(&answer, 'x', sizeof answer);
    return session_step(&session, fixture.service, in, len, out, &answer);
}

/* Put a service's file in the place of another, and reload. */
static void reload(const char *file, const char *text)
{
    struct config *config;
    char message[CONFIG_ERROR_MAX], dir[PATH_MAX + 16];
    fixture_write(fixture.dir, file, text);
    snprintf(dir, sizeof dir, "%s/config", fixture.dir);
    ck_assert_int_eq(config_load(dir, &config, message), 0);
    service_reload(fixture.service, config);
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
    ck_assert_int_eq(frame_open(out, answer.len, &frame), 0);
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
    ck_assert_int_eq(frame_open(out, answer.len, &frame), 0);
    ck_assert_int_eq(welcome_read(&frame, &welcome), 0);
    ck_assert_uint_eq(welcome.generation, service_generation(fixture.service));
    ck_assert_uint_eq(welcome.registry.count, SCOPES_BUILTIN);

    for (uint32_t id = 5; id < 8; id++) {
        ck_assert(step(write_check(id)));
        ck_assert_int_eq(frame_open(out, answer.len, &frame), 0);
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
    open_session();
    ck_assert(say_hello("storefront"));
    reload("config/services.d/default.conf", "callers = root\n");
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
            ck_assert_int_eq(frame_open(out, answer.len, &frame), 0);
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

/* ---- the view ----------------------------------------------------------------------------------
 */

static bool welcomed_as_direct(const char *service)
{
    struct frame frame;
    struct welcome welcome;
    ck_assert(say_hello(service));
    ck_assert(!answer.with_view);
    ck_assert_int_eq(frame_open(out, answer.len, &frame), 0);
    ck_assert_int_eq(welcome_read(&frame, &welcome), 0);
    return welcome.direct;
}

static struct attached read_attached(uint32_t id)
{
    struct frame frame;
    struct attached attached;
    ck_assert_uint_eq(answer.len, ATTACHED_FRAME_BYTES);
    ck_assert_int_eq(frame_open(out, answer.len, &frame), 0);
    ck_assert_uint_eq(frame.id, id);
    ck_assert_int_eq(attached_read(&frame, &attached), 0);
    return attached;
}

/* Asks for the view: whether its descriptors are to go along. Without them it is told so, and goes
 * on. */
static bool gets_view(void)
{
    ck_assert(step(attach_write(in, sizeof in, 77)));
    struct attached attached = read_attached(77);
    if (!answer.with_view) {
        ck_assert_uint_eq(attached.clock_ns, 0);
        ck_assert_uint_eq(attached.view_bytes, 0);
        ck_assert_uint_eq(attached.bucket_bytes, 0);
        ck_assert(step(write_check(78)));
    }
    return attached.view_bytes > 0;
}

START_TEST(offers_the_view_to_those_who_may_have_it)
{
    static const struct {
        uid_t uid;
        gid_t gid;
        const char *service;
        bool direct;
    } rows[] = {
        {4711, 4711, "default", false}, /* nobody is named */
        {4711, 4711, "mine", true},     {4711, 4711, "ours", true}, {4711, 4712, "ours", false},
        {4712, 4711, "mine", false},    {4712, 4711, "ours", true}, {4711, 4711, "nobody", false},
        {0, 0, "default", true},        {0, 0, "mine", true},       {65534, 65534, "nobody", false},
        {65534, 4711, "ours", false},
    };
    open_session();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct peer peer = {.uid = rows[i].uid, .gid = rows[i].gid};
        session_init(&session, &peer);
        ck_assert_msg(welcomed_as_direct(rows[i].service) == rows[i].direct, "row %zu", i);
        ck_assert_msg(gets_view() == rows[i].direct, "row %zu", i);
    }
    const struct peer self = {.uid = geteuid(), .gid = 4711};
    session_init(&session, &self);
    ck_assert(welcomed_as_direct("default"));
    fixture_close(&fixture);
}
END_TEST

START_TEST(who_may_not_call_is_not_given_the_view_either)
{
    open_session();
    ck_assert(!say_hello("shut"));
    ck_assert_int_eq(error_of_answer(), WIRE_ERROR_NOT_ALLOWED);
    ck_assert(!step(attach_write(in, sizeof in, 1)));
    ck_assert_int_eq(error_of_answer(), WIRE_ERROR_FRAME);
    ck_assert(!answer.with_view);
    fixture_close(&fixture);
}
END_TEST

START_TEST(says_which_descriptors_go_along_and_what_the_clock_is)
{
    struct handout handout;
    struct stat view, buckets;
    open_session();
    ck_assert(welcomed_as_direct("mine"));
    uint64_t before_ns = service_mono_ns();
    ck_assert(step(attach_write(in, sizeof in, 5)));
    struct attached attached = read_attached(5);
    ck_assert(answer.with_view);
    ck_assert_uint_ge(attached.clock_ns, before_ns);
    ck_assert_uint_le(attached.clock_ns, service_mono_ns());
    ck_assert_int_eq(service_handout(fixture.service, &handout), 0);
    ck_assert_int_eq(answer.handout.view_fd, handout.view_fd);
    ck_assert_int_eq(answer.handout.buckets_fd, handout.buckets_fd);
    ck_assert_int_eq(fstat(handout.view_fd, &view), 0);
    ck_assert_int_eq(fstat(handout.buckets_fd, &buckets), 0);
    ck_assert_int_eq(view.st_size, (off_t)attached.view_bytes);
    ck_assert_int_eq(buckets.st_size, (off_t)attached.bucket_bytes);
    /* It can't be sent, after all. */
    session_withhold_view(&answer, out);
    ck_assert(!answer.with_view);
    attached = read_attached(5);
    ck_assert_uint_eq(attached.clock_ns + attached.view_bytes + attached.bucket_bytes, 0);
    fixture_close(&fixture);
}
END_TEST

START_TEST(without_a_view_none_is_offered_nor_given)
{
    open_session();
    ck_assert(welcomed_as_direct("mine"));
    ck_assert(gets_view());
    service_end_lease(fixture.service, 0);
    ck_assert(!gets_view());
    ck_assert(!welcomed_as_direct("mine"));
    ck_assert(!gets_view());
    fixture_close(&fixture);
}
END_TEST

START_TEST(a_reload_that_takes_the_view_from_a_user_is_in_force_at_once)
{
    open_session();
    ck_assert(welcomed_as_direct("mine"));
    ck_assert(gets_view());
    reload("config/services.d/mine.conf", "direct = 4712\n");
    ck_assert(!gets_view());
    ck_assert(!welcomed_as_direct("mine"));
    reload("config/services.d/mine.conf", "direct = 4711\n");
    ck_assert(gets_view());
    reload("config/services.d/mine.conf", "callers = root\ndirect = 4711\n");
    ck_assert(!step(attach_write(in, sizeof in, 1)));
    ck_assert_int_eq(error_of_answer(), WIRE_ERROR_NOT_ALLOWED);
    ck_assert(!answer.with_view);
    fixture_close(&fixture);
}
END_TEST

START_TEST(the_view_is_given_to_the_service_that_was_named_last)
{
    open_session();
    ck_assert(welcomed_as_direct("mine"));
    ck_assert(!welcomed_as_direct("default"));
    ck_assert(!gets_view());
    ck_assert(welcomed_as_direct("mine"));
    ck_assert(gets_view());
    fixture_close(&fixture);
}
END_TEST

START_TEST(a_question_for_the_view_that_is_none_ends_the_connection)
{
    for (int row = 0; row < 3; row++) {
        open_session();
        if (row > 0)
            ck_assert(welcomed_as_direct("mine"));
        size_t len = attach_write(in, sizeof in, 3);
        if (row == 1)
            in[len++] = 0; /* a byte left over */
        if (row == 2)
            in[3] = WIRE_ATTACHED; /* not for clients */
        ck_assert_msg(!step(len), "row %d", row);
        ck_assert_int_eq(error_of_answer(), WIRE_ERROR_FRAME);
        ck_assert(!answer.with_view);
        fixture_close(&fixture);
    }
}
END_TEST

SUITE_MAIN("session", welcomes_then_answers_each_check, a_check_before_hello_ends_the_connection,
           a_user_who_is_no_caller_is_told_so, a_reload_that_shuts_a_user_out_is_in_force_at_once,
           another_version_is_told_before_the_end, bytes_that_are_no_frame_end_the_connection,
           a_service_name_that_is_none_ends_the_connection,
           offers_the_view_to_those_who_may_have_it, who_may_not_call_is_not_given_the_view_either,
           says_which_descriptors_go_along_and_what_the_clock_is,
           without_a_view_none_is_offered_nor_given,
           a_reload_that_takes_the_view_from_a_user_is_in_force_at_once,
           the_view_is_given_to_the_service_that_was_named_last,
           a_question_for_the_view_that_is_none_ends_the_connection)
