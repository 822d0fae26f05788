/* publish.h - the view of the table, and its buckets, as memory that other processes map
 *
 * The sole writer. One view is current: handed out, looked up by the daemon's own checks, kept up
 * to date. When it fills up, a larger one is built beside it, bit by bit, then takes its place and
 * takes its buckets over. All of it lives in files (memory.h) that systemd keeps while the daemon
 * is restarted (fdstore.h): who comes next goes on with them, whatever its predecessor was doing
 * when it died. Knows no table: service_view.c tells it what is there. One thread (the event
 * loop's).
 */
#ifndef STKGATE_DAEMON_PUBLISH_H
#define STKGATE_DAEMON_PUBLISH_H

#include "daemon/fdstore.h"
#include "daemon/lease_note.h"
#include "daemon/publish_slots.h"
#include "daemon/service.h"

struct publish;

/* With what an earlier daemon left in inherited (may be NULL), taken out of it, or else with an
 * empty view for that many credentials, which is not complete. incarnation: random, not 0. -ENOMEM,
 * -ENOSPC, -EMFILE ... */
int publish_new(struct fdstore *inherited, uint64_t credentials, uint64_t incarnation,
                uint64_t now_ns, struct publish **ret);
/* Its memory stays with those who mapped it, and with systemd. NULL is allowed; returns NULL. */
struct publish *publish_free(struct publish *publish);

/* It goes on with what was inherited. */
bool publish_was_adopted(const struct publish *publish);

/* Until when nothing may be acknowledged, CLOCK_MONOTONIC: somebody may still go by a view that is
 * lost. It stands in the view, for the next daemon, which has this view and would not know. */
void publish_set_wait(struct publish *publish, uint64_t until_ns);
uint64_t publish_wait(const struct publish *publish);

/* Nobody is to use what there is any more: an empty view takes its place. As publish_new(). */
int publish_begin_anew(struct publish *publish, uint64_t credentials);

/* ---- what is in it ----------------------------------------------------------------------------
 */

/* FOUND: *ret, and its bucket with its state in it. NONE is true also while the view is not
 * complete: then, and when something else is in the way, UNSURE says to ask the table. */
enum view_answer publish_find(struct publish *publish, const uint8_t digest[static DIGEST_BYTES],
                              uint64_t now_ns, struct view_reading *ret,
                              struct view_bucket **ret_bucket);

/* As publisher_put(), into all views that need it. -ENOSPC: the current one has no room; checks of
 * this credential ask the table until it was put. */
int publish_put(struct publish *publish, const struct record *record,
                const struct bucket_start *start, uint64_t now_ns);
void publish_remove(struct publish *publish, const uint8_t digest[static DIGEST_BYTES]);
void publish_remove_key_id(struct publish *publish, struct text key_id);

/* The counts or the debt of this bucket are to be saved, whatever they are. */
void publish_mark_unsaved(struct view_bucket *bucket);

/* For a walk that fills the current view, or the next one while there is one. Pages are mapped
 * ahead, some of them with each call; whether there are more. */
bool publish_map_some(struct publish *publish);
/* As view_expect() and publisher_expect(). */
void publish_expect_group(const struct publish *publish, const uint8_t digest[static DIGEST_BYTES]);
void publish_expect(const struct publish *publish, const uint8_t digest[static DIGEST_BYTES]);

/* All of the table is in it. */
void publish_set_complete(struct publish *publish);
bool publish_is_complete(const struct publish *publish);

/* The last change that is in it, and a mark of that change, by which a later daemon sees whether it
 * has the same table. */
void publish_set_seq(struct publish *publish, uint64_t seq, uint64_t mark);
uint64_t publish_seq(const struct publish *publish, uint64_t *ret_mark);

/* ---- growth ------------------------------------------------------------------------------------
 * The owner of the table walks it, and puts each credential into the next view.
 */

bool publish_wants_growth(const struct publish *publish);
/* Does nothing while one is built. As publish_new(). */
int publish_begin_growth(struct publish *publish, uint64_t credentials);
/* At most len bytes more of the next view's memory exist, which have to before the walk begins. 1:
 * more are missing; 0: none are; -ENOMEM, -ENOSPC: growth is given up. */
int publish_provide_some(struct publish *publish, size_t len);
/* start: of one that the current view does not have; all others go on with the bucket that they
 * have there. -ENOSPC: this one is too small as well; growth is given up. */
int publish_grow(struct publish *publish, const struct record *record,
                 const struct bucket_start *start, uint64_t now_ns);
bool publish_is_growing(const struct publish *publish);
/* It grows, and changes fill the current view faster than the next one is built. */
bool publish_is_late(const struct publish *publish);
/* The next view has all that could be read of the table, or (complete) all of it: it takes the
 * place of the current one. */
void publish_switch(struct publish *publish, bool complete);

/* Take over some buckets of the view before. Whether there are more. */
bool publish_move_some(struct publish *publish, uint32_t slots_max, uint64_t now_ns);

/* ---- use counts ------------------------------------------------------------------------------
 */

/* Non-zero ends the walk, and is returned: the bucket counts as saved when it is 0. */
typedef int (*publish_unsaved_fn)(const struct view_reading *reading, struct view_bucket *bucket,
                                  void *userdata);
/* Go on with the walk through all slots, for at most slots_max of them; fn for those whose counts
 * changed since they were saved. 0: the walk came to its end, and begins anew with the next call;
 * 1: it is not there yet; or what fn returned. */
int publish_each_unsaved(struct publish *publish, uint32_t slots_max, uint64_t now_ns,
                         publish_unsaved_fn fn, void *userdata);
/* The walk begins anew now, and passes none by because its bucket is still in the view before. */
void publish_begin_last_walk(struct publish *publish, uint64_t now_ns);

/* ---- those who map it --------------------------------------------------------------------------
 */

/* Where promises are noted before they are made; borrowed. NULL: nowhere. */
void publish_set_note(struct publish *publish, const struct lease_note *note);
/* The lease goes on: to be called every second. wall_s: the time of day of verdicts. -errno: it
 * does not, since that could not be noted. */
int publish_refresh(struct publish *publish, uint64_t now_ns, int64_t wall_s);
/* It ends at until_ns, if it would not before; 0: at once, and for good. */
void publish_end_lease(struct publish *publish, uint64_t until_ns);
void publish_set_generation(struct publish *publish, uint64_t generation);

/* It has not been ended. */
bool publish_has_lease(const struct publish *publish);

/* -ENOENT, -EMFILE ... */
int publish_handout(struct publish *publish, struct handout *ret);
void publish_stats(const struct publish *publish, uint64_t now_ns, struct view_stats *ret);

#endif
