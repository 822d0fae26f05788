/* Thousands of random verbs and checks on a real table, against a plain model of what they do
 *
 * Both clocks stand still and are moved by hand, so that each unit of each bucket can be told. What
 * rate.h computes is taken as right: tests/lib/core/test_rate.c sees to that. */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/daemon/fixture.h"
#include "tests/daemon/kept.h"
#include "tests/suite.h"

/* ---- clocks, a disk without waiting, and chance ------------------------------------------------
 */

static _Atomic int64_t frozen_s; /* of both clocks; 0: they run */

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *ret)
{
    int64_t s = atomic_load(&frozen_s);
    if (s == 0 || (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC))
        return (int)syscall(SYS_clock_gettime, clock, ret);
    *ret = (struct timespec){.tv_sec = (time_t)s};
    return 0;
}

__attribute__((visibility("default"))) int fdatasync(int fd)
{
    return 0;
}

static int64_t now_s(void)
{
    return atomic_load(&frozen_s);
}

static uint64_t now_ns(void)
{
    return (uint64_t)now_s() * UINT64_C(1000000000);
}

static uint32_t chance;

static unsigned draw(unsigned below)
{
    chance = chance * 1664525u + 1013904223u;
    return (chance >> 8) % below;
}

/* ---- the model ---------------------------------------------------------------------------------
 */

#define CREDENTIALS_MAX 2000
#define VALUES          6  /* of legacy keys, removed and added again and again */
#define RECENT          12 /* those that verbs mostly meet, so that they meet twice */
#define NONE            (-1)

struct known {
    bool gone, legacy, suspended, revoked;
    unsigned value; /* of a legacy key */
    int64_t expires_at, grace_until;
    int rotated_to;
    struct rate_limit limit;
    uint64_t tat;
    uint64_t allowed, refused;
    char name[NAME_MAX_LEN + 1];
    char key_id[KEY_ID_LEN + 1];
    char secret[TOKEN_LEN + 1];
};

struct model {
    struct fixture fixture;
    int count;
    struct known all[CREDENTIALS_MAX];
    bool value_used[VALUES];
};

static struct model model;

static struct rate rate_of(const struct known *c)
{
    struct rate rate;
    ck_assert_int_eq(rate_init(&rate, &c->limit), RATE_OK);
    return rate;
}

static enum record_state state_of(const struct known *c)
{
    if (c->revoked || (c->grace_until != 0 && now_s() >= c->grace_until))
        return RECORD_REVOKED;
    if (c->suspended)
        return RECORD_SUSPENDED;
    return c->expires_at != 0 && now_s() >= c->expires_at ? RECORD_EXPIRED : RECORD_ACTIVE;
}

static uint64_t remaining_of(const struct known *c)
{
    struct rate rate = rate_of(c);
    struct rate_result one = rate_spend(&rate, c->tat, now_ns(), 1);
    return one.allowed ? one.remaining + 1 : 0;
}

static struct known *pick(void)
{
    int span = draw(8) > 0 && model.count > RECENT ? RECENT : model.count;
    return &model.all[model.count - 1 - (int)draw((unsigned)span)];
}

static struct known *append(const struct fixture_outcome *outcome)
{
    ck_assert_int_lt(model.count, CREDENTIALS_MAX);
    struct known *c = &model.all[model.count++];
    *c = (struct known){.rotated_to = NONE};
    text_copy(text_of(outcome->key_id), c->key_id, sizeof c->key_id);
    text_copy(text_of(outcome->secret), c->secret, sizeof c->secret);
    return c;
}

/* One unit in so many whole seconds. */
static struct rate_limit draw_limit(void)
{
    uint64_t window_ns = (1 + draw(40)) * UINT64_C(1000000000);
    return (struct rate_limit){1, window_ns, 1 + draw(12)};
}

static void format_value(unsigned value, char ret[static 32])
{
    snprintf(ret, 32, "legacy-key-number-%u", value);
}

/* ---- checks ------------------------------------------------------------------------------------
 */

static struct verdict ask(const struct known *c, uint64_t cost, bool peek)
{
    char value[32];
    struct verdict verdict;
    struct text_query query = {.site = TEXT("kasa"), .cost = cost, .peek = peek};
    const struct service_config *as =
        config_service(service_config_of(model.fixture.service), TEXT("default"));
    format_value(c->value, value);
    if (c->legacy)
        query.api_key = text_of(value);
    else
        query.token = text_of(c->secret);
    ck_assert_int_eq(service_check_text(model.fixture.service, as, &query, &verdict), 0);
    return verdict;
}

static enum reason expected_of(const struct known *c, uint64_t cost)
{
    switch (state_of(c)) {
    case RECORD_REVOKED: return REASON_REVOKED_TOKEN;
    case RECORD_SUSPENDED: return REASON_SUSPENDED_TOKEN;
    case RECORD_EXPIRED: return REASON_EXPIRED_TOKEN;
    default: break;
    }
    if (cost > c->limit.burst)
        return REASON_COST_EXCEEDS_BURST;
    return remaining_of(c) >= cost ? REASON_OK : REASON_RATE_LIMITED;
}

static void spend(void)
{
    struct known *c = pick();
    if (c->gone)
        return;
    uint64_t cost = 1 + draw(3);
    enum reason expected = expected_of(c, cost);
    struct rate rate = rate_of(c);
    struct verdict verdict = ask(c, cost, false);
    ck_assert_int_eq(verdict.reason, expected);
    if (expected == REASON_OK) {
        c->tat = rate_spend(&rate, c->tat, now_ns(), cost).tat_ns;
        c->allowed++;
        ck_assert_uint_eq(verdict.remaining, remaining_of(c));
    } else {
        c->refused++;
    }
}

/* ---- the record as it is shown -----------------------------------------------------------------
 */

static int compare(const struct listing *listing, struct text position, void *userdata)
{
    const struct known *c = userdata;
    const struct record *record = &listing->record;

    ck_assert_int_eq(listing->state, state_of(c));
    ck_assert(record->suspended == c->suspended && record->revoked == c->revoked);
    ck_assert_int_eq(record->expires_at, c->expires_at);
    ck_assert_int_eq(record->grace_until, c->grace_until);
    ck_assert(text_equal(record->name, text_of(c->name)));
    ck_assert(text_equal(record->rotated_to,
                         text_of(c->rotated_to == NONE ? "" : model.all[c->rotated_to].key_id)));
    ck_assert_uint_eq(record->limit.requests, c->limit.requests);
    ck_assert_uint_eq(record->limit.window_ns, c->limit.window_ns);
    ck_assert_uint_eq(record->limit.burst, c->limit.burst);
    ck_assert_uint_eq(listing->remaining, remaining_of(c));
    ck_assert_uint_eq(listing->usage.allowed, c->allowed);
    ck_assert_uint_eq(listing->usage.refused, c->refused);
    return 0;
}

static void verify(struct known *c)
{
    int r = service_show(model.fixture.service, text_of(c->key_id), compare, c);
    ck_assert_int_eq(r, c->gone ? -ENOENT : 0);
    if (c->gone && model.value_used[c->value])
        return; /* its value is another one's now */
    struct verdict verdict = ask(c, 1, true);
    ck_assert_int_eq(verdict.reason, c->gone ? REASON_UNKNOWN_TOKEN : expected_of(c, 1));
    if (!c->gone)
        ck_assert_str_eq(verdict.key_id, c->key_id);
}

/* ---- verbs: what the service says must be what the model expects -------------------------------
 */

static void mint(void)
{
    struct mint mint = fixture_kasa();
    mint.limit = draw_limit();
    if (draw(3) == 0)
        mint.expires_at = now_s() + 1 + draw(60);
    struct fixture_outcome outcome = fixture_mint(&model.fixture, &mint);
    ck_assert_int_eq(outcome.error, 0);
    struct known *c = append(&outcome);
    c->limit = mint.limit;
    c->expires_at = mint.expires_at;
    snprintf(c->name, sizeof c->name, "production");
}

static void legacy_add(void)
{
    char text[32];
    unsigned value = draw(VALUES);
    struct mint mint = fixture_kasa();
    format_value(value, text);
    mint.kind = KIND_LEGACY;
    mint.legacy_key = text_of(text);
    mint.limit = draw_limit();
    struct fixture_outcome outcome = fixture_mint(&model.fixture, &mint);
    ck_assert_int_eq(outcome.error, model.value_used[value] ? -EEXIST : 0);
    if (outcome.error < 0)
        return;
    model.value_used[value] = true;
    struct known *c = append(&outcome);
    c->legacy = true;
    c->value = value;
    c->limit = mint.limit;
    snprintf(c->name, sizeof c->name, "production");
}

static void legacy_remove(void)
{
    struct known *c = pick();
    int expected = c->gone ? -ENOENT : c->legacy ? 0 : -EOPNOTSUPP;
    ck_assert_int_eq(fixture_legacy_remove(&model.fixture, c->key_id).error, expected);
    if (expected == 0) {
        c->gone = true;
        model.value_used[c->value] = false;
    }
    verify(c);
}

static int rotate_error(const struct known *c)
{
    if (c->gone)
        return -ENOENT;
    if (c->legacy)
        return -EOPNOTSUPP;
    if (state_of(c) == RECORD_REVOKED || state_of(c) == RECORD_EXPIRED)
        return -EPERM;
    return c->grace_until != 0 ? -EINPROGRESS : 0;
}

static void rotate(void)
{
    struct known *old = pick();
    uint64_t grace_s = draw(3) == 0 ? 0 : 1 + draw(50);
    int expected = rotate_error(old);
    struct fixture_outcome outcome = fixture_rotate(&model.fixture, old->key_id, grace_s);
    ck_assert_int_eq(outcome.error, expected);
    if (expected < 0)
        return;
    struct known *new = append(&outcome);
    new->suspended = old->suspended;
    new->expires_at = old->expires_at;
    new->limit = old->limit;
    new->tat = old->tat;
    memcpy(new->name, old->name, sizeof new->name);
    old->rotated_to = model.count - 1;
    old->revoked = grace_s == 0;
    old->grace_until = grace_s == 0 ? 0 : now_s() + (int64_t)grace_s;
    verify(old);
    verify(new);
}

static bool is_in_grace(const struct known *c)
{
    return !c->gone && c->grace_until != 0 && state_of(c) != RECORD_REVOKED;
}

static void end_grace(struct known *c)
{
    c->revoked = true;
    c->grace_until = 0;
}

static void rotate_finish(void)
{
    struct known *c = pick();
    int expected = c->gone ? -ENOENT : is_in_grace(c) ? 0 : -ESRCH;
    ck_assert_int_eq(fixture_rotate_finish(&model.fixture, c->key_id).error, expected);
    if (expected == 0)
        end_grace(c);
    verify(c);
}

static void rotate_shorten(void)
{
    struct known *c = pick();
    uint64_t grace_s = draw(30);
    bool shorter = is_in_grace(c) && now_s() + (int64_t)grace_s < c->grace_until;
    int expected = c->gone ? -ENOENT : shorter ? 0 : -ESRCH;
    ck_assert_int_eq(fixture_rotate_shorten(&model.fixture, c->key_id, grace_s).error, expected);
    if (expected == 0 && grace_s == 0)
        end_grace(c);
    else if (expected == 0)
        c->grace_until = now_s() + (int64_t)grace_s;
    verify(c);
}

static void rotate_cancel(void)
{
    struct known *old = pick();
    int expected = old->gone ? -ENOENT : is_in_grace(old) ? 0 : -ESRCH;
    struct known *new = expected == 0 ? &model.all[old->rotated_to] : NULL;
    if (new &&new->rotated_to != NONE)
        expected = -EINPROGRESS;
    ck_assert_int_eq(fixture_rotate_cancel(&model.fixture, old->key_id).error, expected);
    if (expected == 0) {
        struct rate from = rate_of(new), to = rate_of(old);
        uint64_t tat = rate_convert(&from, &to, new->tat, now_ns());
        old->tat = tat > old->tat ? tat : old->tat;
        old->grace_until = 0;
        old->rotated_to = NONE;
        new->revoked = true;
        verify(new);
    }
    verify(old);
}

static void suspend_or_resume(void)
{
    struct known *c = pick();
    bool suspend = draw(2) == 0;
    int expected = c->gone                         ? -ENOENT
                   : state_of(c) == RECORD_REVOKED ? -EPERM
                   : c->suspended == suspend       ? -EALREADY
                                                   : 0;
    struct fixture_outcome outcome = suspend ? fixture_suspend(&model.fixture, c->key_id, "odd")
                                             : fixture_resume(&model.fixture, c->key_id);
    ck_assert_int_eq(outcome.error, expected);
    if (expected == 0)
        c->suspended = suspend;
    verify(c);
}

static void revoke_one(void)
{
    struct known *c = pick();
    int expected = c->gone ? -ENOENT : c->revoked ? -EALREADY : 0;
    ck_assert_int_eq(fixture_revoke(&model.fixture, c->key_id, "").error, expected);
    if (expected == 0)
        c->revoked = true;
    verify(c);
}

static void edit(void)
{
    static const unsigned choices[] = {EDIT_LIMIT,  EDIT_EXPIRES,
                                       EDIT_NAME,   EDIT_BURST,
                                       EDIT_WINDOW, EDIT_LIMIT | EDIT_EXPIRES | EDIT_NAME};
    char name[32];
    struct known *c = pick();
    struct edit edit = {.fields = choices[draw(sizeof choices / sizeof choices[0])],
                        .limit = draw_limit(),
                        .expires_at = draw(2) == 0 ? 0 : now_s() + 1 + draw(60)};
    snprintf(name, sizeof name, "name %u", draw(1000));
    edit.name = text_of(name);
    int expected = c->gone ? -ENOENT : state_of(c) == RECORD_REVOKED ? -EPERM : 0;
    ck_assert_int_eq(fixture_edit(&model.fixture, c->key_id, &edit).error, expected);
    if (expected < 0)
        return;
    struct rate from = rate_of(c);
    if (edit.fields & EDIT_BURST)
        c->limit.burst = edit.limit.burst;
    if (edit.fields & EDIT_WINDOW)
        c->limit.window_ns = edit.limit.window_ns;
    if (edit.fields & EDIT_EXPIRES)
        c->expires_at = edit.expires_at;
    if (edit.fields & EDIT_NAME)
        text_copy(text_of(name), c->name, sizeof c->name);
    struct rate to = rate_of(c);
    c->tat = rate_convert(&from, &to, c->tat, now_ns());
    if (draw(2) == 0) /* else the next to look at it is somebody else, later */
        verify(c);
}

/* ---- all of it ---------------------------------------------------------------------------------
 */

static void verify_all(void)
{
    for (int i = 0; i < model.count; i++)
        verify(&model.all[i]);
}

static void pass_time(void)
{
    atomic_fetch_add(&frozen_s, (int64_t)draw(15));
}

/* With its view or, as without a service manager, from the table alone. */
static void restart(void)
{
    struct fdstore left;

    if (draw(15) != 0)
        return;
    if (draw(2) == 0) {
        kept_give(&left);
        model.fixture.inherited = &left;
        fixture_restart(&model.fixture);
        fdstore_close(&left);
        model.fixture.inherited = NULL;
    } else {
        kept_end();
        kept_begin();
        fixture_restart(&model.fixture);
    }
}

static void publish_some(void)
{
    (void)service_work(model.fixture.service, 0);
}

static void (*const steps[])(void) = {
    mint,
    legacy_add,
    legacy_remove,
    rotate,
    rotate,
    rotate_finish,
    rotate_cancel,
    rotate_cancel,
    rotate_shorten,
    suspend_or_resume,
    suspend_or_resume,
    revoke_one,
    edit,
    edit,
    edit,
    spend,
    spend,
    spend,
    spend,
    spend,
    spend,
    pass_time,
    pass_time,
    restart,
    publish_some,
    publish_some,
};

static void run(uint32_t seed, unsigned count)
{
    struct timespec ts;
    printf("seed %u\n", seed);
    fflush(stdout);
    memset(&model, 0, sizeof model);
    chance = seed;
    ck_assert_int_eq(clock_gettime(CLOCK_REALTIME, &ts), 0);
    atomic_store(&frozen_s, (int64_t)ts.tv_sec);
    kept_begin();
    fixture_open(&model.fixture, NULL);
    mint();
    for (unsigned i = 0; i < count; i++) {
        steps[draw(sizeof steps / sizeof steps[0])]();
        verify(pick());
        if (i % 500 == 499)
            verify_all();
    }
    fixture_restart(&model.fixture);
    verify_all();
    fixture_close(&model.fixture);
    kept_end();
    atomic_store(&frozen_s, 0);
}

#define STEPS 1500

START_TEST(table_and_checks_agree_with_the_model_from_seed_1)
{
    run(1, STEPS);
}
END_TEST

START_TEST(table_and_checks_agree_with_the_model_from_seed_2)
{
    run(20261124, STEPS);
}
END_TEST

START_TEST(table_and_checks_agree_with_the_model_from_seed_3)
{
    run(0xdecade, STEPS);
}
END_TEST

SUITE_MAIN("service_model", table_and_checks_agree_with_the_model_from_seed_1,
           table_and_checks_agree_with_the_model_from_seed_2,
           table_and_checks_agree_with_the_model_from_seed_3)
