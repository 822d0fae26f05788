/* store.h - the token table: the only user of LMDB
 *
 * One process opens a table at a time (a lock on DIR/lock). Within it, one thread reads (the one
 * that called store_open(): the event loop) and one thread writes (committer.h). Reads see the last
 * commit and never wait for the disk's fsync. DIR holds data.mdb, lock.mdb and lock; all are 0600,
 * DIR 0700.
 *
 * Tables:
 *   token    key_id                          -> record (lib/core/record.h)
 *   digest   32 bytes                        -> key_id
 *   site     site NUL created_at(BE) key_id  -> empty: a site's credentials, oldest first
 *   audit    seq (BE)                        -> audit entry (audit.h)
 *   usage    key_id                          -> use counts and the bucket's debt
 *   meta     "schema", "seq", "scopes", "clock" (of the last commit)
 */
#ifndef STKGATE_DAEMON_STORE_STORE_H
#define STKGATE_DAEMON_STORE_STORE_H

#include <stdint.h>

#include "lib/core/record.h"
#include "lib/core/scope.h"

#define STORE_SCHEMA 1

struct store;

struct store_options {
    const char *dir;         /* must exist or be creatable (0700), and be the caller's own */
    uint64_t map_size_bytes; /* upper bound of the table; sparse; 0: 16 GiB */
    bool create;             /* make a new table where there is none */
};

/* What went wrong, for the operator: a sentence that names the path and says what to do. */
#define STORE_ERROR_MAX 512

/* 0 and *ret; or -errno and message filled: -EBUSY another daemon has it; -EPERM the directory is
 * someone else's, or others may write to it; -EPROTONOSUPPORT a newer schema; -EBADMSG not a table
 * of stkgate's; -ENOENT; -EROFS; -ENOSPC ... */
int store_open(const struct store_options *options, struct store **ret,
               char message[static STORE_ERROR_MAX]);
/* The committer must be freed before. NULL is allowed; returns NULL. */
struct store *store_close(struct store *store);

/* ---- reading: on the thread that opened the store, between begin and end ------------------------
 *
 * What is found points into the map and is valid until store_read_end(). Begin and end take about
 * a microsecond; an open read keeps the file from shrinking, so it is never held across a wait. */

int store_read_begin(struct store *store);
void store_read_end(struct store *store);

/* 0; -ENOENT; -EBADMSG a record that is damaged (it is refused, not guessed at); -EIO. */
int store_find_digest(struct store *store, const uint8_t digest[static DIGEST_BYTES],
                      struct record *ret);
int store_find_key_id(struct store *store, struct text key_id, struct record *ret);

/* The last seq committed. */
int store_seq(struct store *store, uint64_t *ret);
int store_scopes(struct store *store, struct scope_registry *ret);
/* The latest time of day that commits told of themselves, Unix seconds; 0: none did yet. */
int store_clock(struct store *store, int64_t *ret);

/* Use counts, flushed now and then; and what the bucket owed at saved_at. */
struct usage {
    uint64_t allowed, refused;
    int64_t last_used_at; /* Unix seconds; 0: never */
    uint64_t debt_ns;     /* tat - now, when saved; see rate.h */
    int64_t saved_at_ns;  /* CLOCK_REALTIME, ns */
    /* Of the limit that the debt was made under, which may have been changed since; see rate.h. 0:
     * not known. */
    uint64_t interval_ns, burst;
};
/* All zero when there is none yet. */
int store_usage(struct store *store, struct text key_id, struct usage *ret);

/* Walk the credentials of one site (or of all, site empty), by site and age, beginning after the
 * position `after` (empty: at the start; else one that store_list() gave). record is NULL for one
 * that is damaged, or whose place in the index is not its own. fn returns 0 to go on; anything else
 * stops and is returned. */
typedef int (*store_list_fn)(const struct record *record, struct text position, void *userdata);
int store_list(struct store *store, struct text site, struct text after, store_list_fn fn,
               void *userdata);
/* The key_id that a position stands for; empty when it holds none. */
struct text store_position_key_id(struct text position);

/* Walk all credentials by key_id, each with its usage, beginning after this one (empty: at the
 * start). Both are NULL for one that is damaged. fn as above. */
typedef int (*store_walk_fn)(struct text key_id, const struct record *record,
                             const struct usage *usage, void *userdata);
int store_walk(struct store *store, struct text after, store_walk_fn fn, void *userdata);

/* Between these two all of the table is going to be walked, in pieces, beginning after this one: a
 * thread reads ahead of it. begin: within a read; does nothing when there is one already. end: in
 * or out of one; does nothing when there is none. */
void store_begin_walks(struct store *store, struct text after);
void store_end_walks(struct store *store);

/* Walk the audit trail, newest first, beginning below seq `before` (0: at the newest). */
struct audit_entry;
typedef int (*store_audit_fn)(const struct audit_entry *entry, void *userdata);
int store_audit(struct store *store, uint64_t before, store_audit_fn fn, void *userdata);

struct store_stats {
    uint64_t credentials;
    uint64_t map_bytes, used_bytes;
    uint64_t seq;
};
int store_stats(struct store *store, struct store_stats *ret);

#endif
