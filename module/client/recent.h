/* recent.h - what is known of the tokens that were checked lately
 *
 * To digest a token and to look it up takes half of a check, to decide on what was found most of
 * the rest. A token that was well-formed and found a moment ago still is, as long as the view is
 * the same: where its slot is says enough, of which nothing but the state ever changes; and what
 * was concluded from the rest of it need not be concluded again. Tokens are known again by a hash
 * of their text with a random key of this handle's (universal.h); the text itself is not kept. One
 * thread at a time: that of a seat. In a forked child it is empty.
 */
#ifndef STKGATE_CLIENT_RECENT_H
#define STKGATE_CLIENT_RECENT_H

#include <stdbool.h>

#include "lib/core/pass.h"
#include "lib/core/universal.h"

#define RECENT_MAX 4096 /* tokens, at most */

struct recent;
struct snapshot;

/* -ENOMEM, or why the memory can't be had. */
int recent_new(struct recent **ret);
struct recent *recent_free(struct recent *recent); /* returns NULL; NULL is allowed */

struct recent_token {
    uint64_t view; /* which one: no other of this handle ever has the same number; not 0 */
    const struct snapshot *concluded_by; /* by whose policy; NULL: there is no conclusion yet */
    uint32_t slot;
    struct pass pass;          /* the conclusion: none is one, too */
    uint64_t stamped_until_ns; /* its bucket says when it was last used: not again before */
};

/* Whether this call should look. A look costs a hash and a cache line, and what it finds saves
 * more than that: while fewer than one in three of this thread's finds something, only one call in
 * 32 looks and notes, to see whether that has changed. */
bool recent_is_worth(void);
/* The same, before anything else is looked at, so that garbage costs no hash: whether most of this
 * thread's looks find something. */
bool recent_is_likely(void);

/* The token with this hash, which was in that view, or NULL. The caller's to change, but for its
 * place, until it notes another. */
struct recent_token *recent_find(struct recent *recent, const struct universal *hash,
                                 uint64_t view);

/* It is there, and nothing is concluded of it. What was noted in its place before is forgotten. */
void recent_note(struct recent *recent, const struct universal *hash, uint64_t view, uint32_t slot);

#endif
