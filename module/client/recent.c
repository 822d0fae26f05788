#include "module/client/recent.h"

#include "module/client/wiped.h"

#define LINE_BYTES 64
#define WAYS       2
#define SETS       (RECENT_MAX / WAYS)

/* What tells one from the others, and what every call needs, is in the first of two cache lines. */
struct entry {
    _Alignas(128) struct universal hash;
    struct recent_token token; /* view 0: none */
};
_Static_assert(sizeof(struct entry) == 128, "two lines");

/* A look in vain costs one, one that finds something pays two back, and at this it rests. */
#define DEBT_MAX   64
#define DEBT_DOUBT 32
#define RESTS      32 /* calls, of which one looks all the same */

struct recent {
    struct entry sets[SETS][WAYS];
};

/* The thread's, of all handles: it says what tokens come to it. It has no destructor; initial-exec,
 * so that reading it is no call. */
static _Thread_local struct {
    unsigned debt;   /* 0 to DEBT_MAX */
    unsigned rested; /* calls */
} look __attribute__((tls_model("initial-exec")));

int recent_new(struct recent **ret)
{
    void *memory;
    int r = wiped_new(sizeof **ret, sizeof **ret, &memory);
    if (r == 0)
        *ret = memory;
    return r;
}

struct recent *recent_free(struct recent *recent)
{
    wiped_free(recent, sizeof *recent);
    return NULL;
}

bool recent_is_worth(void)
{
    return look.debt < DEBT_MAX || ++look.rested % RESTS == 0;
}

bool recent_is_likely(void)
{
    return look.debt < DEBT_DOUBT;
}

struct recent_token *recent_find(struct recent *recent, const struct universal *hash, uint64_t view)
{
    struct entry *set = recent->sets[hash->words[0] % SETS];
    __builtin_prefetch((const char *)set + LINE_BYTES);
    for (unsigned way = 0; way < WAYS; way++) {
        struct entry *entry = &set[way];
        uint64_t differs = (entry->hash.words[0] ^ hash->words[0]) |
                           (entry->hash.words[1] ^ hash->words[1]) | (entry->token.view ^ view);
        if (differs != 0)
            continue;
        look.debt -= look.debt < 2 ? look.debt : 2;
        return &entry->token;
    }
    look.debt += look.debt < DEBT_MAX;
    return NULL;
}

/* The newest is in front: of three tokens of a set the one that was noted longest ago goes. */
void recent_note(struct recent *recent, const struct universal *hash, uint64_t view, uint32_t slot)
{
    struct entry *set = recent->sets[hash->words[0] % SETS];
    set[1] = set[0];
    set[0].hash = *hash;
    set[0].token.view = view;
    set[0].token.concluded_by = NULL;
    set[0].token.stamped_until_ns = 0;
    set[0].token.slot = slot;
}
