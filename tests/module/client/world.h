/* world.h - a table that changes at random, in the deputy's view and in the plain model alike
 */
#ifndef STKGATE_TESTS_MODULE_CLIENT_WORLD_H
#define STKGATE_TESTS_MODULE_CLIENT_WORLD_H

#include "tests/module/client/deputy.h"
#include "tests/module/client/plain.h"

#define WORLD_SITES   3 /* plain_sites[] */
#define WORLD_ORIGINS 4 /* that may be allowed; one more never is */
#define WORLD_VALUES  8 /* of legacy keys, removed and added again and again */
#define WORLD_NS      UINT64_C(1000000000)

struct world {
    uint64_t chance; /* of the generator; not 0 */
    struct deputy deputy;
    unsigned count; /* row n of the deputy's table is all[n] */
    struct plain all[DEPUTY_ROWS];
    char texts[DEPUTY_ROWS][TOKEN_LEN + 1]; /* tokens, or values of legacy keys */
    int values[WORLD_VALUES];               /* whose they are now, or PLAIN_NOBODY */
    uint64_t mono_ns;                       /* the time of buckets */
    int64_t wall_s;                         /* the time of day of verdicts */
};

extern struct world world;
extern const char *const world_origins[WORLD_ORIGINS + 1];

uint64_t world_draw(uint64_t below);
/* A token that nobody has, unless it is put. */
void world_draw_token(enum kind kind, char ret[static TOKEN_LEN + 1]);

/* Nobody is there, and the deputy has begun. */
void world_begin(uint64_t seed, uint64_t credentials);
void world_end(void);

/* Mostly one of those that came last, so that they are met again and again, and mostly one that is
 * not over. */
unsigned world_pick(void);

void world_mint(void);
/* A change of any kind. False: it would not be allowed, and nothing was done. */
bool world_change(void);

#endif
