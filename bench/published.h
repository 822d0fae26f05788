/* published.h - a view of so many tokens, handed out, and a gate that decides from it
 *
 * Made by the daemon's own publisher, in memory of the kind and size that it takes for such a
 * table.
 */
#ifndef STKGATE_BENCH_PUBLISHED_H
#define STKGATE_BENCH_PUBLISHED_H

#include "bench/gate.h"
#include "bench/stand_in.h"

struct published {
    uint64_t tokens; /* numbered from 0 */
    struct publish *publish;
    struct stand_in stand_in;
    struct gate gate; /* direct */
};

/* All of its pages are mapped and in memory when it returns. All end the program on failure. */
void published_open(struct published *published, uint64_t tokens);
void published_close(struct published *published);

/* View and buckets, also those that no client maps: bytes of memory a token. */
double published_bytes_each(const struct published *published);

/* What a server does with a request: texts whose lengths it knows, and a verdict that it has used
 * before. Ends the program when the reason is not this one. */
void published_check(const struct gate *gate, const struct token_entry *token, uint32_t reason);

/* Check so many at random, or each once if there are no more: a process that has just mapped the
 * view meets its page faults here. */
void published_touch(const struct published *published);

/* Nobody asked the stand-in since the view was opened, but to have the view. */
void published_require_direct(const struct published *published);

#endif
