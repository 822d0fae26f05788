/* numbered.h - a token that follows from a number
 *
 * Ten million of them are drawn at random and kept nowhere: each is made anew when it is needed,
 * always the same. They are no secrets, and of no table but the bench's own.
 */
#ifndef STKGATE_BENCH_NUMBERED_H
#define STKGATE_BENCH_NUMBERED_H

#include "bench/token_file.h"
#include "lib/core/record.h"

/* Of each token here, and of each that bench/fill makes: what a server knows of a header field
 * without counting. */
#define NUMBERED_SITE_LEN 12

void numbered_token(uint64_t number, struct token_entry *ret);

/* Nobody has this token, though it is well-formed. */
void numbered_unknown(uint64_t number, struct token_entry *ret);

/* What the table has of it, without an origin and with a limit that no bench reaches. ret borrows
 * from entry. */
void numbered_record(const struct token_entry *entry, struct record *ret);

/* xorshift64 (Marsaglia, 2003); *state is not 0. */
uint64_t numbered_draw(uint64_t *state);

#endif
