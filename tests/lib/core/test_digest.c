#include "lib/core/digest.h"

#include <sys/wait.h>
#include <unistd.h>

#include "tests/suite.h"
#include "tests/vectors.h"

static void digest_from_hex(const char *hex, uint8_t ret[static DIGEST_BYTES])
{
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        char byte[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        ret[i] = (uint8_t)strtoul(byte, NULL, 16);
    }
}

START_TEST(gives_the_standards_values_with_one_context)
{
    struct digester *d;
    ck_assert_int_eq(digester_new(&d), 0);
    struct vectors v;
    for (vectors_open(&v, "digest.txt", 2); vectors_next(&v);) {
        uint8_t expected[DIGEST_BYTES], digest[DIGEST_BYTES];
        digest_from_hex(v.fields[1].data, expected);
        ck_assert_int_eq(digest_token(d, v.fields[0], digest), 0);
        ck_assert_mem_eq(digest, expected, DIGEST_BYTES);
    }
    ck_assert_ptr_null(digester_free(d));
}
END_TEST

START_TEST(a_legacy_key_never_stands_for_a_token)
{
    struct digester *d;
    uint8_t as_token[DIGEST_BYTES], as_legacy[DIGEST_BYTES], prefixed[DIGEST_BYTES];
    ck_assert_int_eq(digester_new(&d), 0);
    ck_assert_int_eq(digest_token(d, TEXT("kasa-2019-key-00"), as_token), 0);
    ck_assert_int_eq(digest_legacy(d, TEXT("kasa-2019-key-00"), as_legacy), 0);
    ck_assert(!digest_equal(as_token, as_legacy));
    ck_assert_int_eq(digest_token(d, TEXT("stkgate legacy key\0kasa-2019-key-00"), prefixed), 0);
    ck_assert(digest_equal(prefixed, as_legacy));
    digester_free(d);
}
END_TEST

START_TEST(each_bit_of_a_digest_counts)
{
    uint8_t a[DIGEST_BYTES] = {0}, b[DIGEST_BYTES] = {0};
    ck_assert(digest_equal(a, b));
    for (size_t bit = 0; bit < DIGEST_BYTES * 8; bit++) {
        b[bit / 8] = (uint8_t)(1u << bit % 8);
        ck_assert(!digest_equal(a, b));
        b[bit / 8] = 0;
    }
}
END_TEST

START_TEST(works_on_in_a_forked_child)
{
    struct digester *d;
    uint8_t before[DIGEST_BYTES], after[DIGEST_BYTES];
    ck_assert_int_eq(digester_new(&d), 0);
    ck_assert_int_eq(digest_token(d, TEXT("kasa"), before), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        bool same = digest_token(d, TEXT("kasa"), after) == 0 && digest_equal(before, after);
        _exit(same ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    digester_free(d);
}
END_TEST

START_TEST(frees_nothing_of_nothing)
{
    ck_assert_ptr_null(digester_free(NULL));
}
END_TEST

SUITE_MAIN("digest", gives_the_standards_values_with_one_context,
           a_legacy_key_never_stands_for_a_token, each_bit_of_a_digest_counts,
           works_on_in_a_forked_child, frees_nothing_of_nothing)
