#include "tests/module/client/world.h"

#include <check.h>
#include <stdio.h>

#define LATEST 16

struct world world;

const char *const world_origins[] = {"https://shop.example", "https://www.shop.example:8443",
                                     "http://localhost:3000", "https://a.example",
                                     "https://elsewhere.example"};

/* ---- chance ------------------------------------------------------------------------------------
 */

/* xorshift64* (Vigna, 2014). */
uint64_t world_draw(uint64_t below)
{
    world.chance ^= world.chance >> 12;
    world.chance ^= world.chance << 25;
    world.chance ^= world.chance >> 27;
    return (world.chance * UINT64_C(2685821657736338717) >> 32) % below;
}

static int fill(void *bytes, size_t len, void *userdata)
{
    uint8_t *at = bytes;
    for (size_t i = 0; i < len; i++)
        at[i] = (uint8_t)world_draw(256);
    return 0;
}

void world_draw_token(enum kind kind, char ret[static TOKEN_LEN + 1])
{
    if (token_generate(kind, fill, NULL, ret) < 0)
        ck_abort_msg("no token");
}

/* Odd windows, so that units take a part of a nanosecond more; now and then more than a slot has
 * room for. */
static struct plain_limit draw_limit(void)
{
    struct plain_limit limit = {
        .requests = 1 + world_draw(20),
        .window_ns =
            (1 + world_draw(40)) * WORLD_NS + (world_draw(2) == 0 ? world_draw(WORLD_NS) : 0),
        .burst = 1 + world_draw(30),
    };
    if (world_draw(30) == 0)
        limit = (struct plain_limit){UINT64_C(5000000000), 1000 * WORLD_NS, UINT64_C(6000000000)};
    return limit;
}

static int64_t draw_end(uint64_t within_s)
{
    return world.wall_s + 1 + (int64_t)world_draw(within_s);
}

static unsigned draw_origins(void)
{
    return world_draw(3) == 0 ? (unsigned)world_draw(UINT64_C(1) << WORLD_ORIGINS) : 0;
}

/* ---- the table has what the model has ----------------------------------------------------------
 */

static struct textlist list_of(unsigned origins)
{
    static uint8_t lists[1 << WORLD_ORIGINS][128];
    static size_t lens[1 << WORLD_ORIGINS];
    if (origins != 0 && lens[origins] == 0)
        for (unsigned i = 0; i < WORLD_ORIGINS; i++)
            if ((origins >> i & 1) != 0 &&
                textlist_append(lists[origins], sizeof lists[0], &lens[origins],
                                text_of(world_origins[i])) < 0)
                ck_abort_msg("no room for %s", world_origins[i]);
    return (struct textlist){lists[origins], lens[origins]};
}

static void put(unsigned n)
{
    const struct plain *who = &world.all[n];
    struct record record = {
        .kind = (enum kind)who->kind,
        .suspended = who->suspended,
        .revoked = who->revoked,
        .missing_origin_allowed = who->missing_origin_allowed,
        .strict = who->strict,
        .scopes = who->scopes,
        .limit = {who->limit.requests, who->limit.window_ns, who->limit.burst},
        .created_at = 1,
        .expires_at = who->expires_at,
        .grace_until = who->grace_until,
        .deprecation_at = who->deprecation_at,
        .sunset_at = who->sunset_at,
        .key_id = text_of(who->key_id),
        .site = text_of(plain_sites[who->site]),
        .name = TEXT("of the model"),
        .link = text_of(who->linked ? plain_link : NULL),
        .origins = list_of(who->origins),
    };
    struct text text = text_of(world.texts[n]);
    if (record.kind == KIND_LEGACY) {
        digest_legacy(text, record.digest);
    } else {
        digest_token(text, record.digest);
        record.secret_prefix = (struct text){text.data, SECRET_PREFIX_LEN};
    }
    deputy_put(&world.deputy, n, &record);
}

static struct plain *append(uint32_t kind)
{
    if (world.count == DEPUTY_ROWS)
        ck_abort_msg("no room for one more");
    struct plain *who = &world.all[world.count++];
    *who = (struct plain){
        .kind = kind,
        .site = (int)world_draw(WORLD_SITES),
        .origins = draw_origins(),
        .missing_origin_allowed = world_draw(2) == 0,
        .strict = world_draw(40) == 0,
        .scopes = world_draw(2) == 0 ? SCOPE_ALL_BUILTIN : world_draw(16),
        .rotated_to = PLAIN_NOBODY,
    };
    if (key_id_generate(fill, NULL, who->key_id) < 0)
        ck_abort_msg("no key id");
    return who;
}

/* ---- life --------------------------------------------------------------------------------------
 */

void world_begin(uint64_t seed, uint64_t credentials)
{
    world.chance = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
    world.count = 0;
    for (unsigned i = 0; i < WORLD_VALUES; i++)
        world.values[i] = PLAIN_NOBODY;
    deputy_start(&world.deputy, credentials);
}

void world_end(void)
{
    deputy_stop(&world.deputy);
}

unsigned world_pick(void)
{
    int legacy = world.values[world_draw(WORLD_VALUES)];
    if (legacy != PLAIN_NOBODY && world_draw(12) == 0)
        return (unsigned)legacy;
    for (;;) {
        bool late = world.count > LATEST && world_draw(4) > 0;
        unsigned n = late ? world.count - 1 - (unsigned)world_draw(LATEST)
                          : (unsigned)world_draw(world.count);
        const struct plain *who = &world.all[n];
        if ((!who->gone && !plain_is_over(who, world.wall_s)) || world_draw(8) == 0)
            return n;
    }
}

/* ---- changes -----------------------------------------------------------------------------------
 */

void world_mint(void)
{
    unsigned n = world.count;
    struct plain *who = append(world_draw(8) == 0 ? STKGATE_KIND_TEST : STKGATE_KIND_LIVE);
    struct plain_limit limit = draw_limit();
    plain_begin(who, &limit, world.mono_ns);
    if (world_draw(3) == 0)
        who->expires_at = draw_end(3000);
    world_draw_token((enum kind)who->kind, world.texts[n]);
    put(n);
}

static void legacy_add(void)
{
    unsigned n = world.count, value = (unsigned)world_draw(WORLD_VALUES);
    if (world.values[value] != PLAIN_NOBODY)
        return;
    struct plain *who = append(STKGATE_KIND_LEGACY);
    struct plain_limit limit = draw_limit();
    plain_begin(who, &limit, world.mono_ns);
    who->linked = world_draw(2) == 0;
    if (world_draw(2) == 0)
        who->deprecation_at = world.wall_s;
    if (world_draw(2) == 0)
        who->sunset_at = draw_end(2000);
    snprintf(world.texts[n], sizeof world.texts[n], "legacy-key-number-%u", value);
    world.values[value] = (int)n;
    put(n);
}

static void legacy_remove(void)
{
    int n = world.values[world_draw(WORLD_VALUES)];
    if (n == PLAIN_NOBODY)
        return;
    for (unsigned i = 0; i < WORLD_VALUES; i++)
        if (world.values[i] == n)
            world.values[i] = PLAIN_NOBODY;
    world.all[n].gone = true;
    deputy_remove(&world.deputy, (unsigned)n);
}

static bool is_in_grace(const struct plain *who)
{
    return who->grace_until != 0 && !plain_is_over(who, world.wall_s);
}

/* All but its name, and what was counted. */
static void inherit(const struct plain *old, struct plain *new)
{
    struct plain heir = *old;
    memcpy(heir.key_id, new->key_id, sizeof heir.key_id);
    heir.allowed = heir.refused = heir.last_used_s = 0;
    *new = heir;
}

static void rotate(unsigned n)
{
    struct plain *old = &world.all[n];
    if (old->kind == STKGATE_KIND_LEGACY || old->grace_until != 0 ||
        plain_is_over(old, world.wall_s))
        return;
    unsigned m = world.count;
    struct plain *new = append(old->kind);
    bool at_once = world_draw(4) == 0;
    inherit(old, new);
    plain_begin(new, &old->limit, world.mono_ns);
    plain_carry_debt(old, new, world.mono_ns);
    old->rotated_to = (int)m;
    old->revoked = at_once;
    old->grace_until = at_once ? 0 : draw_end(600);
    world_draw_token((enum kind) new->kind, world.texts[m]);
    put(n);
    put(m);
    deputy_carry_debt(&world.deputy, n, m);
}

/* A grace that runs: its end, now or earlier than it was; or it was never meant. */
static void end_grace(unsigned n)
{
    struct plain *old = &world.all[n];
    if (!is_in_grace(old))
        return;
    struct plain *new = &world.all[old->rotated_to];
    switch (world_draw(3)) {
    case 0:
        old->revoked = true;
        old->grace_until = 0;
        break;
    case 1: old->grace_until = world.wall_s + (old->grace_until - world.wall_s + 1) / 2; break;
    default:
        if (new->rotated_to != PLAIN_NOBODY)
            return;
        plain_carry_debt(new, old, world.mono_ns);
        deputy_carry_debt(&world.deputy, (unsigned)old->rotated_to, n);
        new->revoked = true;
        put((unsigned)old->rotated_to);
        old->grace_until = 0;
        old->rotated_to = PLAIN_NOBODY;
    }
    put(n);
}

static void edit(unsigned n)
{
    struct plain *who = &world.all[n];
    struct plain_limit limit = draw_limit();
    if (plain_is_over(who, world.wall_s))
        return;
    switch (world_draw(6)) {
    case 0: who->scopes = world_draw(16); break;
    case 1: who->origins = draw_origins(); break;
    case 2: who->missing_origin_allowed = !who->missing_origin_allowed; break;
    case 3: who->strict = !who->strict && world_draw(8) == 0; break;
    case 4: who->expires_at = world_draw(2) == 0 ? 0 : draw_end(3000); break;
    default: plain_set_limit(who, &limit, world.mono_ns); break;
    }
    put(n);
}

/* Of a legacy key alone. */
static void edit_dates(unsigned n)
{
    struct plain *who = &world.all[n];
    if (who->kind != STKGATE_KIND_LEGACY || plain_is_over(who, world.wall_s))
        return;
    who->linked = world_draw(2) == 0;
    who->deprecation_at = world_draw(2) == 0 ? 0 : world.wall_s;
    who->sunset_at = world_draw(2) == 0 ? 0 : draw_end(2000);
    put(n);
}

static void suspend_or_resume(unsigned n)
{
    struct plain *who = &world.all[n];
    if (plain_is_over(who, world.wall_s))
        return;
    who->suspended = !who->suspended && world_draw(2) == 0;
    put(n);
}

static void revoke(unsigned n)
{
    world.all[n].revoked = true;
    put(n);
}

bool world_change(void)
{
    uint64_t before = world.deputy.changes;
    static void (*const changes[])(unsigned) = {
        rotate, end_grace, end_grace,         edit,   edit,       edit,
        edit,   edit,      suspend_or_resume, revoke, edit_dates,
    };
    unsigned which = (unsigned)world_draw(16), n = world_pick();
    if (which == 0)
        legacy_add();
    else if (which == 1)
        legacy_remove();
    else if (which == 2)
        world_mint();
    else if (!world.all[n].gone)
        changes[world_draw(sizeof changes / sizeof changes[0])](n);
    return world.deputy.changes != before;
}
