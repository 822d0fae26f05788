/* What is left after kill -9 in the middle of commits
 *
 * A child commits changes and reports each acknowledged one through a pipe. It is killed, by the
 * parent after so many reports, or by itself at the n-th write or fsync. Then the table must be the
 * one that its audit trail tells of, change by change, and nothing acknowledged may be missing.
 */
#include "daemon/store/committer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/store/audit.h"
#include "tests/daemon/store/fixture.h"
#include "tests/suite.h"

/* ---- where the child dies by itself: the n-th call that LMDB makes to write or to sync ---------
 */

static _Atomic int calls_to_live = -1; /* negative: for ever */

static bool is_last_call(void)
{
    return atomic_load(&calls_to_live) >= 0 && atomic_fetch_sub(&calls_to_live, 1) == 0;
}

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

__attribute__((visibility("default"))) int fdatasync(int fd)
{
    if (is_last_call())
        die();
    return (int)syscall(SYS_fdatasync, fd);
}

__attribute__((visibility("default"))) ssize_t pwrite(int fd, const void *bytes, size_t len,
                                                      off_t at)
{
    if (is_last_call()) {
        if (len >= 4096) /* pages of data may be there in part; a meta page is within a sector */
            syscall(SYS_pwrite64, fd, bytes, len / 2, at);
        die();
    }
    return syscall(SYS_pwrite64, fd, bytes, len, at);
}

__attribute__((visibility("default"))) ssize_t writev(int fd, const struct iovec *iov, int count)
{
    if (is_last_call()) {
        syscall(SYS_writev, fd, iov, count / 2);
        die();
    }
    return syscall(SYS_writev, fd, iov, count);
}

/* ---- the child --------------------------------------------------------------------------------
 */

struct report {
    uint64_t seq;
    uint32_t verb;
    uint32_t n;         /* the one changed; of a mint the new one; of a scope 0 */
    uint32_t successor; /* of a rotation */
};

struct worker {
    int out;
    unsigned under_way;
};

static unsigned number_of(struct text key_id)
{
    char digits[KEY_ID_LEN + 1];
    if (key_id.len == 0)
        return 0;
    ck_assert(text_copy(key_id, digits, sizeof digits));
    return (unsigned)strtoul(digits + strlen("key_"), NULL, 10);
}

static void report(const struct change *change, const struct change_result *result, void *userdata)
{
    struct worker *worker = userdata;
    worker->under_way--;
    struct report r = {.seq = result->seq, .verb = change->verb};
    struct record record;
    if (change->verb == CHANGE_SCOPE_ADD && result->error == -EEXIST)
        return; /* the same names come up again */
    if (result->error < 0)
        _exit(3);
    if (change->verb != CHANGE_SCOPE_ADD) {
        if (record_decode(result->record, result->record_len, &record) < 0)
            _exit(3);
        r.n = number_of(record.key_id);
    }
    if (change->verb == CHANGE_ROTATE) {
        r.successor = r.n;
        r.n = number_of(text_of(change->key_id));
    }
    if (write(worker->out, &r, sizeof r) != (ssize_t)sizeof r)
        _exit(4);
}

#define PLAN_STEPS  15
#define PLAN_SCOPES 40 /* there is room for so many names */
#define GRACE_S     900
#define SHORTER_S   300

static void scope_name(unsigned n, char ret[static SCOPE_NAME_MAX + 1])
{
    snprintf(ret, SCOPE_NAME_MAX + 1, "planned:%u", n);
}

/* Step i of a plan in which each verb comes up, on numbers that no step before has used. */
static void plan(unsigned first, unsigned i, struct change *ret)
{
    unsigned n = first + i / PLAN_STEPS * 6;
    struct fixture_token token;
    switch (i % PLAN_STEPS) {
    case 0: fixture_mint(n, ret); break;
    case 1: fixture_mint(n + 1, ret); break;
    case 2: fixture_rotate(n, n + 2, 0, ret); break;
    case 3: fixture_rotate(n + 1, n + 3, GRACE_S, ret); break;
    case 4: fixture_revoke(n + 2, "as planned", ret); break;
    case 5: fixture_legacy(n + 4, ret); break;
    case 6: fixture_order(CHANGE_SUSPEND, n + 1, ret); break;
    case 7: fixture_order(CHANGE_RESUME, n + 1, ret); break;
    case 8:
        fixture_token(n + 1, &token);
        token.record.name = TEXT("edited");
        fixture_edit(n + 1, EDIT_NAME, &token.record, ret);
        break;
    case 9: fixture_order(CHANGE_ROTATE_CANCEL, n + 1, ret); break;
    case 10: fixture_rotate(n + 1, n + 5, GRACE_S, ret); break;
    case 11:
        fixture_order(CHANGE_ROTATE_SHORTEN, n + 1, ret);
        ret->grace_s = SHORTER_S;
        break;
    case 12: fixture_order(CHANGE_ROTATE_FINISH, n + 1, ret); break;
    case 13: fixture_order(CHANGE_LEGACY_REMOVE, n + 4, ret); break;
    case 14:
        fixture_change(CHANGE_SCOPE_ADD, ret);
        scope_name(i / PLAN_STEPS % PLAN_SCOPES, ret->scope);
        break;
    }
}

struct job {
    unsigned first;         /* number to mint */
    unsigned steps;         /* UINT32_MAX: until killed */
    unsigned under_way_max; /* so many may share a batch */
    int calls_to_live;
};

static void work(const char *dir, int out, const struct job *job)
{
    struct store *store = fixture_open(dir);
    struct committer *committer;
    struct worker worker = {.out = out};
    if (committer_new(store, &committer) < 0)
        _exit(5);
    for (unsigned i = 0; i < job->steps; i++) {
        struct change change;
        plan(job->first, i, &change);
        struct usage usage = {.allowed = i};
        if (committer_submit(committer, &change, report, &worker) < 0 ||
            committer_submit_usage(committer, TEXT("key_0000000000000001"), &usage) < 0)
            _exit(6);
        worker.under_way++;
        while (worker.under_way >= job->under_way_max) {
            struct pollfd pollfd = {.fd = committer_fd(committer), .events = POLLIN};
            poll(&pollfd, 1, -1);
            committer_collect(committer);
        }
    }
    committer_free(committer);
    store_close(store);
    _exit(0);
}

static pid_t start(const char *dir, const struct job *job, int *ret_in)
{
    int ends[2];
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        close(ends[0]);
        atomic_store(&calls_to_live, job->calls_to_live);
        work(dir, ends[1], job);
    }
    close(ends[1]);
    *ret_in = ends[0];
    return pid;
}

/* ---- what must be there -----------------------------------------------------------------------
 */

#define NUMBERS_MAX 20000

enum state { ABSENT = 0, ACTIVE, ROTATED, REVOKED };

/* The table as the audit trail tells it. */
struct model {
    uint64_t seq;
    unsigned next; /* number not used yet */
    unsigned count;
    uint8_t states[NUMBERS_MAX];
    unsigned scopes;
    bool suspended[NUMBERS_MAX], edited[NUMBERS_MAX], shortened[NUMBERS_MAX];
    uint32_t successors[NUMBERS_MAX];
    uint64_t last_seq[NUMBERS_MAX];
};

static struct model model;

static void model_set(unsigned n, uint8_t state, uint64_t seq)
{
    ck_assert_uint_lt(n, NUMBERS_MAX);
    if (model.states[n] == ABSENT)
        model.count++;
    model.states[n] = state;
    model.last_seq[n] = seq;
    if (n >= model.next)
        model.next = n + 1;
}

struct trail {
    struct store *store;
    uint64_t expected;
    struct {
        uint32_t verb, n, successor;
    } entries[NUMBERS_MAX];
};

static struct trail trail;

static int keep_entry(const struct audit_entry *entry, void *userdata)
{
    ck_assert_uint_eq(entry->seq, trail.expected); /* none is missing, and none is twice */
    ck_assert_uint_lt(entry->seq, NUMBERS_MAX);
    trail.expected--;
    trail.entries[entry->seq].verb = entry->verb;
    trail.entries[entry->seq].n = number_of(entry->key_id);
    trail.entries[entry->seq].successor = entry->related.len > 0 ? number_of(entry->related) : 0;
    return 0;
}

static void make_model(struct store *store)
{
    memset(&model, 0, sizeof model);
    model.next = 1;
    ck_assert_int_eq(store_seq(store, &model.seq), 0);
    trail.expected = model.seq;
    ck_assert_int_eq(store_audit(store, 0, keep_entry, NULL), 0);
    ck_assert_uint_eq(trail.expected, 0);
    for (uint64_t seq = 1; seq <= model.seq; seq++) {
        unsigned n = trail.entries[seq].n;
        uint32_t successor = trail.entries[seq].successor;
        switch (trail.entries[seq].verb) {
        case CHANGE_MINT:
        case CHANGE_LEGACY_ADD:
            ck_assert_uint_eq(model.states[n], ABSENT);
            model_set(n, ACTIVE, seq);
            break;
        case CHANGE_ROTATE:
            ck_assert_uint_eq(model.states[n], ACTIVE);
            model_set(n, ROTATED, seq);
            model_set(successor, ACTIVE, seq);
            model.successors[n] = successor;
            model.shortened[n] = false;
            model.edited[successor] = model.edited[n];
            break;
        case CHANGE_ROTATE_SHORTEN:
            ck_assert_uint_eq(model.states[n], ROTATED);
            model_set(n, ROTATED, seq);
            model.shortened[n] = true;
            break;
        case CHANGE_ROTATE_FINISH:
            ck_assert_uint_eq(model.states[n], ROTATED);
            model_set(n, ROTATED, seq);
            break;
        case CHANGE_ROTATE_CANCEL:
            ck_assert_uint_eq(model.states[n], ROTATED);
            ck_assert_uint_eq(successor, model.successors[n]);
            model_set(n, ACTIVE, seq);
            model_set(successor, REVOKED, seq);
            break;
        case CHANGE_SCOPE_ADD:
            ck_assert_uint_eq(n, 0);
            model.scopes++;
            break;
        case CHANGE_SUSPEND:
        case CHANGE_RESUME:
            model_set(n, model.states[n], seq);
            model.suspended[n] = trail.entries[seq].verb == CHANGE_SUSPEND;
            break;
        case CHANGE_EDIT:
            model_set(n, model.states[n], seq);
            model.edited[n] = true;
            break;
        case CHANGE_LEGACY_REMOVE:
            ck_assert_uint_eq(model.states[n], ACTIVE);
            model.states[n] = ABSENT;
            model.count--;
            break;
        case CHANGE_REVOKE:
            ck_assert_uint_eq(model.states[n], ACTIVE);
            model_set(n, REVOKED, seq);
            break;
        default: ck_abort_msg("verb %u", trail.entries[seq].verb);
        }
    }
}

static void check_record(const struct record *record)
{
    unsigned n = number_of(record->key_id);
    ck_assert_uint_eq(record->seq, model.last_seq[n]);
    struct fixture_token token;
    fixture_token(n, &token);
    ck_assert_mem_eq(record->digest, token.record.digest, DIGEST_BYTES);
    ck_assert(record->suspended == model.suspended[n]);
    ck_assert(text_equal(record->name, TEXT("edited")) == model.edited[n]);
    switch (model.states[n]) {
    case ACTIVE: ck_assert(!record->revoked && record->rotated_to.len == 0); break;
    case REVOKED: ck_assert(record->revoked); break;
    case ROTATED:
        ck_assert(record->revoked != (record->grace_until != 0));
        if (record->grace_until != 0)
            ck_assert_int_eq(record->grace_until,
                             FIXTURE_NOW + (model.shortened[n] ? SHORTER_S : GRACE_S));
        ck_assert_uint_eq(number_of(record->rotated_to), model.successors[n]);
        break;
    default: ck_abort_msg("%u is in no audit entry", n);
    }
}

static int check_listed(const struct record *record, struct text position, void *userdata)
{
    check_record(record);
    ++*(unsigned *)userdata;
    return 0;
}

static uint64_t entries_of(struct store *store, enum table table)
{
    MDB_stat stat;
    ck_assert_int_eq(mdb_stat(store->read, store->dbi[table], &stat), 0);
    return stat.ms_entries;
}

static void check_table(struct store *store)
{
    make_model(store);
    unsigned listed = 0;
    ck_assert_int_eq(
        store_list(store, (struct text){NULL, 0}, (struct text){NULL, 0}, check_listed, &listed),
        0);
    ck_assert_uint_eq(listed, model.count);
    ck_assert_uint_eq(entries_of(store, TABLE_TOKEN), model.count);
    ck_assert_uint_eq(entries_of(store, TABLE_DIGEST), model.count);
    ck_assert_uint_eq(entries_of(store, TABLE_SITE), model.count);
    ck_assert_uint_eq(entries_of(store, TABLE_AUDIT), model.seq);
    for (unsigned n = 1; n < model.next; n++) {
        struct fixture_token token;
        struct record record;
        fixture_token(n, &token);
        int r = store_find_digest(store, token.record.digest, &record);
        ck_assert_int_eq(r, model.states[n] == ABSENT ? -ENOENT : 0);
    }
    struct scope_registry scopes, built_in;
    scope_registry_init(&built_in);
    ck_assert_int_eq(store_scopes(store, &scopes), 0);
    ck_assert_uint_eq(scopes.count, built_in.count + model.scopes);
    struct usage usage;
    ck_assert_int_eq(store_usage(store, TEXT("key_0000000000000001"), &usage), 0);
}

/* ---- rounds -----------------------------------------------------------------------------------
 */

/* What one child has reported. */
struct told {
    unsigned count;
    struct report reports[NUMBERS_MAX];
};

static struct told told;

/* Read on until there are count reports, or no more come. */
static void read_reports(int in, unsigned count)
{
    struct report r;
    ssize_t n;
    while (told.count < count && (n = read(in, &r, sizeof r)) > 0) {
        ck_assert_int_eq(n, sizeof r);
        ck_assert_uint_lt(told.count, NUMBERS_MAX);
        if (told.count > 0)
            ck_assert_uint_eq(r.seq, told.reports[told.count - 1].seq + 1);
        told.reports[told.count++] = r;
    }
}

/* The child has ended: all that it reported is there, and the rest is as the trail has it. */
static void check_after(const char *dir)
{
    struct store *store = fixture_open(dir);
    ck_assert_int_eq(store_read_begin(store), 0);
    check_table(store);
    for (unsigned i = 0; i < told.count; i++) {
        const struct report *r = &told.reports[i];
        ck_assert_uint_le(r->seq, model.seq);
        ck_assert_uint_eq(trail.entries[r->seq].verb, r->verb);
        ck_assert_uint_eq(trail.entries[r->seq].n, r->n);
        if (r->verb == CHANGE_ROTATE)
            ck_assert_uint_eq(trail.entries[r->seq].successor, r->successor);
    }
    store_read_end(store);
    store_close(store);
}

START_TEST(all_that_was_acknowledged_is_there_when_killed_after_n_reports)
{
    char dir[FIXTURE_PATH_MAX];
    fixture_make_dir(dir);
    store_close(fixture_open(dir));
    model.next = 1;
    for (unsigned round = 1; round <= 30; round++) {
        int in, status;
        told.count = 0;
        struct job job = {model.next, UINT32_MAX, 8, -1};
        pid_t pid = start(dir, &job, &in);
        read_reports(in, round);
        ck_assert_uint_eq(told.count, round);
        ck_assert_int_eq(kill(pid, SIGKILL), 0);
        read_reports(in, UINT32_MAX); /* it said these before it died */
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFSIGNALED(status));
        close(in);
        check_after(dir);
    }
    ck_assert_uint_ge(model.seq, 30 * 31 / 2);
    fixture_remove_dir(dir);
}
END_TEST

/* From an empty directory each time: the making of the table is part of it. */
START_TEST(nothing_is_half_there_when_killed_at_the_nth_write)
{
    bool finished = false;
    for (int calls = 0; !finished && calls < 500; calls++) {
        char dir[FIXTURE_PATH_MAX];
        fixture_make_dir(dir);
        int in, status;
        told.count = 0;
        struct job job = {1, 2 * PLAN_STEPS, 2, calls};
        pid_t pid = start(dir, &job, &in);
        read_reports(in, UINT32_MAX);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        finished = WIFEXITED(status);
        if (finished) {
            ck_assert_int_eq(WEXITSTATUS(status), 0);
            ck_assert_uint_eq(told.count, 2 * PLAN_STEPS);
            ck_assert_int_gt(calls, 30); /* it had that many places to die at */
        }
        close(in);
        check_after(dir);
        fixture_remove_dir(dir);
    }
    ck_assert(finished);
}
END_TEST

SUITE_MAIN("committer_kill", all_that_was_acknowledged_is_there_when_killed_after_n_reports,
           nothing_is_half_there_when_killed_at_the_nth_write)
