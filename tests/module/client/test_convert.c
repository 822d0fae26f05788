#include "module/client/convert.h"

#include <errno.h>

#include "tests/suite.h"

/* A struct of a release to come: ours, and more. */
struct later_request {
    struct stkgate_request known;
    uint64_t more[4];
};
struct later_verdict {
    struct stkgate_verdict known;
    uint64_t more[4];
};
struct later_options {
    struct stkgate_options known;
    uint64_t more[4];
};

START_TEST(takes_requests_of_newer_programs_that_use_nothing_new)
{
    struct later_request later = {.known = STKGATE_REQUEST_INIT};
    struct stkgate_request spare;
    later.known.size = sizeof later;
    later.known.cost = 7;
    later.known.site = stkgate_text("kasa");
    ck_assert_int_eq(convert_request(&later.known, &spare), 0);
    ck_assert_uint_eq(spare.size, sizeof spare);
    ck_assert_uint_eq(spare.cost, 7);
    ck_assert_uint_eq(spare.site.length, 4);
    for (size_t i = 0; i < sizeof later.more; i++) {
        ((char *)later.more)[i] = 1;
        ck_assert_int_eq(convert_request(&later.known, &spare), -EINVAL);
        ((char *)later.more)[i] = 0;
    }
}
END_TEST

START_TEST(refuses_requests_whose_size_is_none)
{
    static char block[2 * STRUCT_SIZE_MAX];
    struct stkgate_request *request = (struct stkgate_request *)(void *)block;
    struct stkgate_request spare;
    for (size_t size = 0; size < REQUEST_SIZE_FIRST; size++) {
        request->size = size;
        ck_assert_int_eq(convert_request(request, &spare), -EINVAL);
    }
    request->size = STRUCT_SIZE_MAX;
    ck_assert_int_eq(convert_request(request, &spare), 0);
    const size_t sizes[] = {STRUCT_SIZE_MAX + 1, SIZE_MAX, SIZE_MAX / 2};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        request->size = sizes[i];
        ck_assert_int_eq(convert_request(request, &spare), -EINVAL);
    }
}
END_TEST

START_TEST(refuses_flags_that_it_does_not_know)
{
    struct stkgate_request request = STKGATE_REQUEST_INIT;
    request.flags = STKGATE_PEEK;
    ck_assert(convert_is_sound(&request));
    for (unsigned bit = 1; bit < 32; bit++) {
        request.flags = 1u << bit | STKGATE_PEEK;
        ck_assert(!convert_is_sound(&request));
    }
}
END_TEST

START_TEST(refuses_a_length_without_data)
{
    struct stkgate_request request = STKGATE_REQUEST_INIT;
    struct stkgate_text *const texts[] = {&request.token, &request.authorization, &request.api_key,
                                          &request.site, &request.origin};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        texts[i]->length = 1;
        ck_assert(!convert_is_sound(&request));
        texts[i]->length = 0;
    }
    ck_assert(convert_is_sound(&request));
}
END_TEST

START_TEST(takes_options_of_newer_programs_that_use_nothing_new)
{
    struct later_options later = {.known = STKGATE_OPTIONS_INIT};
    struct stkgate_options got;
    later.known.size = sizeof later;
    later.known.deadline_ms = 9;
    ck_assert_int_eq(convert_options(&later.known, &got), 0);
    ck_assert_uint_eq(got.deadline_ms, 9);
    later.more[3] = 1;
    ck_assert_int_eq(convert_options(&later.known, &got), -EINVAL);
    later.known.size = OPTIONS_SIZE_FIRST - 1;
    ck_assert_int_eq(convert_options(&later.known, &got), -EINVAL);
    ck_assert_int_eq(convert_options(NULL, &got), 0);
    ck_assert_uint_eq(got.deadline_ms, 0);
}
END_TEST

START_TEST(makes_a_refusal_of_whatever_was_there)
{
    static const struct stkgate_verdict refusal = STKGATE_VERDICT_INIT;
    struct stkgate_verdict verdict;
    memset(&verdict, 0xff, sizeof verdict);
    verdict.size = sizeof verdict;
    ck_assert_int_eq(convert_refuse(&verdict), 0);
    ck_assert_mem_eq(&verdict, &refusal, offsetof(struct stkgate_verdict, key_id));
    ck_assert_str_eq(verdict.key_id, "");
    ck_assert_str_eq(verdict.site, "");
    ck_assert_str_eq(verdict.link, "");
}
END_TEST

START_TEST(clears_what_a_newer_program_has_beyond_ours)
{
    struct later_verdict later;
    memset(&later, 0xff, sizeof later);
    later.known.size = sizeof later;
    ck_assert_int_eq(convert_refuse(&later.known), 0);
    ck_assert_uint_eq(later.known.size, sizeof later);
    ck_assert_uint_eq(later.known.status, 503);
    for (size_t i = 0; i < 4; i++)
        ck_assert_uint_eq(later.more[i], 0);
}
END_TEST

START_TEST(refuses_verdicts_whose_size_is_none_and_leaves_no_consent_in_them)
{
    struct stkgate_verdict verdict;
    for (size_t size = 0; size < VERDICT_SIZE_FIRST; size++) {
        memset(&verdict, 0x5a, sizeof verdict);
        verdict.size = size;
        verdict.status = 200;
        ck_assert_int_eq(convert_refuse(&verdict), -EINVAL);
        ck_assert_uint_eq(verdict.size, size);
        ck_assert_uint_eq(verdict.status, size >= 16 ? 503 : 200);
        /* Nothing is written beyond. */
        ck_assert_uint_eq(verdict.kind, 0x5a5a5a5a);
    }
    verdict.size = STRUCT_SIZE_MAX + 1;
    verdict.status = 200;
    ck_assert_int_eq(convert_refuse(&verdict), -EINVAL);
    ck_assert_uint_eq(verdict.status, 503);
}
END_TEST

static struct verdict core_verdict(void)
{
    return (struct verdict){
        .reason = REASON_RATE_LIMITED,
        .kind = KIND_LEGACY,
        .scopes = 1,
        .needed = 2,
        .limit = 3,
        .window_ns = 4,
        .burst = 5,
        .remaining = 6,
        .reset_ns = 7,
        .retry_ns = 8,
        .next_ns = 9,
        .deprecation_at = 10,
        .sunset_at = 11,
        .key_id = "key_0123456789ABCDEF",
        .site = "kasa",
        .link = "https://docs.example/",
    };
}

/* As it is after another, longer one. */
static struct stkgate_verdict used_verdict(void)
{
    struct stkgate_verdict used;
    memset(&used, 'x', sizeof used);
    used.size = sizeof used;
    ck_assert_int_eq(convert_refuse(&used), 0);
    return used;
}

START_TEST(brings_a_verdict_over_and_back)
{
    struct stkgate_verdict public = used_verdict();
    struct verdict verdict = core_verdict();
    struct verdict back;
    convert_verdict(&verdict, &public);
    ck_assert_uint_eq(public.status, 429);
    ck_assert_uint_eq(public.reason, STKGATE_RATE_LIMITED);
    ck_assert_uint_eq(public.kind, STKGATE_KIND_LEGACY);
    ck_assert_uint_eq(public.flags, 0);
    ck_assert_uint_eq(public.scopes, 1);
    ck_assert_uint_eq(public.needed, 2);
    ck_assert_uint_eq(public.limit, 3);
    ck_assert_uint_eq(public.window_ns, 4);
    ck_assert_uint_eq(public.burst, 5);
    ck_assert_uint_eq(public.remaining, 6);
    ck_assert_uint_eq(public.reset_ns, 7);
    ck_assert_uint_eq(public.retry_after_ns, 8);
    ck_assert_uint_eq(public.next_ns, 9);
    ck_assert_int_eq(public.deprecation, 10);
    ck_assert_int_eq(public.sunset, 11);
    ck_assert_str_eq(public.key_id, "key_0123456789ABCDEF");
    ck_assert_str_eq(public.site, "kasa");
    ck_assert_str_eq(public.link, "https://docs.example/");
    ck_assert_int_eq(convert_back(&public, &back), 0);
    ck_assert_mem_eq(&back, &verdict, offsetof(struct verdict, key_id));
    ck_assert_str_eq(back.key_id, "");
    ck_assert_str_eq(back.site, "");
    ck_assert_str_eq(back.link, "https://docs.example/");
}
END_TEST

static struct stkgate_verdict public_verdict(void)
{
    struct stkgate_verdict public = STKGATE_VERDICT_INIT;
    struct verdict verdict = core_verdict();
    convert_verdict(&verdict, &public);
    return public;
}

START_TEST(leaves_nothing_of_the_verdict_before_in_its_texts)
{
    struct verdict verdict = core_verdict();
    struct pass pass = {.kind = KIND_LIVE, .key_id = "key_0123456789ABCDEF"};
    struct rate_result rate = {0};
    struct stkgate_verdict public = used_verdict();
    memset(verdict.site, 's', SITE_MAX);
    memset(verdict.link, 'l', LINK_MAX_LEN);
    convert_verdict(&verdict, &public);
    ck_assert_str_eq(public.site, verdict.site);
    ck_assert_str_eq(public.link, verdict.link);

    public = used_verdict();
    verdict.kind = KIND_LIVE;
    verdict.link[0] = verdict.site[0] = '\0';
    convert_verdict(&verdict, &public);
    ck_assert_str_eq(public.site, "");
    ck_assert_str_eq(public.link, "");

    public = used_verdict();
    memset(pass.site, 's', sizeof pass.site);
    convert_pass(&pass, 0, &rate, &public);
    ck_assert_str_eq(public.key_id, "key_0123456789ABCDEF");
    ck_assert_uint_eq(strlen(public.site), sizeof pass.site);
    ck_assert_str_eq(public.link, "");
}
END_TEST

START_TEST(trusts_nothing_that_a_program_may_have_changed)
{
    struct verdict back;
    struct stkgate_verdict v = public_verdict();
    v.reason = REASON_COUNT;
    ck_assert_int_eq(convert_back(&v, &back), -EINVAL);
    v = public_verdict();
    v.status = 200;
    ck_assert_int_eq(convert_back(&v, &back), -EINVAL);
    v = public_verdict();
    v.kind = KIND_LEGACY + 1;
    ck_assert_int_eq(convert_back(&v, &back), -EINVAL);
    v = public_verdict();
    v.sunset = -1;
    ck_assert_int_eq(convert_back(&v, &back), -EINVAL);
    v = public_verdict();
    v.deprecation = INT64_MAX;
    ck_assert_int_eq(convert_back(&v, &back), -EINVAL);
    v = public_verdict();
    memset(v.link, 'a', sizeof v.link);
    ck_assert_int_eq(convert_back(&v, &back), -EINVAL);
    v = public_verdict();
    strcpy(v.link, "https://a/>\r\nX: y");
    ck_assert_int_eq(convert_back(&v, &back), -EINVAL);
    v = public_verdict();
    v.size = VERDICT_SIZE_FIRST - 1;
    ck_assert_int_eq(convert_back(&v, &back), -EINVAL);
    v.size = STRUCT_SIZE_MAX + 1;
    ck_assert_int_eq(convert_back(&v, &back), -EINVAL);
}
END_TEST

static bool is_plain_with(size_t offset, const void *value, size_t size)
{
    struct stkgate_verdict v = STKGATE_VERDICT_INIT;
    struct verdict verdict = core_verdict();
    verdict.reason = REASON_OK;
    verdict.kind = KIND_LIVE;
    verdict.deprecation_at = verdict.sunset_at = 0;
    verdict.link[0] = '\0';
    convert_verdict(&verdict, &v);
    memcpy((char *)&v + offset, value, size);
    return convert_is_plain(&v);
}
#define WITH(member, ...)                                                                          \
    is_plain_with(offsetof(struct stkgate_verdict, member), &(__VA_ARGS__),                        \
                  sizeof(((struct stkgate_verdict *)NULL)->member))

START_TEST(only_an_allowed_call_without_anything_else_to_tell_is_plain)
{
    const size_t sizes[] = {VERDICT_SIZE_FIRST, STRUCT_SIZE_MAX, VERDICT_SIZE_FIRST - 1,
                            STRUCT_SIZE_MAX + 1};
    for (uint32_t kind = 0; kind <= KIND_LEGACY + 1; kind++)
        ck_assert(WITH(kind, kind) == (kind == KIND_LIVE || kind == KIND_TEST));
    for (uint32_t reason = 0; reason <= REASON_COUNT; reason++)
        ck_assert(WITH(reason, reason) == (reason == REASON_OK));
    for (size_t i = 0; i < 4; i++)
        ck_assert(WITH(size, sizes[i]) == (i < 2));
    ck_assert(WITH(status, (uint32_t){200}));
    ck_assert(!WITH(status, (uint32_t){429}));
    ck_assert(!WITH(deprecation, (int64_t){1}));
    ck_assert(!WITH(deprecation, (int64_t){-1}));
    ck_assert(!WITH(sunset, (int64_t){1}));
    ck_assert(!WITH(link, (char[STKGATE_LINK_MAX + 1]){"h"}));
}
END_TEST

SUITE_MAIN("convert", takes_requests_of_newer_programs_that_use_nothing_new,
           refuses_requests_whose_size_is_none, refuses_flags_that_it_does_not_know,
           refuses_a_length_without_data, takes_options_of_newer_programs_that_use_nothing_new,
           makes_a_refusal_of_whatever_was_there, clears_what_a_newer_program_has_beyond_ours,
           refuses_verdicts_whose_size_is_none_and_leaves_no_consent_in_them,
           brings_a_verdict_over_and_back, leaves_nothing_of_the_verdict_before_in_its_texts,
           trusts_nothing_that_a_program_may_have_changed,
           only_an_allowed_call_without_anything_else_to_tell_is_plain)
