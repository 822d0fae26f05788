/* One question to a daemon that does what it is told. */
#include <errno.h>
#include <stdlib.h>

#include "module/pam/gate.h"
#include "tests/module/client/call.h"
#include "tests/suite.h"

static struct fake fake;
static struct options options;

static struct question begin(void)
{
    fake_init(&fake);
    fake_start(&fake);
    options =
        (struct options){.service = "storefront", .scopes = "", .prompt = "", .timeout_ms = 1000};
    strcpy(options.runtime, fake.runtime);
    return (struct question){
        .options = &options, .credential = stkgate_text(CALL_TOKEN), .site = stkgate_text("kasa")};
}

/* No question leaves a connection. */
static void end(void)
{
    fake_await_open(&fake, 0);
    fake_deinit(&fake);
}

/* What was in the answer before must not shine through. */
static int ask(const struct question *question, struct answer *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->verdict.size = sizeof ret->verdict;
    ret->verdict.status = 200;
    int r = gate_ask(question, ret);
    if (r < 0)
        call_expect_refusal(&ret->verdict);
    return r;
}

START_TEST(asks_what_the_options_say)
{
    struct question question = begin();
    struct answer answer;

    options.scopes = "cart:write,catalog:read";
    options.cost = 7;
    ck_assert_int_eq(ask(&question, &answer), 0);
    ck_assert_uint_eq(answer.verdict.status, 200);
    ck_assert_str_eq(answer.verdict.site, "kasa");
    ck_assert_str_eq(answer.scopes, "catalog:read cart:write checkout:create customer:auth");
    ck_assert_str_eq(fake.last_site, "kasa");
    ck_assert_str_eq(fake.last_origin, "");
    ck_assert_uint_eq(fake.last.cost, 7);
    ck_assert(fake.last.scopes != 0 && !fake.last.peek);
    ck_assert_uint_eq(fake.last.kind, KIND_LIVE);
    end();
}
END_TEST

START_TEST(asks_about_a_legacy_key_when_it_is_one)
{
    struct question question = begin();
    struct answer answer;

    question.credential = stkgate_text(CALL_LEGACY);
    question.legacy = true;
    ck_assert_int_eq(ask(&question, &answer), 0);
    ck_assert_uint_eq(fake.last.kind, KIND_LEGACY);
    ck_assert_uint_eq(answer.verdict.kind, STKGATE_KIND_LEGACY);
    question.legacy = false;
    ck_assert_int_eq(ask(&question, &answer), 0);
    ck_assert_uint_eq(answer.verdict.reason, STKGATE_MALFORMED_TOKEN);
    end();
}
END_TEST

START_TEST(a_peek_spends_nothing_whatever_the_options_say)
{
    struct question question = begin();
    struct answer answer;

    options.cost = 7;
    question.peek = true;
    ck_assert_int_eq(ask(&question, &answer), 0);
    ck_assert(fake.last.peek);
    question.peek = false;
    options.cost = 0;
    options.peek = true;
    ck_assert_int_eq(ask(&question, &answer), 0);
    ck_assert(fake.last.peek);
    end();
}
END_TEST

START_TEST(whatever_the_daemon_does_instead_is_a_refusal)
{
    static const int acts[] = {FAKE_CLOSE,    FAKE_EMPTY,      FAKE_GARBAGE,
                               FAKE_CUT,      FAKE_LONGER,     FAKE_OVERSIZED,
                               FAKE_OTHER_ID, FAKE_OTHER_TYPE, FAKE_UNAVAILABLE};
    struct question question = begin();
    struct answer answer;

    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        fake.on_check = acts[i];
        int r = ask(&question, &answer);
        ck_assert(r < 0 || acts[i] == FAKE_UNAVAILABLE);
        ck_assert_uint_ne(answer.verdict.status, 200);
        ck_assert(!answer.misconfigured);
    }
    fake.on_check = FAKE_ERROR + WIRE_ERROR_NOT_ALLOWED;
    ck_assert_int_eq(ask(&question, &answer), -EPERM);
    end();
}
END_TEST

START_TEST(waits_for_a_silent_daemon_as_long_as_it_is_told)
{
    struct question question = begin();
    struct answer answer;
    double start_s = call_clock_s();

    fake.on_check = FAKE_SILENCE;
    ck_assert_int_eq(ask(&question, &answer), -ETIMEDOUT);
    ck_assert_double_ge(call_clock_s() - start_s, 0.5);
    ck_assert_double_lt(call_clock_s() - start_s, CALL_BOUND_S);
    end();
}
END_TEST

START_TEST(tells_mistakes_in_the_service_file_from_failures)
{
    struct question question = begin();
    struct answer answer;

    options.service = "no such name!";
    ck_assert_int_eq(ask(&question, &answer), -EINVAL);
    ck_assert(answer.misconfigured);
    options.service = "storefront";
    options.scopes = "no-scope";
    ck_assert_int_lt(ask(&question, &answer), 0);
    ck_assert(answer.misconfigured);
    options.scopes = "stock:read";
    ck_assert_int_eq(ask(&question, &answer), -ENXIO);
    ck_assert(answer.misconfigured);
    ck_assert_uint_eq(fake.checks, 0);
    memset(options.runtime, '/', sizeof options.runtime - 1);
    options.runtime[sizeof options.runtime - 1] = '\0';
    ck_assert_int_eq(ask(&question, &answer), -ENAMETOOLONG);
    ck_assert(answer.misconfigured);
    end();
}
END_TEST

START_TEST(asks_no_daemon_that_the_environment_names)
{
    struct question question = begin();
    struct answer answer;

    setenv("STKGATE_RUNTIME", fake.runtime, 1);
    strcpy(options.runtime, "/nowhere");
    ck_assert_int_eq(ask(&question, &answer), -ENOENT);
    ck_assert(!answer.misconfigured);
    ck_assert_uint_eq(fake.accepted, 0);
    end();
}
END_TEST

SUITE_MAIN("gate", asks_what_the_options_say, asks_about_a_legacy_key_when_it_is_one,
           a_peek_spends_nothing_whatever_the_options_say,
           whatever_the_daemon_does_instead_is_a_refusal,
           waits_for_a_silent_daemon_as_long_as_it_is_told,
           tells_mistakes_in_the_service_file_from_failures,
           asks_no_daemon_that_the_environment_names)
