/* service.h - request -> verdict, and admin request -> committed change
 *
 * What every face of the daemon (check socket, HTTP) calls. Knows no socket, no HTTP, no event
 * loop. One thread (the event loop's). Clocks are read here, once per call.
 */
#ifndef STKGATE_DAEMON_SERVICE_H
#define STKGATE_DAEMON_SERVICE_H

#include "daemon/attached.h"
#include "daemon/config.h"
#include "daemon/fdstore.h"
#include "daemon/lease_note.h"
#include "lib/core/decide.h"
#include "daemon/store/audit.h"
#include "daemon/store/committer.h"

struct service;

/* Borrows store and committer; takes config on success. inherited: files of the view that an
 * earlier daemon left; those that are of use are taken out. May be NULL. 0 or -errno: -ENOMEM,
 * -EIO. */
int service_new(struct store *store, struct committer *committer, struct config *config,
                struct fdstore *inherited, struct service **ret);
/* After committer_free(), whose done functions it serves. NULL is allowed; returns NULL. */
struct service *service_free(struct service *service);

/* The wall clock of verdicts goes no further back than the table's last commit, unless this is
 * called before the first check: for a table that was written while the clock was wrong. */
void service_trust_clock(struct service *service);

/* Put a new configuration in the place of the old one: in force for every check from now on. Takes
 * config. */
void service_reload(struct service *service, struct config *config);

/* The shares of users, with the limits of the configuration: for the faces, which take and give
 * back, and for status, which looks. Never NULL. */
struct quota *service_quota(struct service *service);

const struct config *service_config_of(const struct service *service);
const struct scope_registry *service_scopes(const struct service *service);
/* Tells these policies and this registry from all others; the same after a restart. */
uint64_t service_generation(const struct service *service);

/* ---- the view ----------------------------------------------------------------------------------
 */

/* What a direct client is given: descriptors that stay the service's, good until it runs again.
 * -ENOENT: there is none now. */
struct handout {
    int view_fd; /* can only be read */
    int buckets_fd;
    uint64_t view_bytes, bucket_bytes;
};
int service_handout(struct service *service, struct handout *ret);
/* Whether there is one to be given: until somebody is, nothing has been promised to anybody. */
bool service_has_view(const struct service *service);

/* Some of the work that publishing the table takes: at the start, and when the view has to grow.
 * Checks wait meanwhile, so it ends soon after service_work_span(), but does some of it even when
 * that is 0. Returns whether there is more: to be called until there is none, whenever there is
 * time, and again after changes. */
bool service_work(struct service *service, uint64_t span_ns);
/* span_ns, or eight times that while the view is filled faster than the larger one is built. */
uint64_t service_work_span(const struct service *service, uint64_t span_ns);

/* The view is an earlier daemon's, whose clients have it, too. */
bool service_adopted_view(const struct service *service);
/* Where it is noted what those who map the view were promised; borrowed. Without one, nowhere.
 * Returns until when (CLOCK_MONOTONIC, ns) no change may be answered, since somebody may go by a
 * view that is lost; 0, or a time that is past: no such time. */
uint64_t service_set_lease_note(struct service *service, const struct lease_note *note);
/* Who maps the view may go by it for LEASE_NS more: to be called every second. */
void service_refresh(struct service *service);
/* Until in_ns from now at most, and service_refresh() changes nothing any more; 0: no longer. */
void service_end_lease(struct service *service, uint64_t in_ns);

/* Who has it: for the face that hands it out, and for status. Never NULL. */
struct attached_list *service_attached(struct service *service);

/* What status says of it. */
struct view_stats {
    uint64_t slots, used;    /* used: with those of earlier versions of credentials */
    uint64_t resident_bytes; /* of view and buckets */
    uint64_t lease_ns;       /* how long it still holds; 0: it does not */
    bool complete;           /* all of the table is in it */
};
void service_view_stats(const struct service *service, struct view_stats *ret);

/* ---- checks ---------------------------------------------------------------------------------- */

/* ret is complete on return, a refusal unless all went well. 0, or -EIO / -EBADMSG: the table could
 * not be read (logged; the verdict is 503). */
int service_check(struct service *service, const struct service_config *as,
                  const struct query *query, struct verdict *ret);

/* For faces that have the text: choose the credential, digest it, check. The three texts as in
 * credential_choose(). */
struct text_query {
    struct text token, authorization, api_key;
    struct text site, origin;
    uint64_t scopes, cost;
    bool peek;
};
int service_check_text(struct service *service, const struct service_config *as,
                       const struct text_query *query, struct verdict *ret);

/* How many verdicts had this reason since the start. */
uint64_t service_reason_count(const struct service *service, enum reason reason);
/* Nanoseconds since service_new(). */
uint64_t service_uptime_ns(const struct service *service);
/* CLOCK_MONOTONIC, as the view's lease has it. */
uint64_t service_mono_ns(void);
/* The wall clock of verdicts and changes, ns since 1970: it never goes back. */
uint64_t service_wall_ns(struct service *service);

/* ---- reading for the admin face ----------------------------------------------------------------
 */

/* A credential as lists show it: borrowed until fn or the call returns. */
struct listing {
    struct record record;
    struct usage usage; /* as of now */
    enum record_state state;
    uint64_t remaining; /* units in the bucket now */
};
typedef int (*service_list_fn)(const struct listing *listing, struct text position, void *userdata);

/* -ENOENT no such key_id; -EBADMSG its record is damaged, which the log then says, too; else what
 * fn returned. */
int service_show(struct service *service, struct text key_id, service_list_fn fn, void *userdata);
/* site empty: all. after: a position that an earlier listing gave, or empty. fn returns 1 to stop.
 * A damaged record is left out, and the log says which; after 100 of them, -EBADMSG. */
int service_list(struct service *service, struct text site, struct text after, service_list_fn fn,
                 void *userdata);

/* Which entries of the audit trail. */
struct audit_query {
    uint64_t before;    /* those below this seq; 0: from the newest on */
    struct text key_id; /* those that have it as key_id or as related; empty: all */
    int64_t since;      /* Unix seconds: the walk ends at the first that is older; 0: no end */
    unsigned scan_max;  /* entries looked at, wanted or not; 0: as many as there are */
};
/* Walk them, newest first. fn returns 1 to stop: it has not taken that entry then. *ret_next is
 * what before takes to go on: at the entry that fn did not take, or where scan_max ended the walk;
 * 0: there are no more. 0; -EBADMSG a damaged entry; or what fn returned below 0. */
int service_audit(struct service *service, const struct audit_query *query, store_audit_fn fn,
                  void *userdata, uint64_t *ret_next);
int service_stats(struct service *service, struct store_stats *ret);
/* How long commits took, as committer_stats() has it. */
void service_commit_stats(struct service *service, struct committer_stats *ret);

/* What a site has. Counted from where the walk began: of a site that an earlier walk stopped
 * within, the rest. */
struct site_summary {
    struct text site; /* borrowed until fn returns */
    unsigned active, suspended, revoked, expired;
    unsigned legacy;      /* of all these, how many are legacy keys */
    int64_t last_used_at; /* Unix seconds; 0: never */
    uint64_t allowed;
};
/* position: of the last record that the summary counts. */
typedef int (*service_site_fn)(const struct site_summary *summary, struct text position,
                               void *userdata);
/* Walk the sites in the order of their ids, beginning after a position (empty: at the start). fn
 * returns 1 to stop: it has not taken that site then. No more than records_max records are looked
 * at, 1 at least: *ret_more then says that there are more behind the last position, which may lie
 * within a site; also after fn stopped. Damaged records as in service_list(). */
int service_sites(struct service *service, struct text after, unsigned records_max,
                  service_site_fn fn, void *userdata, bool *ret_more);

/* ---- changes -----------------------------------------------------------------------------------
 */

/* All a mint, or a legacy key, consists of. Ranges: those of record_decode(); origins are
 * canonicalised here. */
struct mint {
    enum kind kind;
    struct text site, name;
    uint64_t scopes;
    struct textlist origins; /* canonical */
    bool missing_origin_allowed, strict;
    struct rate_limit limit;
    int64_t expires_at;
    /* legacy: */
    struct text legacy_key; /* the secret itself; wiped by its owner */
    int64_t deprecation_at, sunset_at;
    struct text link;
};

/* Runs once, on the loop's thread, when the outcome is known; not before the submitting call
 * returned 0. listing is set when error is 0 (not for a scope); secret is the new token's text
 * (mint, rotate), to be told once and wiped by the service afterwards. */
struct outcome {
    int error; /* as change_result.error */
    uint64_t seq;
    const struct listing *listing;
    const char *secret;
};
typedef void (*service_done_fn)(const struct outcome *outcome, void *userdata);

/* 0: done will run. Else -errno, and it won't: -EAGAIN too much is queued; -ESHUTDOWN; -EINVAL a
 * field out of range; of rotate also -ENOENT and -EOPNOTSUPP (a legacy key). */
int service_mint(struct service *service, const struct mint *mint, struct actor actor,
                 service_done_fn done, void *userdata);
int service_rotate(struct service *service, struct text key_id, uint64_t grace_s,
                   struct actor actor, service_done_fn done, void *userdata);
int service_revoke(struct service *service, struct text key_id, struct text reason,
                   struct actor actor, service_done_fn done, void *userdata);
int service_scope_add(struct service *service, struct text name, struct actor actor,
                      service_done_fn done, void *userdata);

/* What an edit sets: the members that fields names. Ranges as of struct mint. */
struct edit {
    unsigned fields; /* enum edit_field, or-ed; 0 is -EINVAL */
    struct text name;
    uint64_t scopes;
    struct textlist origins; /* canonical */
    bool missing_origin_allowed, strict;
    struct rate_limit limit;
    int64_t expires_at; /* 0: never */
    int64_t deprecation_at, sunset_at;
    struct text link;
};
/* The bucket goes over to a new limit with the units it has (rate_convert()). */
int service_edit(struct service *service, struct text key_id, const struct edit *edit,
                 struct actor actor, service_done_fn done, void *userdata);

int service_suspend(struct service *service, struct text key_id, struct text reason,
                    struct actor actor, service_done_fn done, void *userdata);
int service_resume(struct service *service, struct text key_id, struct actor actor,
                   service_done_fn done, void *userdata);

/* Of a grace that is running; key_id is the old token. What a cancelled successor has spent, the
 * old one owes. outcome.listing is the old one. */
int service_rotate_finish(struct service *service, struct text key_id, struct actor actor,
                          service_done_fn done, void *userdata);
int service_rotate_cancel(struct service *service, struct text key_id, struct actor actor,
                          service_done_fn done, void *userdata);
int service_rotate_shorten(struct service *service, struct text key_id, uint64_t grace_s,
                           struct actor actor, service_done_fn done, void *userdata);

/* A legacy key goes from the table for good: the same value may be added again later. */
int service_legacy_remove(struct service *service, struct text key_id, struct actor actor,
                          service_done_fn done, void *userdata);

/* How many changes are submitted and not yet answered. */
unsigned service_pending(const struct service *service);

/* Submit what usage changed since the last time, as much as the committer takes: called now and
 * then by the manager. Returns whether some is left for the next time. */
bool service_flush_usage(struct service *service);
/* At a clean stop, before it is called until nothing is left: then all there is has been submitted.
 */
void service_begin_last_flush(struct service *service);

/* Whether nothing can be committed any more (committer_failure(); told to the log): the daemon must
 * end with a failure, and every check is refused until it does. */
bool service_must_exit(struct service *service);

#endif
