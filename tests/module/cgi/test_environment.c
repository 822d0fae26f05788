/* Tests of module/cgi/environment.c and facts.c: no daemon is asked. */
#include "module/cgi/environment.h"

#include <errno.h>

#include "module/cgi/facts.h"
#include "tests/module/cgi/list.h"
#include "tests/suite.h"

static const struct stkgate_verdict *allowed(void)
{
    static struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;
    verdict.status = 200;
    verdict.kind = STKGATE_KIND_LEGACY;
    verdict.scopes = 3;
    verdict.remaining = UINT64_MAX;
    memcpy(verdict.key_id, "key_x", sizeof "key_x");
    memcpy(verdict.site, "kasa", sizeof "kasa");
    return &verdict;
}

static stkgate *open_gate(void)
{
    stkgate *gate;
    struct stkgate_options options = STKGATE_OPTIONS_INIT;
    options.runtime = "/nowhere";
    ck_assert_int_eq(stkgate_open(&gate, "default", &options), 0);
    return gate;
}

START_TEST(is_what_came_less_the_credentials_and_with_the_facts)
{
    char *const *came = LIST("A=1", "HTTP_X_STELLA_TOKEN=x", "STKGATE_SITE=forged", "B=2");
    static const char *const wanted[] = {"A=1",
                                         "B=2",
                                         "STKGATE_KEY_ID=key_x",
                                         "STKGATE_SITE=kasa",
                                         "STKGATE_SCOPES=catalog:read cart:write",
                                         "STKGATE_KIND=legacy",
                                         "STKGATE_REMAINING=18446744073709551615"};
    struct environment environment = ENVIRONMENT_NONE;
    stkgate *gate = open_gate();
    ck_assert_int_eq(environment_init(came, false, &environment), 0);
    ck_assert_str_eq(environment.list[1], "B=2");
    ck_assert_ptr_null(environment.list[2]);
    ck_assert_int_eq(environment_add_facts(&environment, gate, allowed()), 0);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        ck_assert_str_eq(environment.list[i], wanted[i]);
    ck_assert_ptr_null(environment.list[sizeof wanted / sizeof wanted[0]]);
    ck_assert_int_eq(environment_add_facts(&environment, gate, allowed()), -EINVAL);
    environment_deinit(&environment);
    environment_deinit(&environment);
    stkgate_close(gate);
}
END_TEST

START_TEST(has_the_credentials_when_the_operator_says_so)
{
    char *const *came = LIST("HTTP_X_STELLA_TOKEN=x", "STKGATE_SITE=forged");
    struct environment environment;
    ck_assert_int_eq(environment_init(came, true, &environment), 0);
    ck_assert_str_eq(environment.list[0], "HTTP_X_STELLA_TOKEN=x");
    ck_assert_ptr_null(environment.list[1]);
    environment_deinit(&environment);
}
END_TEST

static int stop_at_third(const char *name, const char *value, void *userdata)
{
    return ++*(int *)userdata == 3 ? -ENOBUFS : 0;
}

START_TEST(facts_end_where_they_are_stopped)
{
    int seen = 0;
    stkgate *gate = open_gate();
    ck_assert_int_eq(facts_walk(gate, allowed(), stop_at_third, &seen), -ENOBUFS);
    ck_assert_int_eq(seen, 3);
    stkgate_close(gate);
}
END_TEST

SUITE_MAIN("environment", is_what_came_less_the_credentials_and_with_the_facts,
           has_the_credentials_when_the_operator_says_so, facts_end_where_they_are_stopped)
