/* Besides the standard's dialogue: GCRA against a token bucket in exact fractions, which knows
 * nothing of arrival times. */
#include "lib/core/rate.h"

#include <string.h>

#include "tests/suite.h"

#define SECOND_NS UINT64_C(1000000000)

/* ---- random numbers: the same in each run ---------------------------------------------------- */

static uint64_t random_state;

static uint64_t random_u64(void)
{
    /* xorshift64* */
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * UINT64_C(2685821657736338717);
}

/* 1 to max, each order of magnitude equally likely. */
static uint64_t random_magnitude(uint64_t max)
{
    unsigned bits = 64 - (unsigned)__builtin_clzll(max);
    uint64_t v = random_u64() >> (64 - (1 + random_u64() % bits));
    return v == 0 ? 1 : v > max ? max : v;
}

/* ---- fractions ------------------------------------------------------------------------------- */

__extension__ typedef __int128 wide;

struct fraction {
    wide num, den; /* den > 0, in lowest terms */
};

static struct fraction fraction_of(wide num, wide den)
{
    wide a = num < 0 ? -num : num, b = den;
    while (b != 0) {
        wide rest = a % b;
        a = b;
        b = rest;
    }
    return a == 0 ? (struct fraction){0, 1} : (struct fraction){num / a, den / a};
}

static struct fraction fraction_add(struct fraction a, struct fraction b)
{
    return fraction_of(a.num * b.den + b.num * a.den, a.den * b.den);
}

static struct fraction fraction_sub(struct fraction a, struct fraction b)
{
    return fraction_add(a, (struct fraction){-b.num, b.den});
}

static struct fraction fraction_min(struct fraction a, struct fraction b)
{
    return fraction_sub(a, b).num < 0 ? a : b;
}

static wide fraction_floor(struct fraction a)
{
    wide q = a.num / a.den;
    return a.num % a.den < 0 ? q - 1 : q;
}

static wide fraction_ceil(struct fraction a)
{
    return -fraction_floor((struct fraction){-a.num, a.den});
}

/* ---- the model: units that flow in steadily, up to a brim ------------------------------------ */

struct model {
    struct fraction units;
    uint64_t at_ns;
};

static struct model model_full(const struct rate *rate, uint64_t now_ns)
{
    return (struct model){{(wide)rate->burst, 1}, now_ns};
}

static void model_advance(struct model *model, const struct rate *rate, uint64_t now_ns)
{
    struct fraction flowed = fraction_of((wide)(now_ns - model->at_ns), (wide)rate->interval_ns);
    model->units =
        fraction_min(fraction_add(model->units, flowed), (struct fraction){(wide)rate->burst, 1});
    model->at_ns = now_ns;
}

/* Nanoseconds until so many units are there, rounded up. */
static uint64_t model_wait_ns(const struct model *model, const struct rate *rate, uint64_t units)
{
    struct fraction missing = fraction_sub((struct fraction){(wide)units, 1}, model->units);
    if (missing.num <= 0)
        return 0;
    return (uint64_t)fraction_ceil(fraction_of(missing.num * (wide)rate->interval_ns, missing.den));
}

static void model_spend(struct model *model, const struct rate *rate, uint64_t cost,
                        const struct rate_result *result)
{
    struct fraction left = fraction_sub(model->units, (struct fraction){(wide)cost, 1});
    bool allowed = left.num >= 0;
    ck_assert_int_eq(result->allowed, allowed);
    ck_assert_uint_eq(result->retry_ns, allowed ? 0 : model_wait_ns(model, rate, cost));
    if (allowed)
        model->units = left;
    uint64_t whole = (uint64_t)fraction_floor(model->units);
    ck_assert_uint_eq(result->remaining, whole);
    ck_assert_uint_eq(result->full_in_ns, model_wait_ns(model, rate, rate->burst));
    ck_assert_uint_eq(result->next_in_ns,
                      whole == rate->burst ? 0 : model_wait_ns(model, rate, whole + 1));
}

/* One bucket's life: calls of random cost at random times, around what matters for this limit. */
static void run_against_model(const struct rate *rate, uint64_t start_ns, unsigned calls)
{
    uint64_t now_ns = start_ns, tat_ns = 0;
    struct model model = model_full(rate, now_ns);
    for (unsigned i = 0; i < calls; i++) {
        uint64_t cost = random_u64() % 4 == 0 ? random_magnitude(rate->burst) : 1;
        struct rate_result result = rate_spend(rate, tat_ns, now_ns, cost);
        model_spend(&model, rate, cost, &result);
        tat_ns = result.tat_ns;

        uint64_t step_ns = 0;
        switch (random_u64() % 5) {
        case 0: break;
        case 1: step_ns = result.retry_ns; break; /* to the nanosecond when it would pass */
        case 2: step_ns = result.retry_ns > 0 ? result.retry_ns - 1 : result.next_in_ns; break;
        case 3: step_ns = random_u64() % (2 * rate->interval_ns); break;
        case 4: step_ns = random_u64() % (rate->tau_ns + 1); break;
        }
        if (step_ns > (UINT64_MAX >> 1) - now_ns) /* 292 years of uptime */
            return;
        now_ns += step_ns;
        model_advance(&model, rate, now_ns);
    }
}

static struct rate rate_of(uint64_t requests, uint64_t window_ns, uint64_t burst)
{
    struct rate rate;
    struct rate_limit limit = {requests, window_ns, burst};
    ck_assert_int_eq(rate_init(&rate, &limit), RATE_OK);
    return rate;
}

/* ---- tests ----------------------------------------------------------------------------------- */

START_TEST(follows_the_standards_dialogue)
{
    struct rate rate = rate_of(60, 60 * SECOND_NS, 60);
    struct rate_result r = {.tat_ns = 0};
    for (uint64_t i = 1; i <= 60; i++) {
        r = rate_spend(&rate, r.tat_ns, 0, 1);
        ck_assert(r.allowed);
        ck_assert_uint_eq(r.remaining, 60 - i);
        ck_assert_uint_eq(r.full_in_ns, i * SECOND_NS);
        ck_assert_uint_eq(r.next_in_ns, SECOND_NS);
    }
    uint64_t tat_ns = r.tat_ns;
    r = rate_spend(&rate, tat_ns, 0, 1);
    ck_assert(!r.allowed);
    ck_assert_uint_eq(r.retry_ns, SECOND_NS);
    ck_assert_uint_eq(r.remaining, 0);
    ck_assert_uint_eq(r.tat_ns, tat_ns);

    r = rate_spend(&rate, tat_ns, SECOND_NS * 3 / 2, 1);
    ck_assert(r.allowed);
    ck_assert_uint_eq(r.remaining, 0);
    ck_assert_uint_eq(r.full_in_ns, SECOND_NS * 119 / 2);
    ck_assert_uint_eq(r.next_in_ns, SECOND_NS / 2);
}
END_TEST

START_TEST(agrees_with_exact_fractions_on_random_limits)
{
    random_state = 1;
    for (unsigned run = 0; run < 3000; run++) {
        uint64_t window_ns = random_magnitude(UINT64_C(1) << 50) + 100;
        struct rate_limit limit = {random_magnitude(window_ns / 100), window_ns,
                                   random_magnitude(UINT64_C(1) << 40)};
        struct rate rate;
        if (rate_init(&rate, &limit) != RATE_OK)
            continue;
        run_against_model(&rate, random_magnitude(UINT64_C(1) << 60), 100);
    }
}
END_TEST

START_TEST(agrees_with_exact_fractions_at_the_ends)
{
    static const struct rate_limit limits[] = {
        {1, 100 * SECOND_NS, 1},                           /* 0.01/s */
        {1, 100 * SECOND_NS, 1000},                        /* 0.01/s */
        {10000000, SECOND_NS, 1},                          /* 10^7/s */
        {10000000, SECOND_NS, 10000000},                   /* 10^7/s */
        {9999999, SECOND_NS, 3},                           /* an interval that is no whole number */
        {3, SECOND_NS, 7},                                 /* likewise */
        {1, 1000, 1},                                      /* the same as 10^6/s */
        {1, RATE_TAU_MAX_NS, 1},                           /* one in 73 years */
        {1, RATE_TAU_MAX_NS / 2, 2},                       /* tau at its limit */
        {1, 1 << 20, RATE_TAU_MAX_NS >> 20},               /* likewise */
        {UINT64_MAX / 100, UINT64_MAX, UINT64_C(1) << 54}, /* likewise, with the longest window */
    };
    random_state = 2;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct rate rate;
        ck_assert_msg(rate_init(&rate, &limits[i]) == RATE_OK, "number %zu", i);
        for (unsigned run = 0; run < 50; run++)
            run_against_model(&rate, random_u64() >> 2, 100);
    }
}
END_TEST

START_TEST(never_admits_more_than_the_configured_rate)
{
    /* Greedy for 3 windows: at most the burst and what flows in, however the interval is rounded;
     * and not less than that but for the rounding. */
    random_state = 3;
    for (unsigned run = 0; run < 200; run++) {
        uint64_t window_ns = random_magnitude(UINT64_C(1) << 45) + 1000000;
        uint64_t requests = random_magnitude(1000), burst = random_magnitude(50);
        struct rate rate = rate_of(requests, window_ns, burst);
        ck_assert_uint_ge(rate.interval_ns * requests, window_ns);
        ck_assert_uint_lt((rate.interval_ns - 1) * requests, window_ns);

        uint64_t now_ns = 12345, end_ns = now_ns + 3 * window_ns, tat_ns = 0, admitted = 0;
        while (now_ns <= end_ns) {
            struct rate_result r = rate_spend(&rate, tat_ns, now_ns, 1);
            tat_ns = r.tat_ns;
            admitted += r.allowed;
            now_ns += r.retry_ns;
        }
        ck_assert_uint_le(admitted, burst + 3 * requests);
        ck_assert_uint_ge(admitted + 1, burst + 3 * window_ns / rate.interval_ns);
    }
}
END_TEST

START_TEST(computes_the_interval)
{
    static const struct {
        struct rate_limit limit;
        uint64_t interval_ns;
    } rows[] = {
        {{60, 60 * SECOND_NS, 60}, SECOND_NS},
        {{1, 100 * SECOND_NS, 1}, 100 * SECOND_NS},
        {{10000000, SECOND_NS, 1}, 100},
        {{3, SECOND_NS, 1}, 333333334},
        {{1, 1000, 1}, 1000},
        {{7, 701, 1}, 101},
        {{1, RATE_TAU_MAX_NS, 1}, RATE_TAU_MAX_NS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rate rate;
        ck_assert_int_eq(rate_init(&rate, &rows[i].limit), RATE_OK);
        ck_assert_uint_eq(rate.interval_ns, rows[i].interval_ns);
        ck_assert_uint_eq(rate.burst, rows[i].limit.burst);
        ck_assert_uint_eq(rate.tau_ns, rate.interval_ns * rate.burst);
    }
}
END_TEST

START_TEST(refuses_limits_that_make_no_sense)
{
    static const struct {
        struct rate_limit limit;
        enum rate_error error;
    } rows[] = {
        {{0, SECOND_NS, 1}, RATE_NO_REQUESTS},
        {{1, 0, 1}, RATE_NO_WINDOW},
        {{1, SECOND_NS, 0}, RATE_NO_BURST},
        {{10000001, SECOND_NS, 1}, RATE_TOO_FAST},
        {{1, 99, 1}, RATE_TOO_FAST},
        {{UINT64_C(1) << 63, SECOND_NS, 1}, RATE_TOO_FAST},
        {{UINT64_MAX, UINT64_MAX, 1}, RATE_TOO_FAST},
        {{1, RATE_TAU_MAX_NS + 1, 1}, RATE_TOO_SLOW},
        {{1, RATE_TAU_MAX_NS / 2, 3}, RATE_TOO_SLOW},
        {{1, SECOND_NS, UINT64_C(1) << 63}, RATE_TOO_SLOW},
        {{1, UINT64_MAX, UINT64_MAX}, RATE_TOO_SLOW},
        {{1, UINT64_C(1) << 32, UINT64_C(1) << 32}, RATE_TOO_SLOW}, /* 2^64 would wrap to 0 */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rate rate = {7, 7, 7};
        ck_assert_msg(rate_init(&rate, &rows[i].limit) == rows[i].error, "number %zu", i);
        ck_assert_uint_eq(rate.interval_ns + rate.burst + rate.tau_ns, 21);
        ck_assert_str_ne(rate_error_string(rows[i].error), rate_error_string(RATE_OK));
    }
    ck_assert_uint_gt(strlen(rate_error_string((enum rate_error)77)), 0);
}
END_TEST

START_TEST(a_cost_above_the_burst_never_passes)
{
    struct rate rate = rate_of(60, 60 * SECOND_NS, 10);
    static const uint64_t costs[] = {11, UINT64_C(1) << 63, UINT64_MAX,
                                     UINT64_MAX / SECOND_NS + 2}; /* its product would wrap */
    for (size_t i = 0; i < sizeof costs / sizeof costs[0]; i++) {
        struct rate_result r = rate_spend(&rate, 0, 5, costs[i]);
        ck_assert(!r.allowed);
        ck_assert_uint_eq(r.retry_ns, UINT64_MAX);
        ck_assert_uint_eq(r.remaining, 10);
    }
    ck_assert(rate_spend(&rate, 0, 5, 10).allowed);
}
END_TEST

START_TEST(a_tat_beyond_what_can_be_is_an_empty_bucket)
{
    struct rate rate = rate_of(60, 60 * SECOND_NS, 10);
    uint64_t now_ns = 1000 * SECOND_NS, brim_ns = now_ns + 10 * SECOND_NS;
    static const uint64_t beyond[] = {1, SECOND_NS, UINT64_C(1) << 62};
    for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
        struct rate_result r = rate_spend(&rate, brim_ns + beyond[i], now_ns, 1);
        ck_assert(!r.allowed);
        ck_assert_uint_eq(r.tat_ns, brim_ns);
        ck_assert_uint_eq(r.retry_ns, SECOND_NS);
        ck_assert_uint_eq(r.full_in_ns, 10 * SECOND_NS);
    }
    ck_assert_uint_eq(rate_spend(&rate, UINT64_MAX, now_ns, 3).retry_ns, 3 * SECOND_NS);
}
END_TEST

START_TEST(nothing_overflows_at_the_end_of_time)
{
    struct rate rate = rate_of(1, RATE_TAU_MAX_NS, 1);
    static const uint64_t times[] = {UINT64_MAX, UINT64_MAX - 1, UINT64_MAX - RATE_TAU_MAX_NS + 1};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        struct rate_result r = rate_spend(&rate, times[i], times[i], 1);
        ck_assert(r.allowed);
        ck_assert_uint_eq(r.tat_ns, RATE_TAT_MAX);
        ck_assert_uint_ge(rate_convert(&rate, &rate, r.tat_ns, times[i]),
                          times[i] < RATE_TAT_MAX ? times[i] : RATE_TAT_MAX);
    }
}
END_TEST

START_TEST(rounds_seconds_up)
{
    ck_assert_uint_eq(rate_seconds(0), 0);
    ck_assert_uint_eq(rate_seconds(1), 1);
    ck_assert_uint_eq(rate_seconds(SECOND_NS), 1);
    ck_assert_uint_eq(rate_seconds(SECOND_NS + 1), 2);
    ck_assert_uint_eq(rate_seconds(UINT64_MAX), UINT64_C(18446744074));
}
END_TEST

START_TEST(a_changed_limit_keeps_the_units)
{
    static const struct {
        const char *what;
        uint64_t from_burst, from_s, to_burst, to_s; /* s: seconds per unit */
        uint64_t debt_s, expected_debt_s;
    } rows[] = {
        {"nothing changed", 60, 1, 60, 1, 20, 20},
        {"an empty bucket stays empty", 60, 1, 60, 10, 60, 600},
        {"a full one stays full, with a higher burst, too", 60, 1, 100, 1, 0, 0},
        {"a slower flow: 40 units left of 60", 60, 1, 60, 10, 20, 200},
        {"a higher burst: 40 units left of 100", 60, 1, 100, 1, 20, 60},
        {"a lower burst: 40 units are more than 30", 60, 1, 30, 1, 20, 0},
        {"a lower burst: 10 units left of 30", 60, 1, 30, 1, 50, 20},
        {"an empty one with a lower burst", 60, 1, 30, 2, 60, 60},
        {"a tat beyond the old limit is an empty bucket", 60, 1, 30, 2, 5000, 60},
    };
    const uint64_t now_ns = 100000 * SECOND_NS;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rate from = rate_of(1, rows[i].from_s * SECOND_NS, rows[i].from_burst);
        struct rate to = rate_of(1, rows[i].to_s * SECOND_NS, rows[i].to_burst);
        uint64_t tat_ns = rate_convert(&from, &to, now_ns + rows[i].debt_s * SECOND_NS, now_ns);
        ck_assert_msg(tat_ns == now_ns + rows[i].expected_debt_s * SECOND_NS, "%s", rows[i].what);
    }
    struct rate rate = rate_of(1, SECOND_NS, 60);
    ck_assert_uint_eq(rate_convert(&rate, &rate, 0, now_ns), 0); /* never used */
}
END_TEST

START_TEST(a_changed_limit_agrees_with_exact_fractions)
{
    random_state = 4;
    for (unsigned run = 0; run < 20000; run++) {
        struct rate from = rate_of(1, random_magnitude(UINT64_C(1) << 30) + 99,
                                   random_magnitude(UINT64_C(1) << 30));
        struct rate to = rate_of(1, random_magnitude(UINT64_C(1) << 30) + 99,
                                 random_magnitude(UINT64_C(1) << 30));
        uint64_t now_ns = random_u64() >> 2, debt_ns = 1 + random_u64() % from.tau_ns;
        struct fraction units = fraction_sub((struct fraction){(wide)from.burst, 1},
                                             fraction_of((wide)debt_ns, (wide)from.interval_ns));
        units = fraction_min(units, (struct fraction){(wide)to.burst, 1});
        struct fraction missing = fraction_sub((struct fraction){(wide)to.burst, 1}, units);
        wide expected = fraction_ceil(fraction_of(missing.num * (wide)to.interval_ns, missing.den));
        uint64_t tat_ns = rate_convert(&from, &to, now_ns + debt_ns, now_ns);
        ck_assert_uint_eq(tat_ns - now_ns, (uint64_t)expected);
        ck_assert_uint_le(tat_ns - now_ns, to.tau_ns);
    }
}
END_TEST

START_TEST(a_changed_limit_near_the_largest_does_not_overflow)
{
    struct rate slow = rate_of(1, RATE_TAU_MAX_NS, 1);
    struct rate fast = rate_of(1, 128, RATE_TAU_MAX_NS / 128);
    uint64_t now_ns = UINT64_C(1) << 62;
    /* Half a unit is missing of one: of the many, all but half a one. */
    ck_assert_uint_eq(rate_convert(&slow, &fast, now_ns + RATE_TAU_MAX_NS / 2, now_ns),
                      now_ns + RATE_TAU_MAX_NS - 64);
    ck_assert_uint_eq(rate_convert(&fast, &slow, now_ns + RATE_TAU_MAX_NS - 64, now_ns),
                      now_ns + RATE_TAU_MAX_NS / 2);
    ck_assert_uint_eq(rate_convert(&fast, &slow, UINT64_MAX, now_ns), now_ns + RATE_TAU_MAX_NS);
    ck_assert_uint_eq(rate_convert(&slow, &slow, UINT64_MAX, now_ns), now_ns + RATE_TAU_MAX_NS);
}
END_TEST

SUITE_MAIN("rate", follows_the_standards_dialogue, agrees_with_exact_fractions_on_random_limits,
           agrees_with_exact_fractions_at_the_ends, never_admits_more_than_the_configured_rate,
           computes_the_interval, refuses_limits_that_make_no_sense,
           a_cost_above_the_burst_never_passes, a_tat_beyond_what_can_be_is_an_empty_bucket,
           nothing_overflows_at_the_end_of_time, rounds_seconds_up, a_changed_limit_keeps_the_units,
           a_changed_limit_agrees_with_exact_fractions,
           a_changed_limit_near_the_largest_does_not_overflow)
