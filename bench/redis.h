/* redis.h - the same decision by a Redis server: one EVALSHA over its Unix socket
 *
 * What one would build without stkgate: a hash for each token, and a Lua script that looks it up,
 * compares site and origin, and runs the same GCRA. It is the lenient version: the token's text is
 * the key (no digest is made), and the script knows neither scopes, expiry nor revocation.
 */
#ifndef STKGATE_BENCH_REDIS_H
#define STKGATE_BENCH_REDIS_H

#include <hiredis/hiredis.h>

#include "bench/token_file.h"

#define REDIS_SHA_LEN 40

struct redis {
    redisContext *context;
    char sha[REDIS_SHA_LEN + 1]; /* of the script */
};

/* Connect, load the script, and store all tokens. All end the program on failure; a call that the
 * script does not allow is one. */
void redis_open(struct redis *redis, const char *socket_path, const struct token_file *tokens);
void redis_call(void *redis, const struct token_entry *token); /* struct subject's call */
void redis_close(struct redis *redis);

#endif
