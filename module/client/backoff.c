#include "module/client/backoff.h"

#include <errno.h>
#include <stdlib.h>

#define NS_PER_US    1000
#define US_PER_MS    1000
#define EXPONENT_MAX 7 /* 10 ms << 7 is above BACKOFF_LAST_MS */

static uint64_t pack(uint64_t due_ns, unsigned exponent, int error)
{
    return due_ns / NS_PER_US << 16 | (uint64_t)exponent << 12 | (uint64_t)(abs(error) & 0xfff);
}

static uint64_t due_ns_of(uint64_t word)
{
    return (word >> 16) * NS_PER_US;
}

static unsigned exponent_of(uint64_t word)
{
    return (unsigned)(word >> 12 & 0xf);
}

static int error_of(uint64_t word)
{
    return -(int)(word & 0xfff);
}

static bool is_want_of_room(int error)
{
    return error == -EMFILE || error == -ENFILE || error == -ENOMEM || error == -ENOBUFS ||
           error == -EAGAIN;
}

/* When it is due, whoever moves the word makes the attempt; the others fail until it is over. */
static int claim(struct backoff *backoff, uint64_t word, uint64_t now_ns, uint64_t claim_ns,
                 struct attempt *ret)
{
    if (now_ns < due_ns_of(word))
        return error_of(word);
    uint64_t claimed = pack(now_ns + claim_ns, exponent_of(word), error_of(word));
    if (!atomic_compare_exchange_strong_explicit(&backoff->word, &word, claimed,
                                                 memory_order_relaxed, memory_order_relaxed)) {
        if (word != 0)
            return error_of(word);
        claimed = 0;
    }
    *ret = (struct attempt){.ticket = claimed, .may_dial = true};
    return 0;
}

int backoff_enter(struct backoff *backoff, uint64_t now_ns, uint64_t claim_ns, struct attempt *ret)
{
    uint64_t word = atomic_load_explicit(&backoff->word, memory_order_relaxed);
    if (word == 0 || is_want_of_room(error_of(word))) {
        *ret = (struct attempt){.ticket = word, .may_dial = word == 0};
        return 0;
    }
    return claim(backoff, word, now_ns, claim_ns, ret);
}

int backoff_enter_dial(struct backoff *backoff, uint64_t now_ns, uint64_t claim_ns,
                       struct attempt *attempt)
{
    if (attempt->may_dial)
        return 0;
    uint64_t word = atomic_load_explicit(&backoff->word, memory_order_relaxed);
    if (word != 0)
        return claim(backoff, word, now_ns, claim_ns, attempt);
    *attempt = (struct attempt){.ticket = 0, .may_dial = true};
    return 0;
}

void backoff_fail(struct backoff *backoff, const struct attempt *attempt, uint64_t now_ns,
                  int error)
{
    uint64_t seen = attempt->ticket;
    unsigned exponent = 0;
    if (seen != 0)
        exponent = exponent_of(seen) < EXPONENT_MAX ? exponent_of(seen) + 1 : EXPONENT_MAX;
    uint64_t delay_ms = (uint64_t)BACKOFF_FIRST_MS << exponent;
    if (delay_ms > BACKOFF_LAST_MS)
        delay_ms = BACKOFF_LAST_MS;
    uint64_t next = pack(now_ns + delay_ms * US_PER_MS * NS_PER_US, exponent, error);
    atomic_compare_exchange_strong_explicit(&backoff->word, &seen, next, memory_order_relaxed,
                                            memory_order_relaxed);
}

void backoff_succeed(struct backoff *backoff)
{
    if (atomic_load_explicit(&backoff->word, memory_order_relaxed) != 0)
        atomic_store_explicit(&backoff->word, 0, memory_order_relaxed);
}
