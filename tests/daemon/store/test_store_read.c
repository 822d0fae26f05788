#include "daemon/store/store.h"

#include <errno.h>
#include <stdio.h>

#include "daemon/store/audit.h"
#include "daemon/store/usage.h"
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

static void mint_for(struct trial *t, unsigned n, const char *site, int64_t at)
{
    struct fixture_token token;
    fixture_token(n, &token);
    token.record.site = text_of(site);
    struct change change;
    fixture_change(CHANGE_MINT, &change);
    fixture_put_record(&token.record, &change);
    change.at = at;
    fixture_must_apply(t->store, &change);
}

/* Put a row past all checks. */
static void put_raw(struct trial *t, enum table table, MDB_val key, MDB_val value)
{
    MDB_txn *txn;
    ck_assert_int_eq(mdb_txn_begin(t->store->env, NULL, 0, &txn), 0);
    ck_assert_int_eq(tables_put(t->store, txn, table, key, value, 0), 0);
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
}

/* The bytes of a row. */
static size_t get_raw(struct trial *t, enum table table, MDB_val key, uint8_t *ret)
{
    MDB_val value;
    ck_assert_int_eq(store_read_begin(t->store), 0);
    ck_assert_int_eq(tables_get(t->store, t->store->read, table, key, &value), 0);
    memcpy(ret, value.mv_data, value.mv_size);
    store_read_end(t->store);
    return value.mv_size;
}

static MDB_val key_of(const struct fixture_token *token)
{
    return tables_val(token->key_id, KEY_ID_LEN);
}

/* ---- one record -------------------------------------------------------------------------------
 */

START_TEST(finds_nothing_in_an_empty_table)
{
    struct trial t;
    begin(&t);
    struct fixture_token token;
    fixture_token(1, &token);
    struct record found = {.seq = 5};
    ck_assert_int_eq(store_read_begin(t.store), 0);
    ck_assert_int_eq(store_find_digest(t.store, token.record.digest, &found), -ENOENT);
    ck_assert_int_eq(store_find_key_id(t.store, text_of(token.key_id), &found), -ENOENT);
    static const char *const none[] = {"", "key_", "../../../etc/passwd!"};
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(store_find_key_id(t.store, text_of(none[i]), &found), -ENOENT);
    static char huge[100000]; /* LMDB would refuse a key of more than 511 bytes */
    ck_assert_int_eq(store_find_key_id(t.store, (struct text){huge, sizeof huge}, &found), -ENOENT);
    ck_assert_uint_eq(found.seq, 5);
    store_read_end(t.store);
    end(&t);
}
END_TEST

static void assert_damaged(struct trial *t, const struct fixture_token *token)
{
    struct record found;
    ck_assert_int_eq(store_read_begin(t->store), 0);
    ck_assert_int_eq(store_find_digest(t->store, token->record.digest, &found), -EBADMSG);
    ck_assert_int_eq(store_find_key_id(t->store, text_of(token->key_id), &found), -EBADMSG);
    store_read_end(t->store);
}

START_TEST(refuses_a_record_with_any_flipped_byte)
{
    struct trial t;
    begin(&t);
    mint_for(&t, 1, "kasa", 1);
    struct fixture_token token;
    fixture_token(1, &token);
    uint8_t bytes[RECORD_BYTES_MAX];
    size_t len = get_raw(&t, TABLE_TOKEN, key_of(&token), bytes);
    MDB_txn *txn; /* one write transaction per byte would mean one fsync each */
    for (size_t i = 0; i < len; i++) {
        bytes[i] ^= 0x10;
        ck_assert_int_eq(mdb_txn_begin(t.store->env, NULL, 0, &txn), 0);
        ck_assert_int_eq(
            tables_put(t.store, txn, TABLE_TOKEN, key_of(&token), tables_val(bytes, len), 0), 0);
        struct record found;
        ck_assert_int_eq(tables_record(t.store, txn, text_of(token.key_id), &found), -EBADMSG);
        ck_assert_int_eq(tables_record_by_digest(t.store, txn, token.record.digest, &found),
                         -EBADMSG);
        mdb_txn_abort(txn);
        bytes[i] ^= 0x10;
    }
    bytes[len / 2] ^= 0x01;
    put_raw(&t, TABLE_TOKEN, key_of(&token), tables_val(bytes, len));
    assert_damaged(&t, &token);
    put_raw(&t, TABLE_TOKEN, key_of(&token), tables_val("", 0));
    assert_damaged(&t, &token);
    end(&t);
}
END_TEST

START_TEST(refuses_another_one_s_record_under_a_key_id)
{
    struct trial t;
    begin(&t);
    mint_for(&t, 1, "kasa", 1);
    mint_for(&t, 2, "kasa", 1);
    struct fixture_token first, second;
    fixture_token(1, &first);
    fixture_token(2, &second);
    uint8_t bytes[RECORD_BYTES_MAX];
    size_t len = get_raw(&t, TABLE_TOKEN, key_of(&second), bytes);
    put_raw(&t, TABLE_TOKEN, key_of(&first), tables_val(bytes, len)); /* sound in itself */
    assert_damaged(&t, &first);
    end(&t);
}
END_TEST

START_TEST(refuses_a_digest_that_leads_to_another_token)
{
    struct trial t;
    begin(&t);
    mint_for(&t, 1, "kasa", 1);
    mint_for(&t, 2, "kasa", 1);
    struct fixture_token first, second;
    fixture_token(1, &first);
    fixture_token(2, &second);
    MDB_val digest = tables_val(first.record.digest, DIGEST_BYTES);
    const MDB_val wrong[] = {key_of(&second), tables_val("key_0000000000000099", KEY_ID_LEN),
                             tables_val("", 0), tables_val(first.key_id, KEY_ID_LEN - 1)};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        put_raw(&t, TABLE_DIGEST, digest, wrong[i]);
        struct record found;
        ck_assert_int_eq(store_read_begin(t.store), 0);
        ck_assert_int_eq(store_find_digest(t.store, first.record.digest, &found), -EBADMSG);
        store_read_end(t.store);
    }
    end(&t);
}
END_TEST

START_TEST(a_read_sees_the_commit_before_it_until_it_ends)
{
    struct trial t;
    begin(&t);
    char key_id[KEY_ID_LEN + 1];
    struct record found;
    uint64_t seq;
    ck_assert_int_eq(store_read_begin(t.store), 0);
    ck_assert_int_eq(store_read_begin(t.store), -EBUSY);
    mint_for(&t, 1, "kasa", 1);
    ck_assert_int_eq(store_find_key_id(t.store, fixture_key_id(1, key_id), &found), -ENOENT);
    ck_assert_int_eq(store_seq(t.store, &seq), 0);
    ck_assert_uint_eq(seq, 0);
    store_read_end(t.store);
    store_read_end(t.store); /* once too often is no harm */
    ck_assert_int_eq(store_read_begin(t.store), 0);
    ck_assert_int_eq(store_find_key_id(t.store, fixture_key_id(1, key_id), &found), 0);
    ck_assert_int_eq(store_seq(t.store, &seq), 0);
    ck_assert_uint_eq(seq, 1);
    store_read_end(t.store);
    end(&t);
}
END_TEST

/* ---- lists ------------------------------------------------------------------------------------
 */

struct seen {
    char names[256]; /* numbers of the tokens, each followed by a space */
    unsigned count, stop_after;
    char position[TABLES_SITE_KEY_MAX];
    size_t position_len;
};

static int see(const struct record *record, struct text position, void *userdata)
{
    struct seen *seen = userdata;
    size_t len = strlen(seen->names);
    if (record)
        snprintf(seen->names + len, sizeof seen->names - len, "%d ",
                 atoi(record->key_id.data + strlen("key_")));
    else
        snprintf(seen->names + len, sizeof seen->names - len, "damaged ");
    ck_assert_uint_le(position.len, sizeof seen->position);
    memcpy(seen->position, position.data, position.len);
    seen->position_len = position.len;
    return ++seen->count == seen->stop_after ? 42 : 0;
}

static void assert_list(struct trial *t, const char *site, const char *expected)
{
    struct seen seen = {.stop_after = 0};
    ck_assert_int_eq(store_read_begin(t->store), 0);
    ck_assert_int_eq(store_list(t->store, text_of(site), (struct text){NULL, 0}, see, &seen), 0);
    store_read_end(t->store);
    ck_assert_str_eq(seen.names, expected);

    /* The same in pages of one. */
    struct seen paged = {.stop_after = 0};
    int r;
    do {
        paged.stop_after = paged.count + 1;
        char position[TABLES_SITE_KEY_MAX];
        memcpy(position, paged.position, paged.position_len);
        ck_assert_int_eq(store_read_begin(t->store), 0);
        r = store_list(t->store, text_of(site), (struct text){position, paged.position_len}, see,
                       &paged);
        store_read_end(t->store);
    } while (r == 42);
    ck_assert_int_eq(r, 0);
    ck_assert_str_eq(paged.names, expected);
}

START_TEST(lists_a_site_by_age_and_no_other)
{
    struct trial t;
    begin(&t);
    assert_list(&t, "", "");
    assert_list(&t, "kasa", "");
    mint_for(&t, 1, "kasa", 300);
    mint_for(&t, 2, "kasa", 255);
    mint_for(&t, 3, "kasa", 256);
    mint_for(&t, 4, "kas", 1);
    mint_for(&t, 5, "kasa2", 1);
    mint_for(&t, 6, "kasa-b", 1);
    mint_for(&t, 7, "zoo", 1);
    assert_list(&t, "kasa", "2 3 1 ");
    assert_list(&t, "kas", "4 ");
    assert_list(&t, "kasa2", "5 ");
    assert_list(&t, "zoo", "7 ");
    assert_list(&t, "zo", "");
    assert_list(&t, "zzz", "");
    assert_list(&t, "", "4 2 3 1 6 5 7 ");
    end(&t);
}
END_TEST

START_TEST(refuses_positions_and_sites_that_can_t_be)
{
    struct trial t;
    begin(&t);
    mint_for(&t, 1, "kasa", 1);
    char huge[TABLES_SITE_KEY_MAX + 1];
    memset(huge, 'k', sizeof huge);
    struct text none = {NULL, 0};
    struct seen seen = {.stop_after = 0};
    ck_assert_int_eq(store_read_begin(t.store), 0);
    ck_assert_int_eq(store_list(t.store, TEXT("a b"), none, see, &seen), -EINVAL);
    ck_assert_int_eq(store_list(t.store, (struct text){huge, SITE_MAX + 1}, none, see, &seen),
                     -EINVAL);
    ck_assert_int_eq(store_list(t.store, none, (struct text){huge, sizeof huge}, see, &seen),
                     -EINVAL);
    ck_assert_int_eq(store_list(t.store, TEXT("kasa"), TEXT("other"), see, &seen), -EINVAL);
    ck_assert_int_eq(store_list(t.store, TEXT("kasa"), TEXT("kas"), see, &seen), -EINVAL);
    ck_assert_uint_eq(seen.count, 0);
    ck_assert_int_eq(store_list(t.store, none, TEXT("a"), see, &seen), 0); /* before all */
    ck_assert_uint_eq(seen.count, 1);
    ck_assert_int_eq(store_list(t.store, none, TEXT("z"), see, &seen), 0); /* behind all */
    ck_assert_uint_eq(seen.count, 1);
    store_read_end(t.store);
    end(&t);
}
END_TEST

START_TEST(a_list_tells_what_is_damaged_and_goes_on)
{
    struct trial t;
    begin(&t);
    struct fixture_token token;
    for (unsigned n = 1; n <= 3; n++)
        mint_for(&t, n, "kasa", n);
    fixture_token(2, &token);
    put_raw(&t, TABLE_TOKEN, key_of(&token), tables_val("rotten", 6));
    assert_list(&t, "kasa", "1 damaged 3 ");
    assert_list(&t, "", "1 damaged 3 ");
    end(&t);
}
END_TEST

START_TEST(a_list_refuses_an_index_that_does_not_fit_the_records)
{
    struct trial t;
    begin(&t);
    mint_for(&t, 1, "kasa", 1);
    static const struct {
        const char *site, *key_id;
        int64_t created_at;
        const char *expected;
    } wrong[] = {
        {"gone", "key_0000000000000009", 1, "damaged "},   /* no such record */
        {"thief", "key_0000000000000001", 1, "damaged "},  /* another site's */
        {"kasa", "key_0000000000000001", 2, "1 damaged "}, /* at another time */
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uint8_t key[TABLES_SITE_KEY_MAX];
        size_t len = tables_site_key(text_of(wrong[i].site), wrong[i].created_at,
                                     text_of(wrong[i].key_id), key);
        put_raw(&t, TABLE_SITE, tables_val(key, len), tables_val("", 0));
        assert_list(&t, wrong[i].site, wrong[i].expected);
    }
    put_raw(&t, TABLE_SITE, tables_val("short\0", 6), tables_val("", 0));
    assert_list(&t, "short", "damaged ");
    end(&t);
}
END_TEST

START_TEST(a_position_names_its_key_id_only_when_it_is_one)
{
    uint8_t key[TABLES_SITE_KEY_MAX];
    size_t len = tables_site_key(TEXT("kasa"), 1, TEXT("key_0000000000000001"), key);
    struct text position = {(const char *)key, len};
    ck_assert(text_equal(store_position_key_id(position), TEXT("key_0000000000000001")));
    key[len - 1] = '\n';
    ck_assert_uint_eq(store_position_key_id(position).len, 0);
    ck_assert_uint_eq(store_position_key_id(TEXT("short")).len, 0);
}
END_TEST

/* ---- audit ------------------------------------------------------------------------------------
 */

struct trail {
    uint64_t seqs[16];
    unsigned count, stop_after;
};

static int follow(const struct audit_entry *entry, void *userdata)
{
    struct trail *trail = userdata;
    trail->seqs[trail->count++] = entry->seq;
    return trail->count == trail->stop_after ? 7 : 0;
}

static void assert_trail(struct trial *t, uint64_t before, uint64_t first, unsigned count)
{
    struct trail trail = {.count = 0};
    ck_assert_int_eq(store_audit(t->store, before, follow, &trail), 0);
    ck_assert_uint_eq(trail.count, count);
    for (unsigned i = 0; i < count; i++)
        ck_assert_uint_eq(trail.seqs[i], first - i);
}

START_TEST(walks_the_audit_trail_newest_first)
{
    struct trial t;
    begin(&t);
    ck_assert_int_eq(store_read_begin(t.store), 0);
    assert_trail(&t, 0, 0, 0);
    assert_trail(&t, 5, 0, 0);
    store_read_end(t.store);
    for (unsigned n = 1; n <= 10; n++)
        mint_for(&t, n, "kasa", 1);
    ck_assert_int_eq(store_read_begin(t.store), 0);
    assert_trail(&t, 0, 10, 10);
    assert_trail(&t, 1, 0, 0);
    assert_trail(&t, 2, 1, 1);
    assert_trail(&t, 10, 9, 9);
    assert_trail(&t, 11, 10, 10);
    assert_trail(&t, UINT64_MAX, 10, 10);
    struct trail trail = {.stop_after = 3};
    ck_assert_int_eq(store_audit(t.store, 0, follow, &trail), 7);
    ck_assert_uint_eq(trail.count, 3);
    store_read_end(t.store);
    end(&t);
}
END_TEST

START_TEST(refuses_a_damaged_audit_entry)
{
    struct trial t;
    begin(&t);
    mint_for(&t, 1, "kasa", 1);
    mint_for(&t, 2, "kasa", 1);
    uint8_t key[TABLES_AUDIT_KEY_BYTES], other[TABLES_AUDIT_KEY_BYTES], bytes[AUDIT_BYTES_MAX];
    tables_audit_key(1, key);
    tables_audit_key(2, other);
    size_t len = get_raw(&t, TABLE_AUDIT, tables_val(other, sizeof other), bytes);
    put_raw(&t, TABLE_AUDIT, tables_val(key, sizeof key), tables_val(bytes, len));
    struct trail trail = {.count = 0};
    ck_assert_int_eq(store_read_begin(t.store), 0);
    ck_assert_int_eq(store_audit(t.store, 0, follow, &trail), -EBADMSG);
    ck_assert_uint_eq(trail.count, 1); /* up to there */
    store_read_end(t.store);
    end(&t);
}
END_TEST

/* ---- usage and numbers ------------------------------------------------------------------------
 */

START_TEST(usage_is_zero_until_written_and_refused_when_damaged)
{
    struct trial t;
    begin(&t);
    struct usage usage = {.allowed = 5}, zero = {0}, written = {.allowed = 9, .debt_ns = 3};
    ck_assert_int_eq(store_read_begin(t.store), 0);
    ck_assert_int_eq(store_usage(t.store, TEXT("key_0000000000000001"), &usage), 0);
    ck_assert_mem_eq(&usage, &zero, sizeof usage);
    ck_assert_int_eq(store_usage(t.store, TEXT(""), &usage), 0);
    store_read_end(t.store);

    uint8_t bytes[USAGE_BYTES];
    usage_encode(&written, bytes);
    MDB_val key = tables_val("key_0000000000000001", KEY_ID_LEN);
    put_raw(&t, TABLE_USAGE, key, tables_val(bytes, sizeof bytes));
    ck_assert_int_eq(store_read_begin(t.store), 0);
    ck_assert_int_eq(store_usage(t.store, TEXT("key_0000000000000001"), &usage), 0);
    ck_assert_mem_eq(&usage, &written, sizeof usage);
    store_read_end(t.store);

    bytes[9] ^= 1;
    put_raw(&t, TABLE_USAGE, key, tables_val(bytes, sizeof bytes));
    ck_assert_int_eq(store_read_begin(t.store), 0);
    ck_assert_int_eq(store_usage(t.store, TEXT("key_0000000000000001"), &usage), -EBADMSG);
    store_read_end(t.store);
    end(&t);
}
END_TEST

START_TEST(stats_count_credentials_and_room)
{
    struct trial t;
    begin(&t);
    struct store_stats empty, stats;
    ck_assert_int_eq(store_read_begin(t.store), 0);
    ck_assert_int_eq(store_stats(t.store, &empty), 0);
    store_read_end(t.store);
    ck_assert_uint_eq(empty.credentials, 0);
    ck_assert_uint_eq(empty.seq, 0);
    for (unsigned n = 1; n <= 30; n++)
        mint_for(&t, n, "kasa", 1);
    ck_assert_int_eq(store_read_begin(t.store), 0);
    ck_assert_int_eq(store_stats(t.store, &stats), 0);
    store_read_end(t.store);
    ck_assert_uint_eq(stats.credentials, 30);
    ck_assert_uint_eq(stats.seq, 30);
    ck_assert_uint_eq(stats.map_bytes, 256 << 20);
    ck_assert_uint_gt(stats.used_bytes, empty.used_bytes);
    ck_assert_uint_lt(stats.used_bytes, 1 << 20);
    end(&t);
}
END_TEST

SUITE_MAIN("store_read", finds_nothing_in_an_empty_table, refuses_a_record_with_any_flipped_byte,
           refuses_another_one_s_record_under_a_key_id,
           refuses_a_digest_that_leads_to_another_token,
           a_read_sees_the_commit_before_it_until_it_ends, lists_a_site_by_age_and_no_other,
           refuses_positions_and_sites_that_can_t_be, a_list_tells_what_is_damaged_and_goes_on,
           a_list_refuses_an_index_that_does_not_fit_the_records,
           a_position_names_its_key_id_only_when_it_is_one, walks_the_audit_trail_newest_first,
           refuses_a_damaged_audit_entry, usage_is_zero_until_written_and_refused_when_damaged,
           stats_count_credentials_and_room)
