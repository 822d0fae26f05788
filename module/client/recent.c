#include "module/client/recent.h"

#include "module/client/wiped.h"

#define WAYS 2
#define SETS (RECENT_MAX / WAYS)

struct entry {
    struct universal hash;
    struct recent_place place; /* view 0: none */
};

/* Both ways of a set are in one cache line. */
struct set {
    _Alignas(64) struct entry ways[WAYS];
};
_Static_assert(sizeof(struct set) == 64, "one line");

/* A look in vain costs one, one that finds something pays two back, and at this it rests. */
#define DEBT_MAX 64
#define RESTS    8 /* calls, of which one looks all the same */

struct recent {
    struct set sets[SETS];
    unsigned debt;   /* 0 to DEBT_MAX */
    unsigned rested; /* calls */
};

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

bool recent_is_worth(struct recent *recent)
{
    return recent->debt < DEBT_MAX || ++recent->rested % RESTS == 0;
}

bool recent_find(struct recent *recent, const struct universal *hash, uint64_t view,
                 struct recent_place *ret)
{
    const struct set *set = &recent->sets[hash->words[0] % SETS];
    for (unsigned way = 0; way < WAYS; way++) {
        const struct entry *entry = &set->ways[way];
        uint64_t differs = (entry->hash.words[0] ^ hash->words[0]) |
                           (entry->hash.words[1] ^ hash->words[1]) | (entry->place.view ^ view);
        if (differs != 0)
            continue;
        *ret = entry->place;
        recent->debt -= recent->debt < 2 ? recent->debt : 2;
        return true;
    }
    recent->debt += recent->debt < DEBT_MAX;
    return false;
}

/* The newest is in front: of three tokens of a set the one that was noted longest ago goes. */
void recent_note(struct recent *recent, const struct universal *hash,
                 const struct recent_place *place)
{
    struct set *set = &recent->sets[hash->words[0] % SETS];
    set->ways[1] = set->ways[0];
    set->ways[0] = (struct entry){.hash = *hash, .place = *place};
}
