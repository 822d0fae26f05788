/* A direct client under foreign control: it writes into the buckets without a pause, while the
 * daemon decides by them. It spoils limits, and nothing else. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/view/layout.h"
#include "tests/daemon/fixture.h"
#include "tests/suite.h"

static struct fixture fixture;

static void open_service(void)
{
    /* What is refused here need not be told. */
    fixture_open(&fixture,
                 (struct fixture_file[]){{"stkgate.conf", "log_refusals = no\n"}, {NULL, NULL}});
    while (service_work(fixture.service, 0))
        continue;
}

static struct fixture_outcome mint(bool strict, uint64_t requests)
{
    struct mint wanted = fixture_kasa();
    wanted.strict = strict;
    wanted.limit = (struct rate_limit){requests, UINT64_C(86400000000000), requests};
    struct fixture_outcome minted = fixture_mint(&fixture, &wanted);
    ck_assert_int_eq(minted.error, 0);
    return minted;
}

static enum reason reason_of(const struct fixture_outcome *minted, const char *site)
{
    return fixture_check(&fixture, "default", minted->secret, site).reason;
}

/* ---- the client -------------------------------------------------------------------------------
 */

static _Atomic uint64_t *bucket_words;
static size_t bucket_bytes;

static void map_buckets(void)
{
    struct handout handout;
    ck_assert_int_eq(service_handout(fixture.service, &handout), 0);
    bucket_bytes = handout.bucket_bytes;
    bucket_words =
        mmap(NULL, bucket_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, handout.buckets_fd, 0);
    ck_assert_ptr_ne(bucket_words, MAP_FAILED);
}

/* Words that mean something, and words that don't. */
static uint64_t hostile_word(uint64_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    switch (*random % 6) {
    case 0: return 0; /* an empty debt: all units are there */
    case 1: return VIEW_TAT_UNMOVED;
    case 2: return VIEW_TAT_FROZEN;
    case 3: return RATE_TAT_MAX;
    case 4: return *random >> 20; /* around now */
    default: return *random;
    }
}

static void spoil_once(uint64_t *random)
{
    for (size_t i = 0; i < bucket_bytes / 8; i++)
        atomic_store_explicit(&bucket_words[i], hostile_word(random), memory_order_relaxed);
}

static pid_t client;

static void start_spoiling(void)
{
    client = fork();
    ck_assert_int_ge(client, 0);
    if (client > 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (uint64_t random = 4711;;)
        spoil_once(&random);
}

/* It has been at work since the last time. */
static void await_spoiling(void)
{
    uint64_t before = atomic_load(&bucket_words[0]);
    while (atomic_load(&bucket_words[0]) == before)
        continue;
}

static void end_spoiling(void)
{
    int status;
    ck_assert_int_eq(kill(client, SIGKILL), 0);
    ck_assert_int_eq(waitpid(client, &status, 0), client);
    ck_assert(WIFSIGNALED(status));
    munmap((void *)bucket_words, bucket_bytes);
}

/* ---- what comes of it -------------------------------------------------------------------------
 */

START_TEST(who_writes_into_the_buckets_forges_and_revives_nothing)
{
    struct fixture_outcome stranger = {.secret = "stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"};
    open_service();
    struct fixture_outcome good = mint(false, 5), revoked = mint(false, 5);
    struct fixture_outcome suspended = mint(false, 5), later = mint(false, 5);
    ck_assert_int_eq(fixture_revoke(&fixture, revoked.key_id, "").error, 0);
    ck_assert_int_eq(fixture_suspend(&fixture, suspended.key_id, "").error, 0);
    map_buckets();
    start_spoiling();
    unsigned passed = 0;
    for (int i = 0; i < 3000; i++) {
        enum reason reason = reason_of(&good, "kasa");
        ck_assert(reason == REASON_OK || reason == REASON_RATE_LIMITED);
        passed += reason == REASON_OK;
        ck_assert_int_eq(reason_of(&good, "ada"), REASON_SITE_MISMATCH);
        ck_assert_int_eq(reason_of(&revoked, "kasa"), REASON_REVOKED_TOKEN);
        ck_assert_int_eq(reason_of(&suspended, "kasa"), REASON_SUSPENDED_TOKEN);
        ck_assert_int_ne(reason_of(&stranger, "kasa"), REASON_OK);
        if (i % 100 == 0)
            await_spoiling();
    }
    /* The limit is what it can spoil. */
    ck_assert_uint_gt(passed, 5);
    /* A revocation is in force from its answer on. */
    ck_assert_int_ne(reason_of(&later, "kasa"), REASON_REVOKED_TOKEN);
    ck_assert_int_eq(fixture_revoke(&fixture, later.key_id, "").error, 0);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(reason_of(&later, "kasa"), REASON_REVOKED_TOKEN);
    end_spoiling();
    fixture_close(&fixture);
}
END_TEST

START_TEST(a_strict_token_keeps_its_limit_whatever_is_written)
{
    unsigned passed = 0;
    open_service();
    struct fixture_outcome strict = mint(true, 3);
    map_buckets();
    start_spoiling();
    for (int i = 0; i < 2000; i++) {
        passed += reason_of(&strict, "kasa") == REASON_OK;
        if (i % 100 == 0)
            await_spoiling();
    }
    ck_assert_uint_eq(passed, 3);
    end_spoiling();
    fixture_close(&fixture);
}
END_TEST

START_TEST(changes_and_a_restart_go_on_and_the_table_is_as_it_was)
{
    open_service();
    struct fixture_outcome good = mint(false, 5), revoked = mint(false, 5);
    ck_assert_int_eq(fixture_revoke(&fixture, revoked.key_id, "").error, 0);
    map_buckets();
    start_spoiling();
    await_spoiling();
    const struct edit edit = {.fields = EDIT_LIMIT, .limit = {7, UINT64_C(60000000000), 7}};
    ck_assert_int_eq(fixture_edit(&fixture, good.key_id, &edit).error, 0);
    ck_assert_int_eq(fixture_edit(&fixture, revoked.key_id, &edit).error, -EPERM);
    ck_assert_int_eq(fixture_suspend(&fixture, good.key_id, "").error, 0);
    ck_assert_int_eq(fixture_resume(&fixture, good.key_id).error, 0);
    struct fixture_outcome rotated = fixture_rotate(&fixture, good.key_id, 0);
    ck_assert_int_eq(rotated.error, 0);
    (void)reason_of(&rotated, "kasa");
    await_spoiling();
    (void)service_flush_usage(fixture.service);
    end_spoiling();
    fixture_restart(&fixture);
    ck_assert_int_eq(reason_of(&good, "kasa"), REASON_REVOKED_TOKEN);
    ck_assert_int_eq(reason_of(&revoked, "kasa"), REASON_REVOKED_TOKEN);
    enum reason reason = reason_of(&rotated, "kasa");
    ck_assert(reason == REASON_OK || reason == REASON_RATE_LIMITED);
    fixture_close(&fixture);
}
END_TEST

SUITE_MAIN("service_spoiled", who_writes_into_the_buckets_forges_and_revives_nothing,
           a_strict_token_keeps_its_limit_whatever_is_written,
           changes_and_a_restart_go_on_and_the_table_is_as_it_was)
