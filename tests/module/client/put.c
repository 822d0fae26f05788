#include "tests/module/client/put.h"

#include <stdio.h>

static struct stkgate_text text(const char *bytes)
{
    return stkgate_text(bytes);
}

/* Its header field, or another that does as well. */
static void give_token(struct put *put, const char *token)
{
    switch (world_draw(16)) {
    case 0:
        snprintf(put->text, sizeof put->text, "Bearer %s", token);
        put->request.authorization = text(put->text);
        break;
    case 1:
        snprintf(put->text, sizeof put->text, " %s\t", token);
        put->request.token = text(put->text);
        break;
    case 2:
        put->request.token = text(token);
        put->request.api_key = text("legacy-key-number-0");
        break;
    default: put->request.token = (struct stkgate_text){token, TOKEN_LEN}; break;
    }
}

/* Like somebody's but for one character, so that the memory of tokens is not fooled, either. */
static void give_malformed(struct put *put)
{
    unsigned n = world_pick();
    char *last = &put->other[TOKEN_LEN - 1];
    put->call.unknown = STKGATE_MALFORMED_TOKEN;
    if (world.all[n].kind != STKGATE_KIND_LEGACY)
        memcpy(put->other, world.texts[n], sizeof put->other);
    else
        world_draw_token(KIND_LIVE, put->other);
    *last = *last == '0' ? '1' : '0';
    if (world_draw(4) > 0)
        put->request.token = text(put->other);
    else
        put->request.api_key = text("a key with spaces");
}

static void give_unknown(struct put *put)
{
    put->call.unknown = STKGATE_UNKNOWN_TOKEN;
    world_draw_token(world_draw(8) == 0 ? KIND_TEST : KIND_LIVE, put->other);
    if (world_draw(4) > 0)
        give_token(put, put->other);
    else
        put->request.api_key = text("a-key-that-nobody-has");
}

static void give_credential(struct put *put)
{
    unsigned n;
    switch (world_draw(64)) {
    case 0: put->call.unknown = STKGATE_MISSING_TOKEN; return;
    case 1: give_malformed(put); return;
    case 2: give_unknown(put); return;
    default: n = world_pick(); break;
    }
    put->call.who = &world.all[n];
    if (put->call.who->kind != STKGATE_KIND_LEGACY) {
        give_token(put, world.texts[n]);
        return;
    }
    put->request.api_key = text(world.texts[n]);
    /* Its value is another one's now, perhaps. */
    for (unsigned i = 0; put->call.who->gone && i < WORLD_VALUES; i++)
        if (world.values[i] != PLAIN_NOBODY &&
            strcmp(world.texts[world.values[i]], world.texts[n]) == 0)
            put->call.who = &world.all[world.values[i]];
}

static unsigned one_of(unsigned set)
{
    unsigned n = (unsigned)world_draw(WORLD_ORIGINS);
    while ((set >> n & 1) == 0)
        n = (n + 1) % WORLD_ORIGINS;
    return n;
}

/* Mostly what lets it through. */
static void give_rest(struct put *put)
{
    struct plain_call *call = &put->call;
    const struct plain *who = call->who;
    uint64_t chance = world_draw(64);
    call->site = who && chance > 0 ? who->site : (int)world_draw(WORLD_SITES);
    if (chance == 1)
        call->site = PLAIN_NOBODY;
    call->origin = who && who->origins != 0 ? (int)one_of(who->origins) : PLAIN_NOBODY;
    if (chance == 2)
        call->origin = (int)world_draw(WORLD_ORIGINS + 1);
    if (chance == 3)
        call->origin = PLAIN_NOBODY;
    call->scopes = who ? world_draw(16) & who->scopes : world_draw(16);
    if (chance == 4)
        call->scopes = world_draw(64);
    call->cost = world_draw(4);
    if (chance == 5 && who)
        call->cost = who->limit.burst + world_draw(3);
    call->peek = world_draw(10) == 0;
    if (call->site != PLAIN_NOBODY)
        put->request.site = text(plain_sites[call->site]);
    if (call->origin != PLAIN_NOBODY)
        put->request.origin = text(world_origins[call->origin]);
    put->request.scopes = call->scopes;
    put->request.cost = call->cost;
    put->request.flags = call->peek ? STKGATE_PEEK : 0;
}

void put_draw(const struct plain_policy policies[static DEPUTY_SERVICES], struct put *put)
{
    put->service = (unsigned)world_draw(DEPUTY_SERVICES);
    put->request = (struct stkgate_request)STKGATE_REQUEST_INIT;
    put->call = (struct plain_call){
        .policy = &policies[put->service],
        .now_ns = world.mono_ns,
        .wall_s = world.wall_s,
    };
    give_credential(put);
    give_rest(put);
}
