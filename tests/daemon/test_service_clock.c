/* A system clock that jumps, and one that is dead at boot: what is over stays over. */
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/daemon/fixture.h"
#include "tests/suite.h"

/* The service finds this clock instead of the C library's. */
static _Atomic int64_t clock_shift_s;

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *ret)
{
    int r = (int)syscall(SYS_clock_gettime, clock, ret);
    if (r == 0 && clock == CLOCK_REALTIME)
        ret->tv_sec += (time_t)atomic_load(&clock_shift_s);
    return r;
}

static int64_t now_s(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return ts.tv_sec;
}

#define DAY INT64_C(86400)

static enum reason reason_of(struct fixture *fixture, const char *token, const char *site)
{
    return fixture_check(fixture, "default", token, site).reason;
}

START_TEST(a_clock_that_is_set_back_revives_nothing)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    struct mint mint = fixture_kasa();
    mint.expires_at = now_s() + DAY;
    struct fixture_outcome token = fixture_mint(&fixture, &mint);
    mint = fixture_kasa();
    struct fixture_outcome old = fixture_mint(&fixture, &mint);
    ck_assert_int_eq(fixture_rotate(&fixture, old.key_id, DAY).error, 0);
    mint.kind = KIND_LEGACY;
    mint.legacy_key = TEXT("legacy-key-of-the-clock");
    mint.sunset_at = now_s() + DAY;
    ck_assert_int_eq(fixture_mint(&fixture, &mint).error, 0);
    ck_assert_int_eq(reason_of(&fixture, token.secret, "kasa"), REASON_OK);
    ck_assert_int_eq(reason_of(&fixture, old.secret, "kasa"), REASON_OK);
    ck_assert_int_eq(fixture_legacy_reason(&fixture, "legacy-key-of-the-clock"), REASON_OK);

    static const int64_t shifts_s[] = {2 * DAY, 0, -20000 * DAY, 2 * DAY};
    for (unsigned i = 0; i < 4; i++) {
        atomic_store(&clock_shift_s, shifts_s[i]);
        ck_assert_int_eq(reason_of(&fixture, token.secret, "kasa"), REASON_EXPIRED_TOKEN);
        ck_assert_int_eq(reason_of(&fixture, old.secret, "kasa"), REASON_REVOKED_TOKEN);
        ck_assert_int_eq(fixture_legacy_reason(&fixture, "legacy-key-of-the-clock"),
                         REASON_LEGACY_SUNSET);
    }
    fixture_close(&fixture);
}
END_TEST

START_TEST(a_restart_with_a_dead_clock_revives_nothing_that_was_used_or_changed_before)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    struct mint mint = fixture_kasa();
    mint.expires_at = now_s() + DAY;
    struct fixture_outcome token = fixture_mint(&fixture, &mint);
    atomic_store(&clock_shift_s, 2 * DAY);
    ck_assert_int_eq(reason_of(&fixture, token.secret, "kasa"), REASON_EXPIRED_TOKEN);
    atomic_store(&clock_shift_s, -20000 * DAY);
    for (unsigned i = 0; i < 3; i++) {
        fixture_restart(&fixture);
        ck_assert_int_eq(reason_of(&fixture, token.secret, "kasa"), REASON_EXPIRED_TOKEN);
    }
    fixture_close(&fixture);
}
END_TEST

START_TEST(an_operator_s_word_is_stronger_than_a_wrong_clock_of_the_past)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    struct mint mint = fixture_kasa();
    mint.expires_at = now_s() + DAY;
    struct fixture_outcome token = fixture_mint(&fixture, &mint);
    atomic_store(&clock_shift_s, 2 * DAY);
    mint = fixture_kasa();
    ck_assert_int_eq(fixture_mint(&fixture, &mint).error, 0);
    atomic_store(&clock_shift_s, 0);
    fixture_restart(&fixture);
    ck_assert_int_eq(reason_of(&fixture, token.secret, "kasa"), REASON_EXPIRED_TOKEN);
    fixture_restart(&fixture);
    service_trust_clock(fixture.service);
    ck_assert_int_eq(reason_of(&fixture, token.secret, "kasa"), REASON_OK);
    fixture_restart(&fixture); /* its use was saved, and with it the time */
    ck_assert_int_eq(reason_of(&fixture, token.secret, "kasa"), REASON_OK);
    fixture_close(&fixture);
}
END_TEST

SUITE_MAIN("service_clock", a_clock_that_is_set_back_revives_nothing,
           a_restart_with_a_dead_clock_revives_nothing_that_was_used_or_changed_before,
           an_operator_s_word_is_stronger_than_a_wrong_clock_of_the_past)
