#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "module/client/handle.h"
#include "tests/module/client/call.h"
#include "tests/suite.h"

#define PATIENT_MS 20000

static struct fake fake;

/* ---- opening ------------------------------------------------------------------------------- */

static int open_with(const char *service, const char *runtime, uint32_t deadline_ms, stkgate **ret)
{
    struct stkgate_options options = STKGATE_OPTIONS_INIT;
    options.runtime = runtime;
    options.deadline_ms = deadline_ms;
    return stkgate_open(ret, service, &options);
}

START_TEST(opens_without_a_daemon)
{
    stkgate *gate = NULL;
    ck_assert_int_eq(open_with("storefront", "/nowhere", 0, &gate), 0);
    ck_assert_ptr_nonnull(gate);
    ck_assert_uint_eq(gate->deadline_ms, 50);
    ck_assert_ptr_null(stkgate_close(gate));
    ck_assert_ptr_null(stkgate_close(NULL));
}
END_TEST

START_TEST(opens_nothing_that_is_out_of_range)
{
    static const char longest[] =
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    static const char longer[] =
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    char runtime[200];
    stkgate *gate = (stkgate *)(void *)runtime;
    stkgate *const before = gate;
    ck_assert_int_eq(open_with(NULL, "/nowhere", 0, &gate), -EINVAL);
    ck_assert_int_eq(open_with("", "/nowhere", 0, &gate), -EINVAL);
    ck_assert_int_eq(open_with("../x", "/nowhere", 0, &gate), -EINVAL);
    ck_assert_int_eq(open_with(longer, "/nowhere", 0, &gate), -EINVAL);
    ck_assert_int_eq(open_with("storefront", "", 0, &gate), -EINVAL);
    ck_assert_int_eq(open_with("storefront", "/nowhere", 60001, &gate), -EINVAL);
    ck_assert_int_eq(open_with("storefront", "/nowhere", 0, NULL), -EINVAL);
    memset(runtime, 'r', sizeof runtime);
    /* With "/check.sock" and a NUL it fills the 108 bytes of an address. */
    runtime[108 - 12 + 1] = '\0';
    ck_assert_int_eq(open_with("storefront", runtime, 0, &gate), -ENAMETOOLONG);
    ck_assert_ptr_eq(gate, before);
    runtime[108 - 12] = '\0';
    ck_assert_int_eq(open_with("storefront", runtime, 60000, &gate), 0);
    stkgate_close(gate);
    ck_assert_int_eq(open_with(longest, "/nowhere", 0, &gate), 0);
    stkgate_close(gate);
}
END_TEST

START_TEST(finds_the_runtime_directory_in_its_environment)
{
    stkgate *gate;
    setenv("STKGATE_RUNTIME", "/elsewhere", 1);
    ck_assert_int_eq(stkgate_open(&gate, "storefront", NULL), 0);
    ck_assert_str_eq(gate->address.sun_path, "/elsewhere/check.sock");
    stkgate_close(gate);
    ck_assert_int_eq(open_with("storefront", "/here", 0, &gate), 0);
    ck_assert_str_eq(gate->address.sun_path, "/here/check.sock");
    stkgate_close(gate);
    const char *const unset[] = {NULL, ""};
    for (int i = 0; i < 2; i++) {
        unsetenv("STKGATE_RUNTIME");
        if (unset[i] != NULL)
            setenv("STKGATE_RUNTIME", unset[i], 1);
        ck_assert_int_eq(stkgate_open(&gate, "storefront", NULL), 0);
        ck_assert_str_eq(gate->address.sun_path, "/run/stkgate/check.sock");
        stkgate_close(gate);
    }
}
END_TEST

/* ---- checking ------------------------------------------------------------------------------ */

START_TEST(refuses_what_is_no_call_and_leaves_no_consent_behind)
{
    stkgate *gate;
    struct stkgate_request request = call_request();
    struct stkgate_verdict verdict;
    ck_assert_int_eq(open_with("storefront", "/nowhere", 0, &gate), 0);
    ck_assert_int_eq(call_put(NULL, &request, &verdict), -EINVAL);
    ck_assert_int_eq(call_put(gate, NULL, &verdict), -EINVAL);
    ck_assert_int_eq(stkgate_check(gate, &request, NULL), -EINVAL);
    request.flags = 2;
    ck_assert_int_eq(call_put(gate, &request, &verdict), -EINVAL);
    request = call_request();
    request.size--;
    ck_assert_int_eq(call_put(gate, &request, &verdict), -EINVAL);
    request = call_request();
    request.site = (struct stkgate_text){NULL, 4};
    ck_assert_int_eq(call_put(gate, &request, &verdict), -EINVAL);
    request = call_request();
    verdict.size = sizeof verdict - 1;
    verdict.status = 200;
    ck_assert_int_eq(stkgate_check(gate, &request, &verdict), -EINVAL);
    ck_assert_uint_eq(verdict.status, 503);
    stkgate_close(gate);
}
END_TEST

/* Rows 1 and 2 of the table need neither table nor daemon. */
START_TEST(refuses_missing_and_malformed_tokens_by_itself)
{
    static const struct {
        const char *token, *authorization, *api_key;
        uint32_t reason;
    } cases[] = {
        {NULL, NULL, NULL, STKGATE_MISSING_TOKEN},
        {"", "", "", STKGATE_MISSING_TOKEN},
        {NULL, "Basic dXNlcjpwYXNz", NULL, STKGATE_MISSING_TOKEN},
        {"stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq18", NULL, NULL, STKGATE_MALFORMED_TOKEN},
        {"stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq1", NULL, NULL, STKGATE_MALFORMED_TOKEN},
        {CALL_TOKEN ", " CALL_TOKEN, NULL, NULL, STKGATE_MALFORMED_TOKEN},
        {NULL, "Bearer stk_live_x", NULL, STKGATE_MALFORMED_TOKEN},
        {"nonsense", "Bearer " CALL_TOKEN, CALL_LEGACY, STKGATE_MALFORMED_TOKEN},
        {NULL, NULL, "short", STKGATE_MALFORMED_TOKEN},
    };
    stkgate *gate;
    ck_assert_int_eq(open_with("storefront", "/nowhere", 0, &gate), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct stkgate_request request = call_request();
        struct stkgate_verdict verdict;
        request.token = stkgate_text(cases[i].token);
        request.authorization = stkgate_text(cases[i].authorization);
        request.api_key = stkgate_text(cases[i].api_key);
        request.scopes = 4;
        ck_assert_int_eq(call_put(gate, &request, &verdict), 0);
        ck_assert_uint_eq(verdict.status, 401);
        ck_assert_uint_eq(verdict.reason, cases[i].reason);
        ck_assert_uint_eq(verdict.needed, 4);
        ck_assert_uint_eq(verdict.kind, STKGATE_KIND_NONE);
    }
    stkgate_close(gate);
}
END_TEST

START_TEST(takes_fields_of_a_mebibyte_with_nul_and_control_bytes)
{
    static char bytes[1 << 20];
    struct stkgate_verdict verdict;
    fake_init(&fake);
    fake_start(&fake);
    stkgate *gate = call_open(&fake, PATIENT_MS);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)i;
    struct stkgate_text huge = {bytes, sizeof bytes};
    struct stkgate_request request = call_request();
    request.site = huge;
    request.origin = huge;
    ck_assert_int_eq(call_put(gate, &request, &verdict), 0);
    ck_assert_mem_eq(fake.last_site, bytes, SITE_MAX + 1);
    request = call_request();
    request.token = huge;
    ck_assert_int_eq(call_put(gate, &request, &verdict), 0);
    ck_assert_uint_eq(verdict.reason, STKGATE_MALFORMED_TOKEN);
    ck_assert_uint_eq(fake.checks, 1);
    stkgate_close(gate);
    fake_deinit(&fake);
}
END_TEST

START_TEST(answers_programs_of_a_release_to_come)
{
    struct {
        struct stkgate_request known;
        uint64_t more[2];
    } request = {.known = call_request()};
    struct {
        struct stkgate_verdict known;
        uint64_t more[2];
    } verdict = {.known = STKGATE_VERDICT_INIT, .more = {1, 1}};
    fake_init(&fake);
    fake_start(&fake);
    stkgate *gate = call_open(&fake, PATIENT_MS);
    request.known.size = sizeof request;
    verdict.known.size = sizeof verdict;
    ck_assert_int_eq(stkgate_check(gate, &request.known, &verdict.known), 0);
    ck_assert_uint_eq(verdict.known.status, 200);
    ck_assert_uint_eq(verdict.known.size, sizeof verdict);
    ck_assert_uint_eq(verdict.more[0] | verdict.more[1], 0);
    request.more[1] = 1;
    ck_assert_int_eq(stkgate_check(gate, &request.known, &verdict.known), -EINVAL);
    ck_assert_uint_eq(verdict.known.status, 503);
    stkgate_close(gate);
    fake_deinit(&fake);
}
END_TEST

#define THREADS 16
#define CALLS   1000

struct caller {
    stkgate *gate;
    uint64_t first_cost;
    unsigned wrong;
};

static void *call_many(void *userdata)
{
    struct caller *caller = userdata;
    for (uint64_t i = 0; i < CALLS; i++) {
        struct stkgate_request request = call_request();
        struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;
        request.cost = caller->first_cost + i;
        if (stkgate_check(caller->gate, &request, &verdict) != 0 ||
            verdict.remaining != request.cost)
            caller->wrong++;
    }
    return NULL;
}

START_TEST(gives_each_of_many_threads_its_own_answers)
{
    pthread_t threads[THREADS];
    struct caller callers[THREADS];
    fake_init(&fake);
    fake_start(&fake);
    stkgate *gate = call_open(&fake, PATIENT_MS);
    for (unsigned i = 0; i < THREADS; i++) {
        callers[i] = (struct caller){.gate = gate, .first_cost = (i + 1) * 1000000};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, call_many, &callers[i]), 0);
    }
    /* Reloads meanwhile. */
    for (int i = 0; i < 20; i++) {
        fake.generation++;
        call_until_answered(gate);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_uint_eq(callers[i].wrong, 0);
    }
    stkgate_close(gate);
    fake_await_open(&fake, 0);
    fake_deinit(&fake);
}
END_TEST

/* ---- scopes -------------------------------------------------------------------------------- */

START_TEST(knows_the_builtin_scopes_without_a_daemon)
{
    stkgate *gate;
    uint64_t mask = 99;
    ck_assert_int_eq(open_with("storefront", "/nowhere", 0, &gate), 0);
    ck_assert_int_eq(stkgate_scope(gate, "", &mask), 0);
    ck_assert_uint_eq(mask, 0);
    ck_assert_int_eq(stkgate_scope(gate, "catalog:read", &mask), 0);
    ck_assert_uint_eq(mask, 1);
    ck_assert_int_eq(stkgate_scope(gate, " customer:auth,cart:write  ", &mask), 0);
    ck_assert_uint_eq(mask, 10);
    ck_assert_int_eq(stkgate_scope(gate, "Cart", &mask), -EINVAL);
    ck_assert_int_eq(stkgate_scope(gate, "orders:read", &mask), -ENOENT);
    ck_assert_int_eq(stkgate_scope(gate, NULL, &mask), -EINVAL);
    ck_assert_int_eq(stkgate_scope(gate, "", NULL), -EINVAL);
    ck_assert_int_eq(stkgate_scope(NULL, "", &mask), -EINVAL);
    ck_assert_uint_eq(mask, 10);
    stkgate_close(gate);
}
END_TEST

START_TEST(asks_the_daemon_for_a_scope_that_is_new)
{
    unsigned bit;
    uint64_t mask;
    fake_init(&fake);
    ck_assert_int_eq(scope_registry_add(&fake.welcome.registry, TEXT("orders:read"), &bit), 0);
    fake_start(&fake);
    stkgate *gate = call_open(&fake, PATIENT_MS);
    ck_assert_int_eq(stkgate_scope(gate, "orders:read", &mask), -ENXIO);
    ck_assert_uint_eq(fake.hellos, 1);
    fake.generation = 2;
    fake.scopes = SCOPES_BUILTIN + 1;
    ck_assert_int_eq(stkgate_scope(gate, "orders:read catalog:read", &mask), 0);
    ck_assert_uint_eq(mask, 17);
    ck_assert_uint_eq(fake.hellos, 2);
    ck_assert_int_eq(stkgate_scope(gate, "orders:read", &mask), 0);
    ck_assert_uint_eq(fake.hellos, 2);
    ck_assert_uint_eq(fake.accepted, 1);
    stkgate_close(gate);
    fake_deinit(&fake);
}
END_TEST

START_TEST(tells_the_names_of_scopes)
{
    stkgate *gate;
    char names[STKGATE_SCOPES_MAX];
    size_t len;

    ck_assert_int_eq(open_with("storefront", "/nowhere", 0, &gate), 0);
    ck_assert_int_eq(stkgate_scope_names(gate, 0, names, sizeof names, &len), 0);
    ck_assert_uint_eq(len, 0);
    ck_assert_str_eq(names, "");
    ck_assert_int_eq(stkgate_scope_names(gate, 1 | 8, names, sizeof names, &len), 0);
    ck_assert_str_eq(names, "catalog:read customer:auth");
    ck_assert_uint_eq(len, strlen(names));
    /* One that nobody has registered. */
    ck_assert_int_eq(stkgate_scope_names(gate, 2 | UINT64_C(1) << 63, names, sizeof names, &len),
                     0);
    ck_assert_str_eq(names, "cart:write");
    /* What does not fit changes nothing. */
    ck_assert_int_eq(stkgate_scope_names(gate, 1, names, strlen("catalog:read"), &len), -ENOBUFS);
    ck_assert_str_eq(names, "cart:write");
    ck_assert_int_eq(stkgate_scope_names(gate, 1, names, sizeof "catalog:read", &len), 0);
    ck_assert_str_eq(names, "catalog:read");
    ck_assert_int_eq(stkgate_scope_names(NULL, 1, names, sizeof names, &len), -EINVAL);
    ck_assert_int_eq(stkgate_scope_names(gate, 1, NULL, sizeof names, &len), -EINVAL);
    ck_assert_int_eq(stkgate_scope_names(gate, 1, names, sizeof names, NULL), -EINVAL);
    stkgate_close(gate);
}
END_TEST

/* ---- the answer to the remote caller ------------------------------------------------------- */

struct fields {
    char text[4096];
    int stop_after;
};

static int collect(const char *name, const char *value, void *userdata)
{
    struct fields *fields = userdata;
    size_t len = strlen(fields->text);
    snprintf(fields->text + len, sizeof fields->text - len, "%s: %s\n", name, value);
    return fields->stop_after > 0 && --fields->stop_after == 0 ? 1234 : 0;
}

START_TEST(names_the_fields_in_the_form_of_the_services_policy)
{
    struct stkgate_request request = call_request();
    struct stkgate_verdict verdict;
    struct fields fields = {0};
    fake_init(&fake);
    fake_start(&fake);
    stkgate *gate = call_open(&fake, PATIENT_MS);
    request.cost = 12;
    ck_assert_int_eq(call_put(gate, &request, &verdict), 0);
    ck_assert_int_eq(stkgate_verdict_headers(gate, &verdict, collect, &fields), 0);
    ck_assert_ptr_nonnull(strstr(fields.text, "RateLimit-Limit: 60\n"));
    ck_assert_ptr_nonnull(strstr(fields.text, "RateLimit-Remaining: 12\n"));
    ck_assert_ptr_nonnull(strstr(fields.text, "RateLimit-Reset: 1\n"));

    fields = (struct fields){.stop_after = 2};
    ck_assert_int_eq(stkgate_verdict_headers(gate, &verdict, collect, &fields), 1234);
    ck_assert_ptr_null(strstr(fields.text, "RateLimit-Reset"));

    fake_stop(&fake);
    fake.welcome.policy.fields = FIELDS_IETF;
    fake_start(&fake);
    call_until_answered(gate);
    fields = (struct fields){0};
    ck_assert_int_eq(stkgate_verdict_headers(gate, &verdict, collect, &fields), 0);
    ck_assert_ptr_nonnull(strstr(fields.text, "RateLimit: "));
    ck_assert_ptr_null(strstr(fields.text, "RateLimit-Limit"));
    stkgate_close(gate);
    fake_deinit(&fake);
}
END_TEST

START_TEST(names_the_services_realm_in_its_very_first_refusal)
{
    struct stkgate_request request = STKGATE_REQUEST_INIT;
    struct stkgate_verdict verdict;
    fake_init(&fake);
    strcpy(fake.welcome.policy.realm, "testing ground");
    fake.welcome.policy.scopes = 8;
    fake_start(&fake);
    stkgate *gate = call_open(&fake, PATIENT_MS);
    for (int i = 0; i < 3; i++) {
        struct fields fields = {0};
        ck_assert_int_eq(call_put(gate, &request, &verdict), 0);
        ck_assert_uint_eq(verdict.reason, STKGATE_MISSING_TOKEN);
        ck_assert_uint_eq(verdict.needed, 8);
        ck_assert_int_eq(stkgate_verdict_headers(gate, &verdict, collect, &fields), 0);
        ck_assert_ptr_nonnull(strstr(fields.text, "realm=\"testing ground\""));
    }
    /* That was learned once. */
    ck_assert_uint_eq(fake.hellos, 1);
    ck_assert_uint_eq(fake.checks, 0);
    stkgate_close(gate);
    fake_deinit(&fake);
}
END_TEST

START_TEST(explains_a_refusal)
{
    struct stkgate_verdict verdict;
    struct stkgate_request request = STKGATE_REQUEST_INIT;
    struct fields fields = {0};
    stkgate *gate;
    char body[1024];
    size_t length = 77;
    ck_assert_int_eq(open_with("storefront", "/nowhere", 0, &gate), 0);
    ck_assert_int_eq(call_put(gate, &request, &verdict), 0);
    ck_assert_int_eq(stkgate_verdict_headers(gate, &verdict, collect, &fields), 0);
    ck_assert_ptr_nonnull(strstr(fields.text, "WWW-Authenticate: Bearer realm=\"storefront\"\n"));
    ck_assert_int_eq(stkgate_verdict_problem(gate, &verdict, body, sizeof body, &length), 0);
    ck_assert_uint_eq(length, strlen(body));
    ck_assert_ptr_nonnull(strstr(body, "\"status\":401"));
    size_t full = length;
    memset(body, 'x', sizeof body);
    ck_assert_int_eq(stkgate_verdict_problem(gate, &verdict, body, full, &length), -ENOBUFS);
    ck_assert_int_eq(stkgate_verdict_problem(gate, &verdict, body, 0, &length), -ENOBUFS);
    ck_assert_int_eq(body[0], 'x');
    ck_assert_int_eq(stkgate_verdict_problem(gate, &verdict, body, full + 1, &length), 0);
    ck_assert_uint_eq(length, full);
    /* Also that no verdict could be had. */
    verdict = (struct stkgate_verdict)STKGATE_VERDICT_INIT;
    ck_assert_int_eq(stkgate_verdict_problem(gate, &verdict, body, sizeof body, &length), 0);
    ck_assert_ptr_nonnull(strstr(body, "\"status\":503"));
    stkgate_close(gate);
}
END_TEST

START_TEST(has_an_empty_body_for_an_allowed_call)
{
    struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;
    stkgate *gate;
    char body[8] = "before";
    size_t length = 77;
    ck_assert_int_eq(open_with("storefront", "/nowhere", 0, &gate), 0);
    verdict.status = 200;
    verdict.reason = STKGATE_OK;
    ck_assert_int_eq(stkgate_verdict_problem(gate, &verdict, body, sizeof body, &length), 0);
    ck_assert_uint_eq(length, 0);
    ck_assert_str_eq(body, "");
    stkgate_close(gate);
}
END_TEST

START_TEST(answers_nothing_about_a_verdict_that_is_none)
{
    struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;
    struct fields fields = {0};
    stkgate *gate;
    char body[1024];
    size_t length;
    ck_assert_int_eq(open_with("storefront", "/nowhere", 0, &gate), 0);
    ck_assert_int_eq(stkgate_verdict_headers(NULL, &verdict, collect, &fields), -EINVAL);
    ck_assert_int_eq(stkgate_verdict_headers(gate, NULL, collect, &fields), -EINVAL);
    ck_assert_int_eq(stkgate_verdict_headers(gate, &verdict, NULL, &fields), -EINVAL);
    ck_assert_int_eq(stkgate_verdict_problem(NULL, &verdict, body, 1024, &length), -EINVAL);
    ck_assert_int_eq(stkgate_verdict_problem(gate, NULL, body, 1024, &length), -EINVAL);
    ck_assert_int_eq(stkgate_verdict_problem(gate, &verdict, NULL, 0, &length), -EINVAL);
    ck_assert_int_eq(stkgate_verdict_problem(gate, &verdict, body, 1024, NULL), -EINVAL);
    verdict.reason = 99;
    ck_assert_int_eq(stkgate_verdict_headers(gate, &verdict, collect, &fields), -EINVAL);
    ck_assert_int_eq(stkgate_verdict_problem(gate, &verdict, body, 1024, &length), -EINVAL);
    ck_assert_str_eq(fields.text, "");
    stkgate_close(gate);
}
END_TEST

START_TEST(names_reasons_and_its_version)
{
    ck_assert_str_eq(stkgate_reason_string(STKGATE_OK), "ok");
    ck_assert_str_eq(stkgate_reason_string(STKGATE_RATE_LIMITED), "rate_limited");
    ck_assert_str_eq(stkgate_reason_string(STKGATE_UNAVAILABLE), "unavailable");
    ck_assert_str_eq(stkgate_reason_string(14), "unknown");
    ck_assert_str_eq(stkgate_reason_string(UINT32_MAX), "unknown");
    ck_assert_str_eq(stkgate_version(), STKGATE_VERSION);
    ck_assert_str_eq(stkgate_version(), PACKAGE_VERSION);
}
END_TEST

SUITE_MAIN("client", opens_without_a_daemon, opens_nothing_that_is_out_of_range,
           finds_the_runtime_directory_in_its_environment,
           refuses_what_is_no_call_and_leaves_no_consent_behind,
           refuses_missing_and_malformed_tokens_by_itself,
           takes_fields_of_a_mebibyte_with_nul_and_control_bytes,
           answers_programs_of_a_release_to_come, gives_each_of_many_threads_its_own_answers,
           knows_the_builtin_scopes_without_a_daemon, asks_the_daemon_for_a_scope_that_is_new,
           tells_the_names_of_scopes, names_the_fields_in_the_form_of_the_services_policy,
           names_the_services_realm_in_its_very_first_refusal, explains_a_refusal,
           has_an_empty_body_for_an_allowed_call, answers_nothing_about_a_verdict_that_is_none,
           names_reasons_and_its_version)
