#include "bench/redis.h"

#include <err.h>
#include <stdlib.h>
#include <time.h>

#define PIPELINE 1000

/* Microseconds, since Redis's Lua has doubles alone. Hash: site, origin, T, tau, tat. */
static const char script[] =
    "local t = redis.call('HMGET', KEYS[1], 'site', 'origin', 'interval', 'tau', 'tat')\n"
    "if not t[1] or t[1] ~= ARGV[1] or t[2] ~= ARGV[2] then return {401, 0, 0} end\n"
    "local interval, tau = tonumber(t[3]), tonumber(t[4])\n"
    "local now, cost = tonumber(ARGV[3]), tonumber(ARGV[4])\n"
    "local base = math.max(tonumber(t[5]), now)\n"
    "local tat = base + cost * interval\n"
    "local wait = tat - tau - now\n"
    "if wait > 0 then return {429, math.floor((tau - (base - now)) / interval), wait} end\n"
    "redis.call('HSET', KEYS[1], 'tat', tat)\n"
    "return {200, math.floor((tau - (tat - now)) / interval), 0}\n";

static redisReply *require_reply(struct redis *redis, void *reply, int type)
{
    redisReply *r = reply;

    if (!r)
        errx(EXIT_FAILURE, "redis: %s", redis->context->errstr);
    if (r->type != type)
        errx(EXIT_FAILURE, "redis: %s", r->type == REDIS_REPLY_ERROR ? r->str : "another answer");
    return r;
}

static void collect_stored(struct redis *redis, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        void *reply;
        if (redisGetReply(redis->context, &reply) != REDIS_OK)
            errx(EXIT_FAILURE, "redis: %s", redis->context->errstr);
        freeReplyObject(require_reply(redis, reply, REDIS_REPLY_INTEGER));
    }
}

static void store_tokens(struct redis *redis, const struct token_file *tokens)
{
    size_t waiting = 0;

    for (size_t i = 0; i < tokens->count; i++) {
        const struct token_entry *entry = &tokens->entries[i];
        redisAppendCommand(redis->context,
                           "HSET %s site %s origin %s interval 1 tau 10000000 tat 0", entry->token,
                           entry->site, TOKEN_FILE_ORIGIN);
        if (++waiting == PIPELINE) {
            collect_stored(redis, waiting);
            waiting = 0;
        }
    }
    collect_stored(redis, waiting);
}

void redis_open(struct redis *redis, const char *socket_path, const struct token_file *tokens)
{
    redis->context = redisConnectUnix(socket_path);
    if (!redis->context || redis->context->err)
        errx(EXIT_FAILURE, "%s: %s", socket_path,
             redis->context ? redis->context->errstr : "memory is short");
    redisReply *reply = require_reply(redis, redisCommand(redis->context, "SCRIPT LOAD %s", script),
                                      REDIS_REPLY_STRING);
    if (reply->len != REDIS_SHA_LEN)
        errx(EXIT_FAILURE, "redis: no hash of the script");
    memcpy(redis->sha, reply->str, REDIS_SHA_LEN + 1);
    freeReplyObject(reply);
    store_tokens(redis, tokens);
}

void redis_call(void *state, const struct token_entry *token)
{
    struct redis *redis = state;
    struct timespec ts;
    char now_us[24];

    clock_gettime(CLOCK_REALTIME, &ts);
    int now_len =
        snprintf(now_us, sizeof now_us, "%lld", (long long)ts.tv_sec * 1000000 + ts.tv_nsec / 1000);
    const char *argv[] = {"EVALSHA",   redis->sha,        "1",    token->token,
                          token->site, TOKEN_FILE_ORIGIN, now_us, "1"};
    const size_t lens[] = {7,
                           REDIS_SHA_LEN,
                           1,
                           TOKEN_LEN,
                           strlen(token->site),
                           sizeof TOKEN_FILE_ORIGIN - 1,
                           (size_t)now_len,
                           1};
    redisReply *reply =
        require_reply(redis, redisCommandArgv(redis->context, 8, argv, lens), REDIS_REPLY_ARRAY);
    if (reply->elements != 3 || reply->element[0]->integer != 200)
        errx(EXIT_FAILURE, "redis: a call was refused");
    freeReplyObject(reply);
}

void redis_close(struct redis *redis)
{
    redisFree(redis->context);
}
