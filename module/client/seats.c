#include "module/client/seats.h"

#include "module/client/wiped.h"

#define LINE_BYTES 64

/* Odd: somebody sits there. A number comes back after 2^63 uses. */
struct seat_state {
    _Alignas(LINE_BYTES) _Atomic uint64_t uses;
};

struct seats_memory {
    /* Wiped at a fork: */
    struct seat_state states[SEATS_MAX];
    _Alignas(LINE_BYTES) _Atomic uint64_t standing;
    /* Kept, as each memory of tokens is empty in a child; NULL before the seat is first used: */
    _Alignas(LINE_BYTES) _Atomic(struct recent *) recents[SEATS_MAX];
};

#define WIPED_BYTES offsetof(struct seats_memory, recents)
_Static_assert(WIPED_BYTES == 4096, "what is wiped is a page");

/* Where this thread sat the last time, so that threads keep out of each other's cache lines. It has
 * no destructor; initial-exec, so that reading it is no call. */
static _Thread_local unsigned hint __attribute__((tls_model("initial-exec")));

int seats_init(struct seats *seats)
{
    void *memory;
    int r = wiped_new(WIPED_BYTES, sizeof *seats->memory, &memory);
    if (r < 0)
        return r;
    seats->memory = memory;
    return 0;
}

void seats_deinit(struct seats *seats)
{
    if (seats->memory == NULL)
        return;
    for (size_t i = 0; i < SEATS_MAX; i++)
        recent_free(atomic_load(&seats->memory->recents[i]));
    wiped_free(seats->memory, sizeof *seats->memory);
    seats->memory = NULL;
}

static bool sit_down(struct seats_memory *memory, unsigned number, uint64_t *ret_uses)
{
    _Atomic uint64_t *uses = &memory->states[number].uses;
    uint64_t seen = atomic_load_explicit(uses, memory_order_relaxed);
    if ((seen & 1) != 0 || !atomic_compare_exchange_strong_explicit(
                               uses, &seen, seen + 1, memory_order_seq_cst, memory_order_relaxed))
        return false;
    *ret_uses = seen + 1;
    return true;
}

static unsigned find(struct seats_memory *memory, uint64_t *ret_uses)
{
    unsigned number = hint < SEATS_MAX ? hint : 0;
    for (unsigned i = 0; i < SEATS_MAX; i++) {
        if (sit_down(memory, number, ret_uses)) {
            hint = number;
            return number;
        }
        number = number + 1 < SEATS_MAX ? number + 1 : 0;
    }
    atomic_fetch_add(&memory->standing, 1);
    return SEATS_MAX;
}

/* Made when the seat is first used; a lack of memory is no reason to fail. Whoever sits there alone
 * uses it, so that no order is needed but that of the seat. */
static struct recent *recent_of(struct seats_memory *memory, unsigned number)
{
    struct recent *recent = atomic_load_explicit(&memory->recents[number], memory_order_relaxed);
    if (recent == NULL && recent_new(&recent) == 0)
        atomic_store_explicit(&memory->recents[number], recent, memory_order_relaxed);
    return recent;
}

void seats_take(struct seats *seats, struct seat *ret)
{
    struct seats_memory *memory = seats->memory;
    uint64_t uses = 0;
    unsigned number = find(memory, &uses);
    *ret = (struct seat){
        .recent = number < SEATS_MAX ? recent_of(memory, number) : NULL,
        .uses = uses,
        .number = number,
    };
}

void seats_leave(struct seats *seats, const struct seat *seat)
{
    struct seats_memory *memory = seats->memory;
    if (seat->number < SEATS_MAX)
        atomic_store_explicit(&memory->states[seat->number].uses, seat->uses + 1,
                              memory_order_release);
    else
        atomic_fetch_sub_explicit(&memory->standing, 1, memory_order_release);
}

/* Sequentially consistent, as the taking of a seat is. A thread takes a seat, then loads a pointer;
 * whoever replaces the pointer stores it, then counts. In the one order of all four, either the
 * taking comes before the count, which then sees it; or the count, and with it the store, comes
 * before the taking, and the load sees the new pointer. */
void seats_count(const struct seats *seats, struct seats_census *ret)
{
    for (size_t i = 0; i < SEATS_MAX; i++) {
        uint64_t uses = atomic_load(&seats->memory->states[i].uses);
        ret->uses[i] = (uses & 1) != 0 ? uses : 0;
    }
    ret->standing = atomic_load(&seats->memory->standing) != 0;
}

/* Acquire: what those did who left, was done before. For a seat any other number will do: whoever
 * sits there now came later, and of those who stand, nobody may: they have no names. A child's
 * numbers begin at 0 again, and the parent's threads are not in it. */
bool seats_have_left(const struct seats *seats, struct seats_census *census)
{
    bool all = true;
    for (size_t i = 0; i < SEATS_MAX; i++) {
        if (census->uses[i] == 0)
            continue;
        if (atomic_load_explicit(&seats->memory->states[i].uses, memory_order_acquire) !=
            census->uses[i])
            census->uses[i] = 0;
        else
            all = false;
    }
    if (census->standing &&
        atomic_load_explicit(&seats->memory->standing, memory_order_acquire) == 0)
        census->standing = false;
    return all && !census->standing;
}
