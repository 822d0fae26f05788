#include "daemon/store/change.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/store/audit.h"
#include "tests/daemon/store/fixture.h"
#include "tests/suite.h"

struct trial {
    char dir[FIXTURE_PATH_MAX];
    struct store *store;
};

static void begin(struct trial *t)
{
    fixture_make_dir(t->dir);
    t->store = fixture_open(t->dir);
}

static void end(struct trial *t)
{
    t->store = store_close(t->store);
    fixture_remove_dir(t->dir);
}

/* Between store_read_begin() and end. */
static struct record find(struct trial *t, unsigned n)
{
    char key_id[KEY_ID_LEN + 1];
    struct record record;
    ck_assert_int_eq(store_find_key_id(t->store, fixture_key_id(n, key_id), &record), 0);
    return record;
}

static uint64_t seq_of(struct trial *t)
{
    uint64_t seq;
    ck_assert_int_eq(store_read_begin(t->store), 0);
    ck_assert_int_eq(store_seq(t->store, &seq), 0);
    store_read_end(t->store);
    return seq;
}

static void mint(struct trial *t, unsigned n)
{
    struct change change;
    fixture_mint(n, &change);
    fixture_must_apply(t->store, &change);
}

static void assert_text(struct text t, const char *expected)
{
    ck_assert_msg(text_equal(t, text_of(expected)), "%.*s instead of %s", (int)t.len, t.data,
                  expected);
}

static int copy_entry(const struct audit_entry *entry, void *userdata)
{
    *(struct audit_entry *)userdata = *entry;
    return 1;
}

/* The newest; between store_read_begin() and end. */
static struct audit_entry last_audit(struct trial *t)
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

static unsigned listed(struct trial *t, struct text site)
{
    unsigned count = 0;
    ck_assert_int_eq(store_list(t->store, site, (struct text){NULL, 0}, count_record, &count), 0);
    return count;
}

START_TEST(mints_into_every_index_with_an_audit_entry)
{
    struct trial t;
    begin(&t);
    struct change change;
    struct change_result result;
    fixture_mint(1, &change);
    ck_assert_int_eq(fixture_apply(t.store, &change, &result), 0);
    ck_assert_uint_eq(result.seq, 1);

    struct fixture_token token;
    fixture_token(1, &token);
    struct record committed, found;
    ck_assert_int_eq(record_decode(result.record, result.record_len, &committed), 0);
    ck_assert_int_eq(store_read_begin(t.store), 0);
    ck_assert_int_eq(store_find_digest(t.store, token.record.digest, &found), 0);
    assert_text(found.key_id, token.key_id);
    assert_text(committed.key_id, token.key_id);
    ck_assert_uint_eq(found.seq, 1);
    ck_assert_int_eq(found.created_at, FIXTURE_NOW);
    ck_assert_uint_eq(found.created_by, FIXTURE_UID);
    found = find(&t, 1);
    assert_text(found.name, "token 1");
    ck_assert_uint_eq(listed(&t, TEXT("kasa")), 1);

    struct audit_entry entry = last_audit(&t);
    ck_assert_uint_eq(entry.seq, 1);
    ck_assert_int_eq(entry.verb, CHANGE_MINT);
    ck_assert_int_eq(entry.at, FIXTURE_NOW);
    ck_assert_uint_eq(entry.actor.uid, FIXTURE_UID);
    ck_assert_uint_eq(entry.actor.gid, 5678);
    ck_assert_int_eq(entry.actor.pid, 99);
    assert_text(entry.key_id, token.key_id);
    assert_text(entry.site, "kasa");
    store_read_end(t.store);
    end(&t);
}
END_TEST

/* ---- what is refused, and leaves no trace ---------------------------------------------------- */

static void assert_refused(struct trial *t, const struct change *change, int error)
{
    uint64_t before = seq_of(t);
    struct change_result result;
    ck_assert_int_eq(fixture_apply(t->store, change, &result), error);
    ck_assert_uint_eq(result.seq, 0);
    ck_assert_uint_eq(result.record_len, 0);
    ck_assert_uint_eq(seq_of(t), before);
    ck_assert_int_eq(store_read_begin(t->store), 0);
    struct store_stats stats;
    ck_assert_int_eq(store_stats(t->store, &stats), 0);
    ck_assert_uint_eq(listed(t, (struct text){NULL, 0}), stats.credentials);
    if (before > 0)
        ck_assert_uint_eq(last_audit(t).seq, before);
    store_read_end(t->store);
}

START_TEST(refuses_a_key_id_that_is_there)
{
    struct trial t;
    begin(&t);
    mint(&t, 1);
    struct fixture_token token;
    fixture_token(1, &token);
    token.record.digest[0] ^= 1;
    struct change change;
    fixture_change(CHANGE_MINT, &change);
    fixture_put_record(&token.record, &change);
    assert_refused(&t, &change, -EEXIST);
    end(&t);
}
END_TEST

START_TEST(refuses_a_digest_that_is_there)
{
    struct trial t;
    begin(&t);
    mint(&t, 1);
    struct fixture_token first, second;
    fixture_token(1, &first);
    fixture_token(2, &second);
    memcpy(second.record.digest, first.record.digest, DIGEST_BYTES);
    struct change change;
    fixture_change(CHANGE_MINT, &change);
    fixture_put_record(&second.record, &change);
    assert_refused(&t, &change, -EEXIST);
    end(&t);
}
END_TEST

enum oddity {
    ODD_EMPTY,
    ODD_CUT,
    ODD_LEGACY,
    ODD_REVOKED,
    ODD_SUSPENDED,
    ODD_REVOKED_AT,
    ODD_GRACE,
    ODD_REASON,
    ODD_ROTATED_FROM,
    ODD_ROTATED_TO,
    ODD_SCOPE,
    ODD_TIME,
    ODD_COUNT,
};

static void make_odd(enum oddity oddity, struct change *ret)
{
    struct fixture_token token;
    fixture_token(7, &token);
    struct record *record = &token.record;
    fixture_change(CHANGE_MINT, ret);
    switch (oddity) {
    case ODD_LEGACY:
        record->kind = KIND_LEGACY;
        record->secret_prefix = (struct text){NULL, 0};
        break;
    case ODD_REVOKED: record->revoked = true; break;
    case ODD_SUSPENDED: record->suspended = true; break;
    case ODD_REVOKED_AT: record->revoked_at = 1; break;
    case ODD_GRACE: record->grace_until = 1; break;
    case ODD_REASON: record->reason = TEXT("why"); break;
    case ODD_ROTATED_FROM: record->rotated_from = TEXT("key_0000000000000009"); break;
    case ODD_ROTATED_TO: record->rotated_to = TEXT("key_0000000000000009"); break;
    case ODD_SCOPE: record->scopes = UINT64_C(1) << 4; break;
    case ODD_TIME: ret->at = -1; break;
    default: break;
    }
    fixture_put_record(record, ret);
    if (oddity == ODD_EMPTY)
        ret->record_len = 0;
    if (oddity == ODD_CUT)
        ret->record_len--;
}

START_TEST(refuses_to_mint_what_is_not_new)
{
    struct trial t;
    begin(&t);
    mint(&t, 1);
    for (unsigned oddity = 0; oddity < ODD_COUNT; oddity++) {
        struct change change;
        make_odd((enum oddity)oddity, &change);
        assert_refused(&t, &change, -EINVAL);
    }
    end(&t);
}
END_TEST

START_TEST(refuses_an_unknown_verb)
{
    struct trial t;
    begin(&t);
    struct change change;
    fixture_mint(1, &change);
    change.verb = (enum change_verb)99;
    assert_refused(&t, &change, -EINVAL);
    end(&t);
}
END_TEST

/* ---- rotate -----------------------------------------------------------------------------------
 */

START_TEST(rotates_without_grace_by_revoking_the_old_one)
{
    struct trial t;
    begin(&t);
    mint(&t, 1);
    struct change change;
    struct change_result result;
    fixture_rotate(1, 2, 0, &change);
    change.at += 10;
    ck_assert_int_eq(fixture_apply(t.store, &change, &result), 0);
    ck_assert_uint_eq(result.seq, 2);

    struct fixture_token first, second;
    fixture_token(1, &first);
    fixture_token(2, &second);
    ck_assert_mem_eq(result.previous_digest, first.record.digest, DIGEST_BYTES);
    struct record committed;
    ck_assert_int_eq(record_decode(result.record, result.record_len, &committed), 0);
    assert_text(committed.key_id, second.key_id);

    ck_assert_int_eq(store_read_begin(t.store), 0);
    struct record old = find(&t, 1);
    ck_assert(old.revoked);
    ck_assert_int_eq(old.revoked_at, FIXTURE_NOW + 10);
    ck_assert_int_eq(old.grace_until, 0);
    assert_text(old.reason, "rotated");
    assert_text(old.rotated_to, second.key_id);
    ck_assert_uint_eq(old.seq, 2);

    struct record found;
    ck_assert_int_eq(store_find_digest(t.store, second.record.digest, &found), 0);
    assert_text(found.rotated_from, first.key_id);
    assert_text(found.rotated_to, "");
    assert_text(found.reason, "");
    ck_assert(!found.revoked);
    ck_assert_int_eq(found.created_at, FIXTURE_NOW + 10);
    ck_assert_uint_eq(listed(&t, TEXT("kasa")), 2);

    struct audit_entry entry = last_audit(&t);
    ck_assert_int_eq(entry.verb, CHANGE_ROTATE);
    assert_text(entry.key_id, first.key_id);
    assert_text(entry.related, second.key_id);
    assert_text(entry.site, "kasa");
    store_read_end(t.store);
    end(&t);
}
END_TEST

/* A token in which each field that is inherited differs from fixture_token()'s. */
static void mint_peculiar(struct trial *t, unsigned n, uint8_t origins[static 64])
{
    struct fixture_token token;
    fixture_token(n, &token);
    size_t len = 0;
    ck_assert_int_eq(textlist_append(origins, 64, &len, TEXT("https://shop.example")), 0);
    token.record.site = TEXT("other.site");
    token.record.name = TEXT("peculiar");
    token.record.scopes = 5;
    token.record.origins = (struct textlist){origins, len};
    token.record.missing_origin_allowed = true;
    token.record.strict = true;
    token.record.limit = (struct rate_limit){7, UINT64_C(1000000000), 9};
    token.record.expires_at = FIXTURE_NOW + 1000;
    struct change change;
    fixture_change(CHANGE_MINT, &change);
    fixture_put_record(&token.record, &change);
    fixture_must_apply(t->store, &change);
}

START_TEST(rotation_inherits_all_but_the_secret)
{
    struct trial t;
    begin(&t);
    uint8_t origins[64];
    mint_peculiar(&t, 1, origins);
    struct change change;
    fixture_rotate(1, 2, 0, &change); /* its record says "kasa", scope 15, ... */
    change.actor.uid = 7;
    fixture_must_apply(t.store, &change);

    ck_assert_int_eq(store_read_begin(t.store), 0);
    struct record found = find(&t, 2);
    assert_text(found.site, "other.site");
    assert_text(found.name, "peculiar");
    assert_text(found.secret_prefix, "stk_live_0002");
    ck_assert_uint_eq(found.scopes, 5);
    ck_assert(textlist_contains(found.origins, TEXT("https://shop.example")));
    ck_assert(found.missing_origin_allowed);
    ck_assert(found.strict);
    ck_assert_uint_eq(found.limit.requests, 7);
    ck_assert_uint_eq(found.limit.window_ns, UINT64_C(1000000000));
    ck_assert_uint_eq(found.limit.burst, 9);
    ck_assert_int_eq(found.expires_at, FIXTURE_NOW + 1000);
    ck_assert_uint_eq(found.created_by, 7);
    ck_assert_uint_eq(listed(&t, TEXT("other.site")), 2);
    ck_assert_uint_eq(listed(&t, TEXT("kasa")), 0);
    store_read_end(t.store);
    end(&t);
}
END_TEST

START_TEST(rotates_with_grace_and_lets_the_old_one_be_revoked_in_it)
{
    struct trial t;
    begin(&t);
    mint(&t, 1);
    struct change change;
    fixture_rotate(1, 2, 900, &change);
    fixture_must_apply(t.store, &change);
    ck_assert_int_eq(store_read_begin(t.store), 0);
    struct record old = find(&t, 1);
    ck_assert(!old.revoked);
    ck_assert_int_eq(old.grace_until, FIXTURE_NOW + 900);
    ck_assert_int_eq(record_state_at(&old, FIXTURE_NOW + 899), RECORD_ACTIVE);
    ck_assert_int_eq(record_state_at(&old, FIXTURE_NOW + 901), RECORD_REVOKED);
    store_read_end(t.store);

    fixture_rotate(1, 3, 900, &change);
    change.at += 5;
    assert_refused(&t, &change, -EINPROGRESS);
    change.at = FIXTURE_NOW + 901;
    assert_refused(&t, &change, -EPERM);

    fixture_revoke(1, "stolen", &change);
    fixture_must_apply(t.store, &change);
    ck_assert_int_eq(store_read_begin(t.store), 0);
    old = find(&t, 1);
    ck_assert(old.revoked);
    assert_text(old.reason, "stolen");
    ck_assert(!find(&t, 2).revoked);
    store_read_end(t.store);

    fixture_rotate(2, 3, 0, &change); /* the successor can be rotated in its turn */
    fixture_must_apply(t.store, &change);
    end(&t);
}
END_TEST

START_TEST(refuses_to_rotate_a_revoked_or_expired_one)
{
    struct trial t;
    begin(&t);
    uint8_t origins[64];
    mint_peculiar(&t, 1, origins);
    struct change change;
    fixture_rotate(1, 2, 0, &change);
    change.at = FIXTURE_NOW + 1000; /* expires_at */
    assert_refused(&t, &change, -EPERM);

    fixture_revoke(1, "", &change);
    fixture_must_apply(t.store, &change);
    fixture_rotate(1, 2, 0, &change);
    assert_refused(&t, &change, -EPERM);
    end(&t);
}
END_TEST

START_TEST(refuses_rotations_that_make_no_sense)
{
    struct trial t;
    begin(&t);
    mint(&t, 1);
    struct change change;
    fixture_rotate(9, 2, 0, &change);
    assert_refused(&t, &change, -ENOENT);
    fixture_rotate(1, 1, 0, &change); /* into itself */
    assert_refused(&t, &change, -EEXIST);
    fixture_rotate(1, 2, UINT64_MAX, &change);
    assert_refused(&t, &change, -EINVAL);
    fixture_rotate(1, 2, INT64_MAX, &change);
    assert_refused(&t, &change, -EINVAL);
    fixture_rotate(1, 2, 0, &change);
    change.record_len = 0;
    assert_refused(&t, &change, -EINVAL);

    struct fixture_token token; /* a test token can't follow a live one */
    fixture_token(2, &token);
    token.record.kind = KIND_TEST;
    token.record.secret_prefix = TEXT("stk_test_0000");
    fixture_rotate(1, 2, 0, &change);
    fixture_put_record(&token.record, &change);
    assert_refused(&t, &change, -EINVAL);

    memset(change.key_id, 'x', KEY_ID_LEN);
    assert_refused(&t, &change, -ENOENT);
    end(&t);
}
END_TEST

START_TEST(rotation_does_not_lift_a_suspension)
{
    struct trial t;
    begin(&t);
    mint(&t, 1);
    ck_assert_int_eq(store_read_begin(t.store), 0);
    struct record record = find(&t, 1);
    record.suspended = true;
    record.reason = TEXT("under review");
    uint8_t bytes[RECORD_BYTES_MAX];
    size_t len;
    ck_assert_int_eq(record_encode(&record, bytes, &len), 0);
    store_read_end(t.store);
    MDB_txn *txn;
    ck_assert_int_eq(mdb_txn_begin(t.store->env, NULL, 0, &txn), 0);
    ck_assert_int_eq(tables_put(t.store, txn, TABLE_TOKEN,
                                tables_val("key_0000000000000001", KEY_ID_LEN),
                                tables_val(bytes, len), 0),
                     0);
    ck_assert_int_eq(mdb_txn_commit(txn), 0);

    struct change change;
    fixture_rotate(1, 2, 0, &change);
    fixture_must_apply(t.store, &change);
    ck_assert_int_eq(store_read_begin(t.store), 0);
    record = find(&t, 2);
    ck_assert(record.suspended);
    assert_text(record.reason, "under review");
    store_read_end(t.store);
    end(&t);
}
END_TEST

/* ---- revoke -----------------------------------------------------------------------------------
 */

START_TEST(revokes_once_and_keeps_the_record)
{
    struct trial t;
    begin(&t);
    mint(&t, 1);
    struct change change;
    struct change_result result;
    fixture_revoke(1, "laptop lost", &change);
    change.at += 3;
    ck_assert_int_eq(fixture_apply(t.store, &change, &result), 0);
    struct record committed;
    ck_assert_int_eq(record_decode(result.record, result.record_len, &committed), 0);
    ck_assert(committed.revoked);

    struct fixture_token token;
    fixture_token(1, &token);
    ck_assert_int_eq(store_read_begin(t.store), 0);
    struct record found;
    ck_assert_int_eq(store_find_digest(t.store, token.record.digest, &found), 0);
    ck_assert(found.revoked);
    ck_assert_int_eq(found.revoked_at, FIXTURE_NOW + 3);
    ck_assert_int_eq(found.created_at, FIXTURE_NOW);
    assert_text(found.reason, "laptop lost");
    ck_assert_uint_eq(listed(&t, TEXT("kasa")), 1);
    struct audit_entry entry = last_audit(&t);
    ck_assert_int_eq(entry.verb, CHANGE_REVOKE);
    assert_text(entry.reason, "laptop lost");
    store_read_end(t.store);

    assert_refused(&t, &change, -EALREADY);
    fixture_revoke(2, "", &change);
    assert_refused(&t, &change, -ENOENT);
    mint(&t, 2);
    fixture_revoke(2, "line\nbreak", &change);
    assert_refused(&t, &change, -EINVAL);
    end(&t);
}
END_TEST

/* ---- legacy -----------------------------------------------------------------------------------
 */

static void legacy_add(unsigned n, struct change *ret)
{
    struct fixture_token token;
    fixture_token(n, &token);
    token.record.kind = KIND_LEGACY;
    token.record.secret_prefix = (struct text){NULL, 0};
    token.record.deprecation_at = FIXTURE_NOW - 100;
    token.record.sunset_at = FIXTURE_NOW + 100;
    token.record.link = TEXT("https://docs.example/move");
    fixture_change(CHANGE_LEGACY_ADD, ret);
    fixture_put_record(&token.record, ret);
}

START_TEST(legacy_keys_are_added_once_revoked_but_not_rotated)
{
    struct trial t;
    begin(&t);
    struct change change;
    legacy_add(1, &change);
    fixture_must_apply(t.store, &change);
    ck_assert_int_eq(store_read_begin(t.store), 0);
    struct record found = find(&t, 1);
    ck_assert_int_eq(found.kind, KIND_LEGACY);
    ck_assert_int_eq(found.sunset_at, FIXTURE_NOW + 100);
    assert_text(found.link, "https://docs.example/move");
    ck_assert_int_eq(last_audit(&t).verb, CHANGE_LEGACY_ADD);
    store_read_end(t.store);

    assert_refused(&t, &change, -EEXIST);
    fixture_rotate(1, 2, 0, &change);
    assert_refused(&t, &change, -EOPNOTSUPP);
    fixture_mint(3, &change);
    change.verb = CHANGE_LEGACY_ADD; /* of a token */
    assert_refused(&t, &change, -EINVAL);

    fixture_revoke(1, "", &change);
    fixture_must_apply(t.store, &change);
    end(&t);
}
END_TEST

/* ---- scopes -----------------------------------------------------------------------------------
 */

static void scope_add(const char *name, struct change *ret)
{
    fixture_change(CHANGE_SCOPE_ADD, ret);
    snprintf(ret->scope, sizeof ret->scope, "%s", name);
}

START_TEST(scopes_are_added_until_there_are_64_and_can_then_be_minted)
{
    struct trial t;
    begin(&t);
    struct change change;
    scope_add("catalog:read", &change);
    assert_refused(&t, &change, -EEXIST);
    scope_add("Bad Name", &change);
    assert_refused(&t, &change, -EINVAL);
    for (unsigned i = SCOPES_BUILTIN; i < SCOPES_MAX; i++) {
        char name[SCOPE_NAME_MAX + 1];
        snprintf(name, sizeof name, "extra:%u", i);
        scope_add(name, &change);
        fixture_must_apply(t.store, &change);
    }
    ck_assert_int_eq(store_read_begin(t.store), 0);
    struct audit_entry entry = last_audit(&t);
    ck_assert_int_eq(entry.verb, CHANGE_SCOPE_ADD);
    assert_text(entry.related, "extra:63");
    assert_text(entry.key_id, "");
    struct scope_registry registry;
    ck_assert_int_eq(store_scopes(t.store, &registry), 0);
    ck_assert_uint_eq(scope_find(&registry, TEXT("extra:63")), UINT64_C(1) << 63);
    store_read_end(t.store);
    scope_add("one.too.many", &change);
    assert_refused(&t, &change, -ENOSPC);

    struct fixture_token token;
    fixture_token(1, &token);
    token.record.scopes = UINT64_MAX;
    fixture_change(CHANGE_MINT, &change);
    fixture_put_record(&token.record, &change);
    fixture_must_apply(t.store, &change);
    end(&t);
}
END_TEST

/* ---- a full table -----------------------------------------------------------------------------
 */

static struct store *open_small(const char *dir)
{
    struct store_options options = {.dir = dir, .map_size_bytes = 2 << 20, .create = true};
    struct store *store;
    char message[STORE_ERROR_MAX];
    ck_assert_int_eq(store_open(&options, &store, message), 0);
    return store;
}

/* Rows that no change has written, of so many bytes. */
static void fill(struct trial *t, size_t bytes)
{
    MDB_txn *txn;
    char *filling = calloc(1, bytes);
    ck_assert_ptr_nonnull(filling);
    ck_assert_int_eq(mdb_txn_begin(t->store->env, NULL, 0, &txn), 0);
    ck_assert_int_eq(tables_put(t->store, txn, TABLE_USAGE, tables_val("filling", 7),
                                tables_val(filling, bytes), 0),
                     0);
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
    free(filling);
}

START_TEST(a_full_table_refuses_mints_and_goes_on_revoking)
{
    struct trial t;
    fixture_make_dir(t.dir);
    t.store = open_small(t.dir);
    fill(&t, (2 << 20) * 3 / 4);
    MDB_txn *txn; /* one for all: this is about room, not about fsync */
    ck_assert_int_eq(mdb_txn_begin(t.store->env, NULL, 0, &txn), 0);
    struct change change;
    struct change_result result;
    unsigned minted = 0;
    int r;
    do {
        fixture_mint(minted + 1, &change);
        r = change_apply(t.store, txn, &change, &result);
    } while (r == 0 && ++minted < 1000);
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
    ck_assert_int_eq(r, -ENOSPC);
    ck_assert_uint_gt(minted, 20);

    ck_assert_int_eq(store_read_begin(t.store), 0);
    struct store_stats stats;
    ck_assert_int_eq(store_stats(t.store, &stats), 0);
    store_read_end(t.store);
    ck_assert_uint_eq(stats.credentials, minted);
    ck_assert_uint_ge(stats.used_bytes, stats.map_bytes / 100 * 80);
    ck_assert_uint_lt(stats.used_bytes, stats.map_bytes / 100 * 82);

    fixture_rotate(1, minted + 2, 0, &change);
    assert_refused(&t, &change, -ENOSPC);
    scope_add("new", &change);
    assert_refused(&t, &change, -ENOSPC);
    legacy_add(minted + 3, &change);
    assert_refused(&t, &change, -ENOSPC);
    for (unsigned n = 1; n <= 20; n++) {
        fixture_revoke(n, "", &change);
        fixture_must_apply(t.store, &change);
    }
    end(&t);
}
END_TEST

START_TEST(a_map_without_a_page_left_fails_the_one_change)
{
    struct trial t;
    fixture_make_dir(t.dir);
    t.store = open_small(t.dir);
    mint(&t, 1);
    MDB_txn *txn;
    ck_assert_int_eq(mdb_txn_begin(t.store->env, NULL, 0, &txn), 0);
    char filling[2000] = "x";
    int r = 0;
    for (uint64_t i = 0; r == 0; i++) /* by rows that no change has written */
        r = tables_put(t.store, txn, TABLE_USAGE, tables_val(&i, sizeof i),
                       tables_val(filling, sizeof filling), 0);
    ck_assert_int_eq(r, -ENOSPC);
    mdb_txn_abort(txn);

    ck_assert_int_eq(mdb_txn_begin(t.store->env, NULL, 0, &txn), 0);
    MDB_txn *fill;
    for (uint64_t i = 0;; i++) {
        ck_assert_int_eq(mdb_txn_begin(t.store->env, txn, 0, &fill), 0);
        if (tables_put(t.store, fill, TABLE_USAGE, tables_val(&i, sizeof i),
                       tables_val(filling, sizeof filling), 0) < 0)
            break;
        ck_assert_int_eq(mdb_txn_commit(fill), 0);
    }
    mdb_txn_abort(fill);
    struct change change;
    struct change_result result;
    fixture_revoke(1, "", &change);
    ck_assert_int_eq(change_apply(t.store, txn, &change, &result), -ENOSPC);
    mdb_txn_abort(txn);
    fixture_must_apply(t.store, &change); /* and with room again it passes */
    end(&t);
}
END_TEST

/* ---- a child transaction alone --------------------------------------------------------------- */

START_TEST(a_failing_change_takes_no_other_with_it)
{
    struct trial t;
    begin(&t);
    MDB_txn *txn;
    ck_assert_int_eq(mdb_txn_begin(t.store->env, NULL, 0, &txn), 0);
    struct change change;
    struct change_result result;
    fixture_mint(1, &change);
    ck_assert_int_eq(change_apply(t.store, txn, &change, &result), 0);
    ck_assert_int_eq(change_apply(t.store, txn, &change, &result), -EEXIST);
    fixture_mint(2, &change);
    ck_assert_int_eq(change_apply(t.store, txn, &change, &result), 0);
    ck_assert_uint_eq(result.seq, 2); /* the failed one has used none */
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
    ck_assert_int_eq(store_read_begin(t.store), 0);
    ck_assert_uint_eq(listed(&t, TEXT("kasa")), 2);
    store_read_end(t.store);
    end(&t);
}
END_TEST

START_TEST(a_damaged_record_is_neither_rotated_nor_revoked)
{
    struct trial t;
    begin(&t);
    mint(&t, 1);
    mint(&t, 2);
    MDB_txn *txn;
    ck_assert_int_eq(mdb_txn_begin(t.store->env, NULL, 0, &txn), 0);
    ck_assert_int_eq(tables_put(t.store, txn, TABLE_TOKEN,
                                tables_val("key_0000000000000001", KEY_ID_LEN),
                                tables_val("rotten", 6), 0),
                     0);
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
    struct change change;
    struct change_result result;
    fixture_rotate(1, 3, 0, &change);
    ck_assert_int_eq(fixture_apply(t.store, &change, &result), -EBADMSG);
    fixture_revoke(1, "", &change);
    ck_assert_int_eq(fixture_apply(t.store, &change, &result), -EBADMSG);
    ck_assert_uint_eq(seq_of(&t), 2);
    end(&t);
}
END_TEST

START_TEST(the_same_changes_make_the_same_table)
{
    struct change_result results[2][3];
    memset(results, 0, sizeof results);
    for (unsigned round = 0; round < 2; round++) {
        struct trial t;
        begin(&t);
        struct change change;
        fixture_mint(1, &change);
        ck_assert_int_eq(fixture_apply(t.store, &change, &results[round][0]), 0);
        fixture_rotate(1, 2, 60, &change);
        ck_assert_int_eq(fixture_apply(t.store, &change, &results[round][1]), 0);
        fixture_revoke(2, "why not", &change);
        ck_assert_int_eq(fixture_apply(t.store, &change, &results[round][2]), 0);
        end(&t);
    }
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_uint_eq(results[0][i].record_len, results[1][i].record_len);
        ck_assert_mem_eq(results[0][i].record, results[1][i].record, results[0][i].record_len);
        ck_assert_uint_eq(results[0][i].seq, i + 1);
    }
}
END_TEST

START_TEST(verbs_have_names)
{
    ck_assert_str_eq(change_verb_name(CHANGE_MINT), "mint");
    ck_assert_str_eq(change_verb_name(CHANGE_ROTATE), "rotate");
    ck_assert_str_eq(change_verb_name(CHANGE_REVOKE), "revoke");
    ck_assert_str_eq(change_verb_name(CHANGE_LEGACY_ADD), "legacy-add");
    ck_assert_str_eq(change_verb_name(CHANGE_SCOPE_ADD), "scope-add");
    ck_assert_str_eq(change_verb_name((enum change_verb)0), "unknown");
}
END_TEST

SUITE_MAIN("change", mints_into_every_index_with_an_audit_entry, refuses_a_key_id_that_is_there,
           refuses_a_digest_that_is_there, refuses_to_mint_what_is_not_new, refuses_an_unknown_verb,
           rotates_without_grace_by_revoking_the_old_one, rotation_inherits_all_but_the_secret,
           rotates_with_grace_and_lets_the_old_one_be_revoked_in_it,
           refuses_to_rotate_a_revoked_or_expired_one, refuses_rotations_that_make_no_sense,
           rotation_does_not_lift_a_suspension, revokes_once_and_keeps_the_record,
           legacy_keys_are_added_once_revoked_but_not_rotated,
           scopes_are_added_until_there_are_64_and_can_then_be_minted,
           a_full_table_refuses_mints_and_goes_on_revoking,
           a_map_without_a_page_left_fails_the_one_change, a_failing_change_takes_no_other_with_it,
           a_damaged_record_is_neither_rotated_nor_revoked, the_same_changes_make_the_same_table,
           verbs_have_names)
