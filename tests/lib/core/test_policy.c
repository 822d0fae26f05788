#include "lib/core/policy.h"

#include "tests/suite.h"

START_TEST(defaults_are_the_strict_ones)
{
    struct policy policy;
    policy_init(&policy);
    ck_assert_uint_eq(policy.accept, ACCEPT(KIND_LIVE) | ACCEPT(KIND_LEGACY));
    ck_assert(policy.require_site);
    ck_assert_uint_eq(policy.fields, FIELDS_THREE);
    ck_assert_uint_eq(policy.scopes, 0);
    ck_assert_uint_eq(policy.cost, 1);
    ck_assert_uint_eq(policy.last_known_ns, 0);
    ck_assert_str_eq(policy.realm, "storefront");
    ck_assert_uint_eq(policy_sites(&policy).len, 0);
}
END_TEST

START_TEST(knows_realms)
{
    char longest[REALM_MAX + 1];
    memset(longest, 'r', sizeof longest);
    ck_assert(policy_realm_is_valid(TEXT("Kasa's shop, EU (1)")));
    ck_assert(policy_realm_is_valid((struct text){longest, REALM_MAX}));
    ck_assert(!policy_realm_is_valid((struct text){longest, REALM_MAX + 1}));
    ck_assert(!policy_realm_is_valid(TEXT("")));
    ck_assert(!policy_realm_is_valid(TEXT("a\"b")));
    ck_assert(!policy_realm_is_valid(TEXT("a\\b")));
    ck_assert(!policy_realm_is_valid(TEXT("a\r\nb")));
    ck_assert(!policy_realm_is_valid(TEXT("a\tb")));
    ck_assert(!policy_realm_is_valid(TEXT("a\x7f")));
    ck_assert(!policy_realm_is_valid(TEXT("a\xc3\xa4")));
    ck_assert(!policy_realm_is_valid(TEXT("a\0b")));
}
END_TEST

static void fill(struct policy *policy)
{
    *policy = (struct policy){
        .accept = ACCEPT(KIND_TEST),
        .require_site = false,
        .fields = FIELDS_NONE,
        .scopes = UINT64_C(0x8000000000000001),
        .cost = UINT64_MAX,
        .last_known_ns = 30000000000,
        .realm = "kasa",
    };
    size_t len = 0;
    char site[SITE_MAX];
    memset(site, 's', sizeof site);
    for (unsigned i = 0; i < POLICY_SITES_MAX / (SITE_MAX + 1); i++) {
        memcpy(site, &(char){(char)('A' + i % 26)}, 1);
        ck_assert_int_eq(textlist_append(policy->sites, sizeof policy->sites, &len,
                                         (struct text){site, sizeof site}),
                         0);
    }
    policy->sites_len = (uint16_t)len;
}

START_TEST(travels_with_all_it_has)
{
    static struct policy written, read;
    static uint8_t bytes[8192];
    struct writer w;
    struct reader r;
    fill(&written);
    writer_init(&w, bytes, sizeof bytes);
    policy_write(&written, &w);
    ck_assert(!w.failed);
    reader_init(&r, bytes, w.len);
    policy_read(&read, &r);
    ck_assert(reader_finished(&r));
    /* Field by field: there is padding between them, which is whatever it is. */
    ck_assert_uint_eq(read.accept, written.accept);
    ck_assert(read.require_site == written.require_site);
    ck_assert_uint_eq(read.fields, written.fields);
    ck_assert_uint_eq(read.scopes, written.scopes);
    ck_assert_uint_eq(read.cost, written.cost);
    ck_assert_uint_eq(read.last_known_ns, written.last_known_ns);
    ck_assert_str_eq(read.realm, written.realm);
    ck_assert_uint_eq(read.sites_len, written.sites_len);
    ck_assert_mem_eq(read.sites, written.sites, written.sites_len);
}
END_TEST

START_TEST(a_truncated_one_fails_and_admits_nobody)
{
    static struct policy policy;
    static uint8_t bytes[8192];
    struct writer w;
    struct reader r;
    fill(&policy);
    writer_init(&w, bytes, sizeof bytes);
    policy_write(&policy, &w);
    size_t whole = w.len;
    for (size_t len = 0; len < whole; len++) {
        reader_init(&r, bytes, len);
        policy_read(&policy, &r);
        ck_assert(r.failed);
        ck_assert_uint_eq(policy.accept, 0);
    }
}
END_TEST

/* Writes the default policy with one byte changed. */
static bool is_read_with(size_t at, uint8_t value)
{
    struct policy policy;
    uint8_t bytes[64];
    struct writer w;
    struct reader r;
    policy_init(&policy);
    writer_init(&w, bytes, sizeof bytes);
    policy_write(&policy, &w);
    ck_assert_uint_lt(at, w.len);
    bytes[at] = value;
    reader_init(&r, bytes, w.len);
    policy_read(&policy, &r);
    return reader_finished(&r);
}

START_TEST(values_out_of_range_are_refused)
{
    enum { AT_ACCEPT = 0, AT_REQUIRE_SITE = 1, AT_FIELDS = 2, AT_COST = 11, AT_REALM = 28 };
    ck_assert(is_read_with(AT_ACCEPT, ACCEPT(KIND_TEST)));
    ck_assert(!is_read_with(AT_ACCEPT, 1));
    ck_assert(!is_read_with(AT_ACCEPT, 16));
    ck_assert(is_read_with(AT_REQUIRE_SITE, 0));
    ck_assert(!is_read_with(AT_REQUIRE_SITE, 2));
    ck_assert(is_read_with(AT_FIELDS, FIELDS_NONE));
    ck_assert(!is_read_with(AT_FIELDS, FIELDS_NONE + 1));
    ck_assert(is_read_with(AT_COST, 2));
    ck_assert(!is_read_with(AT_COST, 0));
    ck_assert(is_read_with(AT_REALM, 'R'));
    ck_assert(!is_read_with(AT_REALM, '"'));
}
END_TEST

START_TEST(sites_that_are_none_are_refused)
{
    struct policy policy;
    uint8_t bytes[64];
    struct writer w;
    struct reader r;
    policy_init(&policy);
    memcpy(policy.sites, "\2a/", 3);
    policy.sites_len = 3;
    writer_init(&w, bytes, sizeof bytes);
    policy_write(&policy, &w);
    reader_init(&r, bytes, w.len);
    policy_read(&policy, &r);
    ck_assert(r.failed);
}
END_TEST

SUITE_MAIN("policy", defaults_are_the_strict_ones, knows_realms, travels_with_all_it_has,
           a_truncated_one_fails_and_admits_nobody, values_out_of_range_are_refused,
           sites_that_are_none_are_refused)
