/* recent.h - where the tokens that were checked lately stand in the view
 *
 * To digest a token and to look it up takes half of a check. A token that was well-formed and found
 * a moment ago still is, as long as the view is the same: its slot is read again each time, with
 * the state that it has now. Tokens are known again by a hash of their text with a random key of
 * this handle's (universal.h); the text itself is not kept. One thread at a time: that of a seat.
 * In a forked child it is empty.
 */
#ifndef STKGATE_CLIENT_RECENT_H
#define STKGATE_CLIENT_RECENT_H

#include <stdbool.h>

#include "lib/core/universal.h"

#define RECENT_MAX 4096 /* tokens, at most */

struct recent;

/* -ENOMEM, or why the memory can't be had. */
int recent_new(struct recent **ret);
struct recent *recent_free(struct recent *recent); /* returns NULL; NULL is allowed */

struct recent_place {
    uint64_t view; /* which one: no other of this handle ever has the same number; not 0 */
    uint32_t slot;
};

/* Whether this call should look. A look costs a hash and a cache line, and what it finds saves
 * more than that: while fewer than one in three finds something, only one call in eight looks and
 * notes, to see whether that has changed. */
bool recent_is_worth(struct recent *recent);

/* Where the token with this hash was in that view. */
bool recent_find(struct recent *recent, const struct universal *hash, uint64_t view,
                 struct recent_place *ret);

/* It is there. What was noted in its place before is forgotten. */
void recent_note(struct recent *recent, const struct universal *hash,
                 const struct recent_place *place);

#endif
