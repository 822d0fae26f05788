/* Random checks by the library, and changes amid them, against a plain model of what comes of them
 *
 * The library decides in this process, from views that the daemon's own publisher makes; what it
 * asks, a thread in the daemon's place decides from the same. Both clocks stand still and are moved
 * by hand, so that each unit of each bucket, and each nanosecond that is told, can be compared.
 *
 * STKGATE_STEPS: how many checks and changes, instead of as many as `make check` has time for.
 * STKGATE_SEED: of the first round; a failure names the one to begin with.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "module/client/fast.h"
#include "tests/daemon/kept.h"
#include "tests/module/client/put.h"
#include "tests/suite.h"

#define STEPS       500000
#define ROUND       25000 /* steps, with a table that begins empty */
#define AUDIT_EVERY 5000
#define DEADLINE_MS 60000 /* none is to pass, on whatever machine */

/* ---- clocks ------------------------------------------------------------------------------------
 */

static _Atomic uint64_t frozen_mono_ns, frozen_real_ns; /* 0: they run */

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *ret)
{
    bool is_real = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
    uint64_t ns =
        atomic_load_explicit(is_real ? &frozen_real_ns : &frozen_mono_ns, memory_order_relaxed);
    if (ns == 0 || (!is_real && clock != CLOCK_MONOTONIC))
        return (int)syscall(SYS_clock_gettime, clock, ret);
    *ret = (struct timespec){.tv_sec = (time_t)(ns / WORLD_NS), .tv_nsec = (long)(ns % WORLD_NS)};
    return 0;
}

static uint64_t wall_ns;  /* never goes back */
static int64_t floor_s;   /* what the view says of it */
static uint64_t lease_ns; /* its end */

static void set_clocks(uint64_t mono_ns, uint64_t real_ns)
{
    atomic_store(&frozen_mono_ns, mono_ns);
    atomic_store(&frozen_real_ns, real_ns);
    if (wall_ns < real_ns)
        wall_ns = real_ns;
    world.mono_ns = mono_ns;
    world.wall_s = (int64_t)(wall_ns / WORLD_NS);
}

static void refresh(void)
{
    deputy_refresh(&world.deputy);
    floor_s = world.wall_s;
    lease_ns = world.mono_ns + LEASE_NS;
}

static void pass(uint64_t ns)
{
    wall_ns += ns;
    set_clocks(frozen_mono_ns + ns, frozen_real_ns + ns);
}

/* ---- rounds ------------------------------------------------------------------------------------
 */

static struct {
    uint64_t seed, step;
    stkgate *gates[DEPUTY_SERVICES];
    struct plain_policy policies[DEPUTY_SERVICES];
    bool settled; /* each handle has the view, which has all: no call needs the deputy */
    bool away;    /* nobody is there to be asked */
} turn;

/* Of all rounds. */
static struct {
    uint64_t checks, changes, asked, strict, looked, known, passes, views, restarts;
    uint64_t reasons[STKGATE_UNAVAILABLE + 1];
} sums;

#define FAIL(format, ...)                                                                          \
    ck_abort_msg("STKGATE_SEED=%" PRIu64 ", step %" PRIu64 ": " format, turn.seed, turn.step,      \
                 __VA_ARGS__)

static struct plain_policy draw_policy(void)
{
    bool is_narrow = world_draw(4) == 0;
    return (struct plain_policy){
        .kinds = 1u << STKGATE_KIND_LIVE | (world_draw(4) > 0 ? 1u << STKGATE_KIND_TEST : 0) |
                 (world_draw(4) > 0 ? 1u << STKGATE_KIND_LEGACY : 0),
        .sites = is_narrow ? 1 + (unsigned)world_draw((1 << WORLD_SITES) - 1) : 0,
        .require_site = world_draw(2) == 0,
        .scopes = world_draw(3) == 0 ? UINT64_C(1) << world_draw(4) : 0,
        .cost = 1 + world_draw(3),
        .last_known_ns = world_draw(2) == 0 ? 0 : world_draw(20) * WORLD_NS,
    };
}

static void reload(unsigned service)
{
    struct plain_policy plain = draw_policy();
    struct policy policy;
    size_t len = 0;
    policy_init(&policy);
    policy.accept = (uint8_t)plain.kinds;
    policy.require_site = plain.require_site;
    policy.scopes = plain.scopes;
    policy.cost = plain.cost;
    policy.last_known_ns = plain.last_known_ns;
    for (unsigned i = 0; i < WORLD_SITES; i++)
        if ((plain.sites >> i & 1) != 0 &&
            textlist_append(policy.sites, sizeof policy.sites, &len, text_of(plain_sites[i])) < 0)
            ck_abort_msg("no room for a site");
    policy.sites_len = (uint16_t)len;
    turn.policies[service] = plain;
    deputy_reload(&world.deputy, service, &policy);
    turn.settled = false;
}

/* ---- what must come of it ----------------------------------------------------------------------
 */

static const struct stkgate_verdict refusal = STKGATE_VERDICT_INIT;

/* Nobody is there to be asked: what the library may say by itself. */
static bool can_decide_alone(const struct put *put)
{
    const struct plain *who = put->call.who;
    uint64_t until_ns = lease_ns + put->call.policy->last_known_ns;
    return world.mono_ns < until_ns && !(who && !who->gone && who->strict);
}

/* The time of day that it goes by then. */
static int64_t wall_alone_s(void)
{
    int64_t real_s = (int64_t)(frozen_real_ns / WORLD_NS);
    return real_s > floor_s ? real_s : floor_s;
}

static bool needs_no_table(const struct put *put)
{
    return !put->call.who && put->call.unknown != STKGATE_UNKNOWN_TOKEN;
}

/* Returns whether the call fails. */
static bool expect(struct put *put, struct stkgate_verdict *ret)
{
    if (!needs_no_table(put) && turn.away && !can_decide_alone(put)) {
        *ret = refusal;
        return true;
    }
    if (turn.away)
        put->call.wall_s = wall_alone_s();
    plain_check(&put->call, ret);
    /* Which scopes the service needs, was learnt with the last greeting. */
    if (needs_no_table(put))
        ret->needed = put->call.scopes | deputy_told_scopes(&world.deputy, put->service);
    return false;
}

#define SAME(field)                                                                                \
    if (is->field != should->field)                                                                \
    FAIL("%s: " #field " is %" PRIu64 ", not %" PRIu64, what, (uint64_t)is->field,                 \
         (uint64_t)should->field)

static void compare(const struct put *put, const struct stkgate_verdict *is,
                    const struct stkgate_verdict *should)
{
    char what[64];
    if (memcmp(is, should, offsetof(struct stkgate_verdict, key_id)) == 0 &&
        strcmp(is->key_id, should->key_id) == 0 && strcmp(is->site, should->site) == 0 &&
        strcmp(is->link, should->link) == 0)
        return;
    snprintf(what, sizeof what, "%s, cost %" PRIu64 "%s",
             put->call.who ? put->call.who->key_id : "nobody", put->call.cost,
             put->call.peek ? ", peeked" : "");
    SAME(reason);
    SAME(status);
    SAME(kind);
    SAME(flags);
    SAME(scopes);
    SAME(needed);
    SAME(limit);
    SAME(window_ns);
    SAME(burst);
    SAME(remaining);
    SAME(reset_ns);
    SAME(retry_after_ns);
    SAME(next_ns);
    SAME(deprecation);
    SAME(sunset);
    FAIL("%s: it is of \"%s\", \"%s\", \"%s\"", what, is->key_id, is->site, is->link);
}

/* A strict one is the deputy's alone; any other, and whoever is nobody, is decided here. */
static void judge_asked(const struct put *put, uint64_t asked)
{
    bool is_strict = put->call.who && !put->call.who->gone && put->call.who->strict;
    sums.asked += asked;
    sums.strict += is_strict;
    if (is_strict ? asked != !turn.away : asked > !(turn.settled || needs_no_table(put)))
        FAIL("%s was asked about %" PRIu64 " times", is_strict ? "a strict one" : "another", asked);
}

/* Whether the handle remembers this token's place in the view. */
static void look_whether_known(const struct put *put)
{
    const struct stkgate *gate = turn.gates[put->service];
    const struct mapping *mapping = mappings_current(&gate->mappings);
    struct stkgate_text token = put->request.token;
    struct seat seat;
    if (!mapping || token.length != TOKEN_LEN || !put->call.who)
        return;
    seats_take((struct seats *)&gate->seats, &seat);
    if (!seat.recent)
        FAIL("no %s", "seat");
    struct universal hash = universal_of(&gate->recent_key, token.data);
    sums.looked++;
    const struct recent_token *found = recent_find(seat.recent, &hash, mapping->number);
    sums.known += found != NULL;
    sums.passes += found && found->concluded_by && found->pass.kind != KIND_NONE;
    seats_leave((struct seats *)&gate->seats, &seat);
}

static void check(struct put *put)
{
    struct stkgate_verdict is, should;
    if (turn.step % 16 == 0)
        look_whether_known(put);
    memset(&is, 0xff, sizeof is);
    is.size = sizeof is;
    is.status = 200;
    uint64_t before = atomic_load(&world.deputy.asked);
    int r = stkgate_check(turn.gates[put->service], &put->request, &is);
    uint64_t asked = atomic_load(&world.deputy.asked) - before;
    bool fails = expect(put, &should);
    if ((r < 0) != fails)
        FAIL("the call says %s", strerror(-r));
    compare(put, &is, &should);
    judge_asked(put, asked);
    sums.checks++;
    sums.reasons[should.reason]++;
}

static void check_some(unsigned count)
{
    struct put put;
    while (count-- > 0) {
        put_draw(turn.policies, &put);
        check(&put);
    }
}

/* ---- what else happens -------------------------------------------------------------------------
 */

static void pass_some_time(void)
{
    uint64_t chance = world_draw(50);
    /* The system's clock is set: when a bucket was last used may be of before for a second. */
    if (chance == 0)
        set_clocks(frozen_mono_ns, frozen_real_ns - world_draw(1000 * WORLD_NS));
    else if (chance == 1)
        set_clocks(frozen_mono_ns, frozen_real_ns + world_draw(100 * WORLD_NS));
    else if (chance < 10)
        pass((1 + world_draw(20)) * WORLD_NS);
    else
        pass(world_draw(10 * WORLD_NS));
    if (chance <= 1)
        pass(WORLD_NS);
    refresh();
}

static void see_whether_it_grew(void)
{
    if (!world.deputy.switched)
        return;
    world.deputy.switched = false;
    turn.settled = false;
    sums.views++;
}

static bool has_view(unsigned service)
{
    struct fast fast;
    return fast_begin(turn.gates[service], &fast) && !fast_needs_view(turn.gates[service]);
}

/* The view has all, and each handle has the view. */
static void settle(void)
{
    struct put put;
    while (deputy_work(&world.deputy))
        continue;
    see_whether_it_grew();
    for (unsigned service = 0; service < DEPUTY_SERVICES; service++) {
        for (unsigned tries = 0; !has_view(service); tries++) {
            if (tries == 16)
                FAIL("service %u never gets the view", service);
            pass(2 * WORLD_NS); /* the next attempt is due */
            refresh();
            put_draw(turn.policies, &put);
            put.service = service;
            put.call.policy = &turn.policies[service];
            check(&put);
        }
    }
    turn.settled = true;
}

static void restart(void)
{
    uint64_t chance = world_draw(5);
    deputy_restart(&world.deputy, chance == 0   ? DEPUTY_LOSES
                                  : chance == 1 ? DEPUTY_DOUBTS
                                                : DEPUTY_DIES);
    refresh();
    turn.settled = false;
    sums.restarts++;
}

/* The deputy is there, and forgets to renew it. */
static void let_lease_lapse(void)
{
    turn.settled = false;
    pass(LEASE_NS + world_draw(4 * WORLD_NS));
    check_some(8);
    pass(2 * WORLD_NS);
    refresh();
}

static void be_away(void)
{
    settle();
    turn.away = true;
    atomic_store(&world.deputy.away, true);
    for (unsigned i = 0; i < 4; i++) {
        check_some(8);
        pass(world_draw(8 * WORLD_NS));
    }
    atomic_store(&world.deputy.away, false);
    turn.away = turn.settled = false;
    pass(2 * WORLD_NS); /* so that whoever failed tries again */
    refresh();
}

/* ---- what nobody is told -----------------------------------------------------------------------
 */

static bool is_added_again(unsigned n)
{
    bool is = false;
    for (unsigned i = 0; i < WORLD_VALUES; i++)
        if (world.values[i] != PLAIN_NOBODY && world.values[i] != (int)n)
            is = is || strcmp(world.texts[world.values[i]], world.texts[n]) == 0;
    return is;
}

static void audit_one(unsigned n)
{
    struct plain *who = &world.all[n];
    struct deputy_usage usage;
    bool found = deputy_find(&world.deputy, n, &usage);
    if (who->gone && is_added_again(n))
        return;
    if (found == who->gone)
        FAIL("%s is%s in the view", who->key_id, found ? "" : " not");
    if (!found)
        return;
    if (usage.allowed != who->allowed || usage.refused != who->refused ||
        usage.last_used_s != who->last_used_s)
        FAIL("%s: %" PRIu64 " allowed, %" PRIu64 " refused, last at %" PRIu32 "; not %" PRIu64
             ", %" PRIu64 ", %" PRIu64,
             who->key_id, usage.allowed, usage.refused, usage.last_used_s, who->allowed,
             who->refused, who->last_used_s);
    if (usage.debt_ns != plain_debt_ns(who, world.mono_ns))
        FAIL("%s owes %" PRIu64 ", not %" PRIu64, who->key_id, usage.debt_ns,
             plain_debt_ns(who, world.mono_ns));
}

static void audit(void)
{
    settle();
    for (unsigned n = 0; n < world.count; n++)
        audit_one(n);
}

/* ---- all of it ---------------------------------------------------------------------------------
 */

static void change(void)
{
    sums.changes += world_change();
}

/* So fast that the view is full before a larger one is built beside it; and then, perhaps, the
 * deputy ends before the larger one has all. */
static void change_in_a_row(void)
{
    for (uint64_t left = world_draw(200); left > 0; left--)
        change();
    if (world_draw(3) == 0)
        restart();
}

static void work(void)
{
    (void)deputy_work(&world.deputy);
}

static void save(void)
{
    deputy_save(&world.deputy, 1 + (uint32_t)world_draw(1000));
}

/* Of 100,000 steps; all others are checks. */
static const struct {
    unsigned odds;
    void (*step)(void);
} others[] = {
    {50, save},    {50, change_in_a_row}, {4000, change}, {2500, pass_some_time},
    {200, work},   {100, settle},         {15, restart},  {20, let_lease_lapse},
    {10, be_away},
};

static void take_step(void)
{
    uint64_t chance = world_draw(100000);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (chance < others[i].odds) {
            others[i].step();
            see_whether_it_grew();
            return;
        }
        chance -= others[i].odds;
    }
    if (chance < 10)
        reload((unsigned)world_draw(DEPUTY_SERVICES));
    else
        check_some(1);
}

static stkgate *open_gate(unsigned service)
{
    const char name[] = {(char)('a' + service), '\0'};
    struct stkgate_options options = STKGATE_OPTIONS_INIT;
    stkgate *gate;
    options.runtime = world.deputy.runtime;
    options.deadline_ms = DEADLINE_MS;
    if (stkgate_open(&gate, name, &options) < 0)
        FAIL("no handle for %s", name);
    return gate;
}

static void begin_round(uint64_t seed)
{
    turn.seed = seed;
    turn.settled = false;
    wall_ns = 0;
    set_clocks(UINT64_C(1000000) * WORLD_NS, UINT64_C(1800000000) * WORLD_NS);
    kept_begin();
    world_begin(seed, 10);
    refresh();
    for (unsigned i = 0; i < DEPUTY_SERVICES; i++) {
        reload(i);
        turn.gates[i] = open_gate(i);
    }
    /* More than the handles can remember, or few. */
    for (uint64_t left = world_draw(4) == 0 ? 4200 : 10; left > 0; left--)
        world_mint();
}

static void end_round(void)
{
    audit();
    for (unsigned i = 0; i < DEPUTY_SERVICES; i++)
        stkgate_close(turn.gates[i]);
    world_end();
    kept_end();
}

static uint64_t number_of(const char *variable, uint64_t otherwise)
{
    const char *value = getenv(variable);
    return value && value[0] != '\0' ? strtoull(value, NULL, 10) : otherwise;
}

static void print_sums(void)
{
    printf("%" PRIu64 " checks, %" PRIu64 " changes, %" PRIu64 " restarts, %" PRIu64
           " larger views; asked %" PRIu64 ", of strict ones %" PRIu64 "; remembered %" PRIu64
           " of %" PRIu64 ", to pass %" PRIu64 "\n",
           sums.checks, sums.changes, sums.restarts, sums.views, sums.asked, sums.strict,
           sums.known, sums.looked, sums.passes);
    for (uint32_t i = 0; i <= STKGATE_UNAVAILABLE; i++)
        printf("%s %" PRIu64 "%s", stkgate_reason_string(i), sums.reasons[i],
               i < STKGATE_UNAVAILABLE ? ", " : "\n");
    fflush(stdout);
}

/* That it was this library's fast path which was compared, and all that can come of it. */
static void judge_sums(void)
{
    for (uint32_t i = 0; i <= STKGATE_UNAVAILABLE; i++)
        ck_assert_msg(sums.reasons[i] > 0, "never %s", stkgate_reason_string(i));
    ck_assert_uint_gt(sums.views, 0);
    ck_assert_uint_gt(sums.restarts, 0);
    ck_assert_uint_lt(20 * (sums.asked - sums.strict), sums.checks);
    ck_assert_uint_gt(2 * sums.known, sums.looked);
    ck_assert_uint_gt(20 * sums.passes, sums.looked);
}

/* Until so many checks and changes are done, by all rounds. */
static void play(uint64_t seed, uint64_t steps)
{
    begin_round(seed);
    for (turn.step = 0; turn.step < ROUND && sums.checks + sums.changes < steps; turn.step++) {
        take_step();
        if (turn.step % AUDIT_EVERY == AUDIT_EVERY - 1)
            audit();
    }
    end_round();
}

START_TEST(the_library_and_the_model_agree_on_each_check)
{
    uint64_t steps = number_of("STKGATE_STEPS", STEPS), seed = number_of("STKGATE_SEED", 1);
    unsetenv("STKGATE_DIRECT");
    while (sums.checks + sums.changes < steps)
        play(seed++, steps);
    set_clocks(0, 0);
    print_sums();
    if (steps >= STEPS)
        judge_sums();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {the_library_and_the_model_agree_on_each_check};
    /* Whoever asks for more steps has the time for them; and no step waits for anything. */
    setenv("CK_TIMEOUT_MULTIPLIER", number_of("STKGATE_STEPS", 0) > STEPS ? "20" : "1", 0);
    return suite_run("fast_model", tests, 1);
}
