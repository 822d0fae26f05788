/* The hash table of buckets. */
#include <string.h>

#include "daemon/buckets.h"
#include "tests/suite.h"

/* Digests whose first bytes, the hash, are the same for 16 in a row: collisions are walked through.
 */
static void digest_of(uint8_t digest[static DIGEST_BYTES], uint32_t n)
{
    memset(digest, 0, DIGEST_BYTES);
    uint32_t hash = n / 16 * 64;
    memcpy(digest, &hash, sizeof hash);
    memcpy(digest + 16, &n, sizeof n);
}

START_TEST(finds_what_was_added_and_nothing_else)
{
    struct buckets *buckets;
    struct bucket *bucket;
    uint8_t digest[DIGEST_BYTES];
    ck_assert_int_eq(buckets_new(&buckets), 0);
    for (uint32_t n = 0; n < 6000; n++) {
        digest_of(digest, n);
        ck_assert_ptr_null(buckets_find(buckets, digest));
        ck_assert_int_eq(buckets_add(buckets, digest, &bucket), 0);
        ck_assert_uint_eq(atomic_load(&bucket->tat), 0);
        atomic_store(&bucket->tat, n);
    }
    for (uint32_t n = 0; n < 6000; n++) {
        digest_of(digest, n);
        bucket = buckets_find(buckets, digest);
        ck_assert_ptr_nonnull(bucket);
        ck_assert_uint_eq(atomic_load(&bucket->tat), n);
        ck_assert_str_eq(bucket->key_id, "");
    }
    digest_of(digest, 6000);
    ck_assert_ptr_null(buckets_find(buckets, digest));
    buckets_free(buckets);
}
END_TEST

START_TEST(a_bucket_keeps_its_address_while_the_table_grows)
{
    struct buckets *buckets;
    struct bucket *first, *bucket;
    uint8_t digest[DIGEST_BYTES];
    ck_assert_int_eq(buckets_new(&buckets), 0);
    digest_of(digest, 0);
    ck_assert_int_eq(buckets_add(buckets, digest, &first), 0);
    for (uint32_t n = 1; n < 5000; n++) {
        digest_of(digest, n);
        ck_assert_int_eq(buckets_add(buckets, digest, &bucket), 0);
    }
    digest_of(digest, 0);
    ck_assert_ptr_eq(buckets_find(buckets, digest), first);
    ck_assert_ptr_null(buckets_free(buckets));
    ck_assert_ptr_null(buckets_free(NULL));
}
END_TEST

SUITE_MAIN("buckets", finds_what_was_added_and_nothing_else,
           a_bucket_keeps_its_address_while_the_table_grows)
