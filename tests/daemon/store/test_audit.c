#include "daemon/store/audit.h"

#include <errno.h>

#include "lib/core/crc.h"
#include "tests/suite.h"

static char reason[REASON_MAX + 2];
static char site[SITE_MAX + 2];

static struct audit_entry longest(void)
{
    memset(reason, 'r', REASON_MAX + 1);
    memset(site, 's', SITE_MAX + 1);
    return (struct audit_entry){
        .seq = UINT64_MAX,
        .at = INT64_C(253402300799),
        .actor = {.uid = UINT32_MAX, .gid = 65534, .pid = 4194304},
        .verb = CHANGE_ROTATE,
        .key_id = TEXT("key_0123456789abcdef"),
        .related = TEXT("a.scope:name-of-thirty-two-bytes"),
        .site = {site, SITE_MAX},
        .reason = {reason, REASON_MAX},
    };
}

static size_t encode(const struct audit_entry *entry, uint8_t ret[static AUDIT_BYTES_MAX])
{
    size_t len;
    ck_assert_int_eq(audit_encode(entry, ret, &len), 0);
    return len;
}

START_TEST(reads_back_the_longest_entry)
{
    struct audit_entry entry = longest(), read;
    uint8_t bytes[AUDIT_BYTES_MAX];
    size_t len = encode(&entry, bytes);
    ck_assert_int_eq(audit_decode(entry.seq, bytes, len, &read), 0);
    ck_assert_uint_eq(read.seq, entry.seq);
    ck_assert_int_eq(read.at, entry.at);
    ck_assert_uint_eq(read.actor.uid, entry.actor.uid);
    ck_assert_uint_eq(read.actor.gid, entry.actor.gid);
    ck_assert_int_eq(read.actor.pid, entry.actor.pid);
    ck_assert_int_eq(read.verb, entry.verb);
    ck_assert(text_equal(read.key_id, entry.key_id));
    ck_assert(text_equal(read.related, entry.related));
    ck_assert(text_equal(read.site, entry.site));
    ck_assert(text_equal(read.reason, entry.reason));
}
END_TEST

START_TEST(reads_back_an_entry_without_texts)
{
    struct audit_entry entry = {.seq = 1, .verb = CHANGE_SCOPE_ADD}, read;
    uint8_t bytes[AUDIT_BYTES_MAX];
    size_t len = encode(&entry, bytes);
    ck_assert_int_eq(audit_decode(1, bytes, len, &read), 0);
    ck_assert_uint_eq(read.key_id.len, 0);
    ck_assert_uint_eq(read.reason.len, 0);
}
END_TEST

START_TEST(refuses_to_write_what_is_out_of_range)
{
    struct audit_entry good = longest();
    struct audit_entry bad[] = {good, good, good, good, good, good};
    bad[0].seq = 0;
    bad[1].verb = (enum change_verb)0;
    bad[2].key_id = TEXT("key_0123456789abcdefg");
    bad[3].related = TEXT("a.scope:name-of-thirty-three-byte");
    bad[4].site.len++;
    bad[5].reason.len++;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t bytes[AUDIT_BYTES_MAX];
        size_t len = 77;
        ck_assert_int_eq(audit_encode(&bad[i], bytes, &len), -EINVAL);
        ck_assert_uint_eq(len, 77);
    }
}
END_TEST

START_TEST(refuses_each_flipped_bit_and_each_cut)
{
    struct audit_entry entry = longest(), read;
    uint8_t bytes[AUDIT_BYTES_MAX + 1] = {0};
    size_t len = encode(&entry, bytes);
    for (size_t bit = 0; bit < len * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert_int_lt(audit_decode(entry.seq, bytes, len, &read), 0);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t cut = 0; cut < len; cut++)
        ck_assert_int_eq(audit_decode(entry.seq, bytes, cut, &read), -EBADMSG);
    ck_assert_int_eq(audit_decode(entry.seq, bytes, len + 1, &read), -EBADMSG);
    ck_assert_int_eq(audit_decode(entry.seq, bytes, len, &read), 0);
}
END_TEST

START_TEST(refuses_an_entry_under_the_key_of_another)
{
    struct audit_entry entry = longest(), read = {.seq = 5};
    uint8_t bytes[AUDIT_BYTES_MAX];
    size_t len = encode(&entry, bytes);
    ck_assert_int_eq(audit_decode(entry.seq - 1, bytes, len, &read), -EBADMSG);
    ck_assert_uint_eq(read.seq, 5); /* untouched */
}
END_TEST

START_TEST(tells_a_newer_version_from_damage)
{
    struct audit_entry entry = longest(), read;
    uint8_t bytes[AUDIT_BYTES_MAX];
    size_t len = encode(&entry, bytes);
    bytes[0]++;
    ck_assert_int_eq(audit_decode(entry.seq, bytes, len, &read), -EPROTONOSUPPORT);
    bytes[0] = 0;
    ck_assert_int_eq(audit_decode(entry.seq, bytes, len, &read), -EBADMSG);
}
END_TEST

START_TEST(lists_verbs_of_later_days)
{
    struct audit_entry entry = longest(), read;
    entry.verb = (enum change_verb)200;
    uint8_t bytes[AUDIT_BYTES_MAX];
    size_t len = encode(&entry, bytes);
    ck_assert_int_eq(audit_decode(entry.seq, bytes, len, &read), 0);
    ck_assert_uint_eq(read.verb, 200);
}
END_TEST

START_TEST(refuses_verb_0_under_a_right_checksum)
{
    struct audit_entry entry = longest(), read;
    uint8_t bytes[AUDIT_BYTES_MAX];
    size_t len = encode(&entry, bytes);
    bytes[5 + 8 + 8 + 12] = 0;
    uint32_t crc = crc32_of(bytes + 5, len - 5);
    for (unsigned i = 0; i < 4; i++)
        bytes[1 + i] = (uint8_t)(crc >> 8 * i);
    ck_assert_int_eq(audit_decode(entry.seq, bytes, len, &read), -EBADMSG);
}
END_TEST

SUITE_MAIN("audit", reads_back_the_longest_entry, reads_back_an_entry_without_texts,
           refuses_to_write_what_is_out_of_range, refuses_each_flipped_bit_and_each_cut,
           refuses_an_entry_under_the_key_of_another, tells_a_newer_version_from_damage,
           lists_verbs_of_later_days, refuses_verb_0_under_a_right_checksum)
