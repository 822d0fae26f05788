/* After a commit that failed nothing passes any more: what was revoked last may be, or not. */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/daemon/fixture.h"
#include "tests/suite.h"

/* LMDB finds this disk instead of the C library's. */
static _Atomic int sync_error;

__attribute__((visibility("default"))) int fdatasync(int fd)
{
    errno = atomic_load(&sync_error);
    return errno ? -1 : (int)syscall(SYS_fdatasync, fd);
}

static int check(struct fixture *fixture, const char *token, struct verdict *ret)
{
    const struct text_query query = {.token = text_of(token), .site = TEXT("kasa")};
    const struct service_config *as =
        config_service(service_config_of(fixture->service), TEXT("default"));

    return service_check_text(fixture->service, as, &query, ret);
}

static void assert_nothing_passes(struct fixture *fixture, const char *token)
{
    struct verdict verdict;
    ck_assert_int_lt(check(fixture, token, &verdict), 0);
    ck_assert_int_eq(verdict.reason, REASON_UNAVAILABLE);
}

START_TEST(a_revocation_of_unknown_outcome_is_not_done_and_nothing_passes)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    const struct mint mint = fixture_kasa();
    struct fixture_outcome leaked = fixture_mint(&fixture, &mint);
    struct fixture_outcome other = fixture_mint(&fixture, &mint);
    ck_assert_int_eq(fixture_check(&fixture, "default", leaked.secret, "kasa").reason, REASON_OK);
    ck_assert_int_eq(fixture_check(&fixture, "default", other.secret, "kasa").reason, REASON_OK);
    atomic_store(&sync_error, EIO);
    ck_assert_int_eq(fixture_revoke(&fixture, leaked.key_id, "leaked").error, -EIO);
    ck_assert(service_must_exit(fixture.service));
    atomic_store(&sync_error, 0); /* a disk that works again proves nothing */
    assert_nothing_passes(&fixture, leaked.secret);
    assert_nothing_passes(&fixture, other.secret);
    ck_assert_int_eq(fixture_revoke(&fixture, leaked.key_id, "leaked").error, -ESHUTDOWN);
    fixture_close(&fixture);
}
END_TEST

START_TEST(a_table_that_was_replaced_takes_no_change_and_nothing_passes)
{
    struct fixture fixture;
    char path[PATH_MAX + 32], aside[PATH_MAX + 32];
    fixture_open(&fixture, NULL);
    const struct mint mint = fixture_kasa();
    struct fixture_outcome minted = fixture_mint(&fixture, &mint);
    snprintf(path, sizeof path, "%s/state/data.mdb", fixture.dir);
    snprintf(aside, sizeof aside, "%s/aside", fixture.dir);
    ck_assert_int_eq(rename(path, aside), 0);
    ck_assert_int_eq(fixture_revoke(&fixture, minted.key_id, "").error, -ESTALE);
    ck_assert(service_must_exit(fixture.service));
    assert_nothing_passes(&fixture, minted.secret);
    fixture_close(&fixture);
}
END_TEST

START_TEST(a_full_disk_is_no_reason_to_end)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    const struct mint mint = fixture_kasa();
    struct fixture_outcome minted = fixture_mint(&fixture, &mint);
    atomic_store(&sync_error, ENOSPC);
    ck_assert_int_eq(fixture_mint(&fixture, &mint).error, -EDQUOT);
    ck_assert(!service_must_exit(fixture.service));
    ck_assert_int_eq(fixture_check(&fixture, "default", minted.secret, "kasa").reason, REASON_OK);
    atomic_store(&sync_error, 0);
    ck_assert_int_eq(fixture_mint(&fixture, &mint).error, 0);
    fixture_close(&fixture);
}
END_TEST

SUITE_MAIN("service_failure", a_revocation_of_unknown_outcome_is_not_done_and_nothing_passes,
           a_table_that_was_replaced_takes_no_change_and_nothing_passes,
           a_full_disk_is_no_reason_to_end)
