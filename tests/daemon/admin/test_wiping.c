#include "daemon/admin/wiping.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lib/core/secret.h"
#include "tests/suite.h"

/* Stand in for lib/core/secret.c: what was to be wiped, last and in all. */
static const void *wiped;
static size_t wiped_len;
static bool saw_secret;

#define SECRET "stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"

void secret_wipe(void *bytes, size_t len)
{
    wiped = bytes;
    wiped_len = len;
    saw_secret = saw_secret || memmem(bytes, len, SECRET, strlen(SECRET));
    memset(bytes, 0, len);
}

void secret_free(char **string)
{
    *string = NULL;
}

START_TEST(wipes_a_block_before_it_is_freed)
{
    void *memory = wiping_malloc(40);
    ck_assert_ptr_nonnull(memory);
    memset(memory, 'x', 40);
    wiping_free(memory);
    ck_assert_ptr_eq(wiped, memory);
    ck_assert_uint_eq(wiped_len, 40);
}
END_TEST

START_TEST(wipes_the_old_block_when_it_moves)
{
    char *memory = wiping_malloc(4);
    ck_assert_ptr_nonnull(memory);
    memcpy(memory, "abc", 4);
    char *moved = wiping_realloc(memory, 100000);
    ck_assert_str_eq(moved, "abc");
    ck_assert_ptr_eq(wiped, memory);
    ck_assert_uint_eq(wiped_len, 4);
    memory = wiping_realloc(moved, 2);
    ck_assert_mem_eq(memory, "ab", 2);
    ck_assert_uint_eq(wiped_len, 100000);
    wiping_free(memory);
}
END_TEST

START_TEST(takes_null_as_realloc_and_free_do)
{
    wiping_free(NULL);
    ck_assert_ptr_null(wiped);
    void *memory = wiping_realloc(NULL, 8);
    ck_assert_ptr_nonnull(memory);
    wiping_free(memory);
}
END_TEST

START_TEST(refuses_sizes_that_overflow)
{
    ck_assert_ptr_null(wiping_malloc(SIZE_MAX));
    ck_assert_ptr_null(wiping_malloc(SIZE_MAX - 4));
}
END_TEST

START_TEST(serves_jansson)
{
    ck_assert_int_eq(wiping_install(), 0);
    json_t *json = json_pack("{s:s}", "secret", SECRET);
    json_decref(json);
    ck_assert(saw_secret);
}
END_TEST

START_TEST(serves_libcurl)
{
    ck_assert_int_eq(wiping_install(), 0);
    CURL *curl = curl_easy_init();
    ck_assert_int_eq(curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, SECRET), CURLE_OK);
    curl_easy_cleanup(curl);
    ck_assert(saw_secret);
}
END_TEST

SUITE_MAIN("wiping", wipes_a_block_before_it_is_freed, wipes_the_old_block_when_it_moves,
           takes_null_as_realloc_and_free_do, refuses_sizes_that_overflow, serves_jansson,
           serves_libcurl)
