/* A record that outlives the bytes it was decoded from. */
#include <errno.h>
#include <string.h>

#include "daemon/record_copy.h"
#include "tests/suite.h"

START_TEST(keeps_every_text_when_the_original_is_gone)
{
    uint8_t origins[64];
    size_t origins_len = 0;
    char site[] = "kasa", name[] = "production", key_id[] = "key_0123456789abcdef";
    char prefix[] = "stk_live_zQWB", reason[] = "leaked";
    ck_assert_int_eq(
        textlist_append(origins, sizeof origins, &origins_len, TEXT("https://kasa.example")), 0);
    const struct record record = {
        .kind = KIND_LIVE,
        .revoked = true,
        .scopes = 5,
        .limit = {60, UINT64_C(60000000000), 60},
        .created_at = 1700000000,
        .revoked_at = 1700000001,
        .seq = 7,
        .key_id = text_of(key_id),
        .site = text_of(site),
        .name = text_of(name),
        .secret_prefix = text_of(prefix),
        .reason = text_of(reason),
        .origins = {origins, origins_len},
    };
    struct record_copy *copy;
    ck_assert_int_eq(record_copy_new(&record, &copy), 0);
    memset(origins, 'x', sizeof origins);
    memset(site, 'x', strlen(site));
    memset(name, 'x', strlen(name));
    memset(key_id, 'x', strlen(key_id));
    memset(prefix, 'x', strlen(prefix));
    memset(reason, 'x', strlen(reason));

    ck_assert(text_equal(copy->record.site, TEXT("kasa")));
    ck_assert(text_equal(copy->record.name, TEXT("production")));
    ck_assert(text_equal(copy->record.key_id, TEXT("key_0123456789abcdef")));
    ck_assert(text_equal(copy->record.reason, TEXT("leaked")));
    ck_assert(textlist_contains(copy->record.origins, TEXT("https://kasa.example")));
    ck_assert(copy->record.revoked);
    ck_assert_uint_eq(copy->record.seq, 7);
    ck_assert_ptr_null(record_copy_free(copy));
    ck_assert_ptr_null(record_copy_free(NULL));
}
END_TEST

START_TEST(a_record_out_of_range_is_not_copied)
{
    const struct record record = {.kind = KIND_LIVE};
    struct record_copy *copy = NULL;
    ck_assert_int_eq(record_copy_new(&record, &copy), -EINVAL);
    ck_assert_ptr_null(copy);
}
END_TEST

SUITE_MAIN("record_copy", keeps_every_text_when_the_original_is_gone,
           a_record_out_of_range_is_not_copied)
