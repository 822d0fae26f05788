#include "lib/core/record.h"

#include <errno.h>

#include "lib/core/crc.h"
#include "lib/core/cursor.h"
#include "lib/core/moment.h"
#include "tests/suite.h"

static uint8_t packed[ORIGINS_BYTES_MAX];

static struct textlist origins_of(const char *const origins[], size_t count)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(textlist_append(packed, sizeof packed, &len, text_of(origins[i])), 0);
    return (struct textlist){packed, len};
}

static struct record sample(void)
{
    static const char *const origins[] = {"https://shop.example", "http://[::1]:8080"};
    struct record record = {
        .kind = KIND_LIVE,
        .missing_origin_allowed = true,
        .scopes = UINT64_C(0x8000000000000005),
        .limit = {60, UINT64_C(60000000000), 120},
        .created_at = 1700000000,
        .expires_at = 1800000000,
        .revoked_at = 1700000001,
        .grace_until = 1700000002,
        .created_by = 1000,
        .seq = 42,
        .key_id = TEXT("key_0123456789abcdef"),
        .site = TEXT("kasa"),
        .name = TEXT("production"),
        .secret_prefix = TEXT("stk_live_zQWB"),
        .reason = TEXT("moved"),
        .rotated_from = TEXT("key_aaaaaaaaaaaaaaaa"),
        .rotated_to = TEXT("key_bbbbbbbbbbbbbbbb"),
        .origins = origins_of(origins, 2),
    };
    for (unsigned i = 0; i < DIGEST_BYTES; i++)
        record.digest[i] = (uint8_t)(i + 1);
    return record;
}

static struct record sample_legacy(void)
{
    struct record record = sample();
    record.kind = KIND_LEGACY;
    record.secret_prefix = (struct text){NULL, 0};
    record.deprecation_at = 1688169599;
    record.sunset_at = 1719791999;
    record.link = TEXT("https://kasa.example/migrate");
    return record;
}

static void assert_same(const struct record *a, const struct record *b)
{
    ck_assert_int_eq(a->kind, b->kind);
    ck_assert_int_eq(a->suspended, b->suspended);
    ck_assert_int_eq(a->revoked, b->revoked);
    ck_assert_int_eq(a->missing_origin_allowed, b->missing_origin_allowed);
    ck_assert_int_eq(a->strict, b->strict);
    ck_assert_mem_eq(a->digest, b->digest, DIGEST_BYTES);
    ck_assert_uint_eq(a->scopes, b->scopes);
    ck_assert_mem_eq(&a->limit, &b->limit, sizeof a->limit);
    ck_assert_int_eq(a->created_at, b->created_at);
    ck_assert_int_eq(a->expires_at, b->expires_at);
    ck_assert_int_eq(a->revoked_at, b->revoked_at);
    ck_assert_int_eq(a->grace_until, b->grace_until);
    ck_assert_int_eq(a->deprecation_at, b->deprecation_at);
    ck_assert_int_eq(a->sunset_at, b->sunset_at);
    ck_assert_uint_eq(a->created_by, b->created_by);
    ck_assert_uint_eq(a->seq, b->seq);
    ck_assert(text_equal(a->key_id, b->key_id));
    ck_assert(text_equal(a->site, b->site));
    ck_assert(text_equal(a->name, b->name));
    ck_assert(text_equal(a->secret_prefix, b->secret_prefix));
    ck_assert(text_equal(a->reason, b->reason));
    ck_assert(text_equal(a->rotated_from, b->rotated_from));
    ck_assert(text_equal(a->rotated_to, b->rotated_to));
    ck_assert(text_equal(a->link, b->link));
    ck_assert_uint_eq(a->origins.len, b->origins.len);
    ck_assert(a->origins.len == 0 || memcmp(a->origins.data, b->origins.data, a->origins.len) == 0);
}

static void assert_travels(const struct record *record)
{
    uint8_t bytes[RECORD_BYTES_MAX];
    size_t len;
    struct record decoded;
    ck_assert_int_eq(record_encode(record, bytes, &len), 0);
    ck_assert_uint_le(len, sizeof bytes);
    ck_assert_int_eq(record_decode(bytes, len, &decoded), 0);
    assert_same(record, &decoded);
}

START_TEST(decodes_what_was_encoded)
{
    struct record record = sample();
    assert_travels(&record);
    record = sample_legacy();
    assert_travels(&record);
    record.origins.len = 0;
    record.reason = record.rotated_from = record.rotated_to = record.link = (struct text){NULL, 0};
    assert_travels(&record);
    record = sample();
    record.kind = KIND_TEST;
    record.secret_prefix = TEXT("stk_test_zQWB");
    assert_travels(&record);
}
END_TEST

START_TEST(each_flag_travels_alone)
{
    for (unsigned flag = 0; flag < 4; flag++) {
        struct record record = sample();
        record.suspended = flag == 0;
        record.revoked = flag == 1;
        record.missing_origin_allowed = flag == 2;
        record.strict = flag == 3;
        assert_travels(&record);
    }
}
END_TEST

START_TEST(the_largest_record_fits)
{
    static char site[SITE_MAX], name[NAME_MAX_LEN], reason[REASON_MAX], link[LINK_MAX_LEN];
    static char origin[ORIGIN_MAX];
    memset(site, 's', sizeof site);
    memset(name, 'n', sizeof name);
    memset(reason, 'r', sizeof reason);
    memset(link, 'l', sizeof link);
    memcpy(link, "https://", 8);
    memset(origin, 'o', sizeof origin);
    memcpy(origin, "x://", 4);
    for (size_t i = 4 + 50; i < sizeof origin; i += 51)
        origin[i] = '.';
    ck_assert_int_ne(origin[sizeof origin - 1], '.');

    struct record record = sample_legacy();
    record.site = (struct text){site, sizeof site};
    record.name = (struct text){name, sizeof name};
    record.reason = (struct text){reason, sizeof reason};
    record.link = (struct text){link, sizeof link};
    size_t len = 0;
    for (unsigned i = 0; i < ORIGINS_MAX; i++)
        ck_assert_int_eq(
            textlist_append(packed, sizeof packed, &len, (struct text){origin, sizeof origin}), 0);
    record.origins = (struct textlist){packed, len};
    ck_assert_uint_eq(len, ORIGINS_BYTES_MAX);
    assert_travels(&record);
}
END_TEST

START_TEST(every_single_bit_flip_is_refused)
{
    struct record record = sample(), decoded;
    uint8_t bytes[RECORD_BYTES_MAX];
    size_t len;
    ck_assert_int_eq(record_encode(&record, bytes, &len), 0);
    for (size_t bit = 0; bit < len * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ck_assert_msg(record_decode(bytes, len, &decoded) < 0, "bit %zu", bit);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    ck_assert_int_eq(record_decode(bytes, len, &decoded), 0);
}
END_TEST

static void mend_crc(uint8_t *bytes, size_t len)
{
    uint32_t crc = crc32_of(bytes + 5, len - 5);
    for (unsigned i = 0; i < 4; i++)
        bytes[1 + i] = (uint8_t)(crc >> (8 * i));
}

START_TEST(every_truncation_is_refused)
{
    struct record record = sample(), decoded = {.seq = 77};
    uint8_t bytes[RECORD_BYTES_MAX];
    size_t whole;
    ck_assert_int_eq(record_encode(&record, bytes, &whole), 0);
    for (size_t len = 0; len < whole; len++) {
        ck_assert_int_eq(record_decode(bytes, len, &decoded), -EBADMSG);
        if (len < 5)
            continue;
        /* also with a CRC that agrees */
        mend_crc(bytes, len);
        ck_assert_int_eq(record_decode(bytes, len, &decoded), -EBADMSG);
        mend_crc(bytes, whole);
    }
    ck_assert_uint_eq(decoded.seq, 77); /* untouched */
    ck_assert_int_eq(record_decode(bytes, whole, &decoded), 0);
}
END_TEST

START_TEST(bytes_left_over_are_refused)
{
    struct record record = sample(), decoded;
    uint8_t bytes[RECORD_BYTES_MAX + 1] = {0};
    size_t len;
    ck_assert_int_eq(record_encode(&record, bytes, &len), 0);
    mend_crc(bytes, len + 1);
    ck_assert_int_eq(record_decode(bytes, len + 1, &decoded), -EBADMSG);
}
END_TEST

START_TEST(a_newer_version_is_told_from_damage)
{
    struct record record = sample(), decoded = {.seq = 77};
    uint8_t bytes[RECORD_BYTES_MAX];
    size_t len;
    ck_assert_int_eq(record_encode(&record, bytes, &len), 0);
    bytes[0] = RECORD_VERSION + 1;
    ck_assert_int_eq(record_decode(bytes, len, &decoded), -EPROTONOSUPPORT);
    bytes[0] = 0xff;
    ck_assert_int_eq(record_decode(bytes, len, &decoded), -EPROTONOSUPPORT);
    bytes[0] = 0;
    ck_assert_int_eq(record_decode(bytes, len, &decoded), -EBADMSG);
    ck_assert_uint_eq(decoded.seq, 77);
}
END_TEST

/* ---- ranges: one field is changed at a time; neither side may take it ------------------------ */

static char too_long[300];

static void out_kind_none(struct record *r)
{
    r->kind = KIND_NONE;
}
static void out_kind_beyond(struct record *r)
{
    r->kind = (enum kind)(KIND_LEGACY + 1);
}
static void out_requests(struct record *r)
{
    r->limit.requests = 0;
}
static void out_window(struct record *r)
{
    r->limit.window_ns = 0;
}
static void out_burst(struct record *r)
{
    r->limit.burst = 0;
}
static void out_huge_burst(struct record *r)
{
    r->limit.burst = UINT64_C(1) << 63;
}
static void out_created(struct record *r)
{
    r->created_at = -1;
}
static void out_expires(struct record *r)
{
    r->expires_at = -1;
}
static void out_expires_beyond(struct record *r)
{
    r->expires_at = MOMENT_MAX_S + 1;
}
static void out_revoked_at(struct record *r)
{
    r->revoked_at = INT64_MIN;
}
static void out_grace(struct record *r)
{
    r->grace_until = INT64_MAX;
}
static void out_no_key_id(struct record *r)
{
    r->key_id.len = 0;
}
static void out_key_id(struct record *r)
{
    r->key_id = TEXT("kex_0123456789abcdef");
}
static void out_no_site(struct record *r)
{
    r->site.len = 0;
}
static void out_site(struct record *r)
{
    r->site = TEXT("ka/sa");
}
static void out_long_site(struct record *r)
{
    r->site = (struct text){too_long, SITE_MAX + 1};
}
static void out_no_name(struct record *r)
{
    r->name.len = 0;
}
static void out_name(struct record *r)
{
    r->name = TEXT("two\nlines");
}
static void out_long_name(struct record *r)
{
    r->name = (struct text){too_long, NAME_MAX_LEN + 1};
}
static void out_no_prefix(struct record *r)
{
    r->secret_prefix.len = 0;
}
static void out_long_prefix(struct record *r)
{
    r->secret_prefix = TEXT("stk_live_zQWBu");
}
static void out_whole_secret(struct record *r)
{
    r->secret_prefix = TEXT("stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17");
}
static void out_other_prefix(struct record *r)
{
    r->secret_prefix = TEXT("stk_test_zQWB");
}
static void out_prefix(struct record *r)
{
    r->secret_prefix = TEXT("stk_live_zQ-B");
}
static void out_reason(struct record *r)
{
    r->reason = TEXT("\x1b[2J");
}
static void out_long_reason(struct record *r)
{
    r->reason = (struct text){too_long, REASON_MAX + 1};
}
static void out_rotated_from(struct record *r)
{
    r->rotated_from = TEXT("key_short");
}
static void out_rotated_to(struct record *r)
{
    r->rotated_to = TEXT("key_0123456789abcde!");
}
static void out_deprecation(struct record *r)
{
    r->deprecation_at = 1;
}
static void out_sunset(struct record *r)
{
    r->sunset_at = 1;
}
static void out_link(struct record *r)
{
    r->link = TEXT("https://kasa.example/");
}
static void out_legacy_prefix(struct record *r)
{
    r->secret_prefix = TEXT("stk_live_zQWB");
}
static void out_legacy_link(struct record *r)
{
    r->link = TEXT("https://a\r\nX-Evil: 1");
}
static void out_legacy_order(struct record *r)
{
    r->sunset_at = r->deprecation_at - 1;
}
static void out_list(struct record *r)
{
    r->origins = (struct textlist){(const uint8_t *)"\2a", 2};
}
static void out_many_origins(struct record *r)
{
    size_t len = 0;
    for (unsigned i = 0; i <= ORIGINS_MAX; i++)
        textlist_append(packed, sizeof packed, &len, TEXT("https://a"));
    r->origins = (struct textlist){packed, len};
}

static const struct range {
    const char *what;
    void (*change)(struct record *record);
    bool legacy;
} ranges[] = {
    {"no kind", out_kind_none, false},
    {"an unknown kind", out_kind_beyond, false},
    {"no requests", out_requests, false},
    {"no window", out_window, false},
    {"no burst", out_burst, false},
    {"a burst of 2^63", out_huge_burst, false},
    {"created before 1970", out_created, false},
    {"expires before 1970", out_expires, false},
    {"expires after 9999", out_expires_beyond, false},
    {"revoked before 1970", out_revoked_at, false},
    {"grace after 9999", out_grace, false},
    {"no key id", out_no_key_id, false},
    {"not a key id", out_key_id, false},
    {"no site", out_no_site, false},
    {"not a site", out_site, false},
    {"too long a site", out_long_site, false},
    {"no name", out_no_name, false},
    {"a name of two lines", out_name, false},
    {"too long a name", out_long_name, false},
    {"no prefix", out_no_prefix, false},
    {"too long a prefix", out_long_prefix, false},
    {"the secret itself", out_whole_secret, false},
    {"a test token's prefix", out_other_prefix, false},
    {"not a prefix", out_prefix, false},
    {"a reason that a terminal would act on", out_reason, false},
    {"too long a reason", out_long_reason, false},
    {"rotated from no key id", out_rotated_from, false},
    {"rotated to no key id", out_rotated_to, false},
    {"a token with a deprecation", out_deprecation, false},
    {"a token with a sunset", out_sunset, false},
    {"a token with a link", out_link, false},
    {"a damaged list of origins", out_list, false},
    {"too many origins", out_many_origins, false},
    {"a legacy key with a prefix", out_legacy_prefix, true},
    {"a link with a line end", out_legacy_link, true},
    {"a sunset before the deprecation", out_legacy_order, true},
};

START_TEST(fields_out_of_range_are_not_encoded)
{
    memset(too_long, 'x', sizeof too_long);
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        struct record record = ranges[i].legacy ? sample_legacy() : sample();
        uint8_t bytes[RECORD_BYTES_MAX];
        size_t len = 77;
        ranges[i].change(&record);
        ck_assert_msg(record_encode(&record, bytes, &len) == -EINVAL, "%s", ranges[i].what);
        ck_assert_uint_eq(len, 77);
    }
}
END_TEST

/* What record_encode() would write if it did not look. */
static size_t encode_anyway(const struct record *record, uint8_t bytes[static RECORD_BYTES_MAX])
{
    struct writer w;
    writer_init(&w, bytes, RECORD_BYTES_MAX);
    writer_u8(&w, RECORD_VERSION);
    writer_u32(&w, 0);
    writer_u8(&w, (uint8_t)record->kind);
    writer_u8(&w, record->missing_origin_allowed ? 4 : 0);
    writer_bytes(&w, record->digest, DIGEST_BYTES);
    const uint64_t numbers[] = {record->scopes, record->limit.requests, record->limit.window_ns,
                                record->limit.burst};
    for (size_t i = 0; i < 4; i++)
        writer_u64(&w, numbers[i]);
    const int64_t times[] = {record->created_at,  record->expires_at,     record->revoked_at,
                             record->grace_until, record->deprecation_at, record->sunset_at};
    for (size_t i = 0; i < 6; i++)
        writer_i64(&w, times[i]);
    writer_u32(&w, record->created_by);
    writer_u64(&w, record->seq);
    const struct text texts[] = {record->key_id,        record->site,   record->name,
                                 record->secret_prefix, record->reason, record->rotated_from,
                                 record->rotated_to,    record->link};
    for (size_t i = 0; i < 8; i++)
        writer_text8(&w, texts[i]);
    writer_textlist(&w, record->origins);
    ck_assert(!w.failed);
    mend_crc(bytes, w.len);
    return w.len;
}

START_TEST(fields_out_of_range_are_not_decoded)
{
    memset(too_long, 'x', sizeof too_long);
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        struct record record = ranges[i].legacy ? sample_legacy() : sample(), decoded;
        uint8_t bytes[RECORD_BYTES_MAX];
        size_t len = encode_anyway(&record, bytes);
        ck_assert_int_eq(record_decode(bytes, len, &decoded), 0);
        ranges[i].change(&record);
        len = encode_anyway(&record, bytes);
        ck_assert_msg(record_decode(bytes, len, &decoded) == -EBADMSG, "%s", ranges[i].what);
    }
}
END_TEST

START_TEST(unknown_flags_are_refused)
{
    struct record record = sample(), decoded;
    uint8_t bytes[RECORD_BYTES_MAX];
    size_t len;
    ck_assert_int_eq(record_encode(&record, bytes, &len), 0);
    bytes[6] |= 16;
    mend_crc(bytes, len);
    ck_assert_int_eq(record_decode(bytes, len, &decoded), -EBADMSG);
}
END_TEST

START_TEST(origins_are_encoded_in_canonical_form_alone)
{
    static const char *const spellings[] = {"HTTPS://shop.example", "https://shop.example/",
                                            "https://shop.example:443", "null", "*"};
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        struct record record = sample();
        uint8_t bytes[RECORD_BYTES_MAX];
        size_t len;
        record.origins = origins_of(&spellings[i], 1);
        ck_assert_msg(record_encode(&record, bytes, &len) == -EINVAL, "%s", spellings[i]);
    }
}
END_TEST

/* ---- states ---------------------------------------------------------------------------------- */

START_TEST(a_state_is_of_a_moment)
{
    static const struct {
        const char *what;
        bool suspended, revoked;
        int64_t grace_until, expires_at, sunset_at, now_s;
        enum record_state state;
    } rows[] = {
        {"nothing set", false, false, 0, 0, 0, 100, RECORD_ACTIVE},
        {"suspended", true, false, 0, 0, 0, 100, RECORD_SUSPENDED},
        {"revoked", false, true, 0, 0, 0, 100, RECORD_REVOKED},
        {"before the grace is over", false, false, 100, 0, 0, 99, RECORD_ACTIVE},
        {"when the grace is over", false, false, 100, 0, 0, 100, RECORD_REVOKED},
        {"before it expires", false, false, 0, 100, 0, 99, RECORD_ACTIVE},
        {"when it expires", false, false, 0, 100, 0, 100, RECORD_EXPIRED},
        {"before its sunset", false, false, 0, 0, 100, 99, RECORD_ACTIVE},
        {"at its sunset", false, false, 0, 0, 100, 100, RECORD_EXPIRED},
        {"revoked before suspended", true, true, 0, 0, 0, 100, RECORD_REVOKED},
        {"grace over before suspended", true, false, 100, 0, 0, 100, RECORD_REVOKED},
        {"suspended before expired", true, false, 0, 100, 0, 100, RECORD_SUSPENDED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct record record = {.suspended = rows[i].suspended,
                                .revoked = rows[i].revoked,
                                .grace_until = rows[i].grace_until,
                                .expires_at = rows[i].expires_at,
                                .sunset_at = rows[i].sunset_at};
        ck_assert_msg(record_state_at(&record, rows[i].now_s) == rows[i].state, "%s", rows[i].what);
    }
}
END_TEST

START_TEST(names_states)
{
    ck_assert_str_eq(record_state_name(RECORD_ACTIVE), "active");
    ck_assert_str_eq(record_state_name(RECORD_SUSPENDED), "suspended");
    ck_assert_str_eq(record_state_name(RECORD_REVOKED), "revoked");
    ck_assert_str_eq(record_state_name(RECORD_EXPIRED), "expired");
    ck_assert_str_eq(record_state_name((enum record_state)77), "unknown");
}
END_TEST

SUITE_MAIN("record", decodes_what_was_encoded, each_flag_travels_alone, the_largest_record_fits,
           every_single_bit_flip_is_refused, every_truncation_is_refused,
           bytes_left_over_are_refused, a_newer_version_is_told_from_damage,
           fields_out_of_range_are_not_encoded, fields_out_of_range_are_not_decoded,
           unknown_flags_are_refused, origins_are_encoded_in_canonical_form_alone,
           a_state_is_of_a_moment, names_states)
