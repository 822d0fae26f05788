#include "tests/daemon/store/trial.h"

#include <check.h>

void trial_begin(struct trial *t)
{
    fixture_make_dir(t->dir);
    t->store = fixture_open(t->dir);
}

void trial_end(struct trial *t)
{
    t->store = store_close(t->store);
    fixture_remove_dir(t->dir);
}

struct record trial_find(struct trial *t, unsigned n)
{
    char key_id[KEY_ID_LEN + 1];
    struct record record;
    ck_assert_int_eq(store_find_key_id(t->store, fixture_key_id(n, key_id), &record), 0);
    return record;
}

uint64_t trial_seq(struct trial *t)
{
    uint64_t seq;
    ck_assert_int_eq(store_read_begin(t->store), 0);
    ck_assert_int_eq(store_seq(t->store, &seq), 0);
    store_read_end(t->store);
    return seq;
}

void trial_mint(struct trial *t, unsigned n)
{
    struct change change;
    fixture_mint(n, &change);
    fixture_must_apply(t->store, &change);
}

void trial_assert_text(struct text t, const char *expected)
{
    ck_assert_msg(text_equal(t, text_of(expected)), "%.*s instead of %s", (int)t.len, t.data,
                  expected);
}

static int copy_entry(const struct audit_entry *entry, void *userdata)
{
    *(struct audit_entry *)userdata = *entry;
    return 1;
}

struct audit_entry trial_last_audit(struct trial *t)
{
    struct audit_entry entry;
    ck_assert_int_eq(store_audit(t->store, 0, copy_entry, &entry), 1);
    return entry;
}

static int count_record(const struct record *record, struct text position, void *userdata)
{
    ++*(unsigned *)userdata;
    return 0;
}

unsigned trial_listed(struct trial *t, struct text site)
{
    unsigned count = 0;
    ck_assert_int_eq(store_list(t->store, site, (struct text){NULL, 0}, count_record, &count), 0);
    return count;
}

void trial_assert_refused(struct trial *t, const struct change *change, int error)
{
    uint64_t before = trial_seq(t);
    struct change_result result;
    ck_assert_int_eq(fixture_apply(t->store, change, &result), error);
    ck_assert_uint_eq(result.seq, 0);
    ck_assert_uint_eq(result.record_len, 0);
    ck_assert_uint_eq(trial_seq(t), before);
    ck_assert_int_eq(store_read_begin(t->store), 0);
    struct store_stats stats;
    ck_assert_int_eq(store_stats(t->store, &stats), 0);
    ck_assert_uint_eq(trial_listed(t, (struct text){NULL, 0}), stats.credentials);
    if (before > 0)
        ck_assert_uint_eq(trial_last_audit(t).seq, before);
    store_read_end(t->store);
}
