#include "bench/numbered.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "lib/core/scope.h"

#define SITES         1000
#define REQUESTS      10000000
#define BURST         10000000
#define NS_PER_S      UINT64_C(1000000000)
#define UNKNOWN_BEGIN (UINT64_C(1) << 40)

uint64_t numbered_draw(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* SplitMix64 (Steele, Lea, Flood, 2014): numbers in a row give states that have nothing in common.
 */
static int mix(void *bytes, size_t len, void *userdata)
{
    uint64_t *state = userdata;
    uint8_t *out = bytes;

    while (len > 0) {
        uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        z ^= z >> 31;
        size_t some = len < sizeof z ? len : sizeof z;
        memcpy(out, &z, some);
        out += some;
        len -= some;
    }
    return 0;
}

void numbered_token(uint64_t number, struct token_entry *ret)
{
    uint64_t state = number << 16; /* no token's row of states reaches into the next one's */
    unsigned site = (unsigned)(number % SITES);
    const char digits[] = {(char)('0' + site / 100), (char)('0' + site / 10 % 10),
                           (char)('0' + site % 10)};

    if (token_generate(KIND_LIVE, mix, &state, ret->token) < 0)
        errx(EXIT_FAILURE, "cannot make a token");
    memcpy(ret->site, "merchant-", sizeof "merchant-");
    memcpy(ret->site + NUMBERED_SITE_LEN - sizeof digits, digits, sizeof digits);
    ret->site[NUMBERED_SITE_LEN] = '\0';
}

void numbered_unknown(uint64_t number, struct token_entry *ret)
{
    numbered_token(UNKNOWN_BEGIN + number, ret);
}

void numbered_record(const struct token_entry *entry, struct record *ret)
{
    static const struct text name = TEXT("bench");

    *ret = (struct record){
        .kind = KIND_LIVE,
        .scopes = SCOPE_ALL_BUILTIN,
        .limit = {.requests = REQUESTS, .window_ns = NS_PER_S, .burst = BURST},
        .created_at = 1700000000,
        .seq = 1,
        .key_id = TEXT("key_0123456789ABCDEF"), /* no index of a view goes by it */
        .site = {entry->site, NUMBERED_SITE_LEN},
        .name = name,
        .secret_prefix = {entry->token, SECRET_PREFIX_LEN},
    };
    digest_token((struct text){entry->token, TOKEN_LEN}, ret->digest);
}
