#include "tests/daemon/store/fixture.h"

#include <check.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void fixture_make_dir(char ret[static FIXTURE_PATH_MAX])
{
    const char *tmp = getenv("TMPDIR");
    ck_assert_int_lt(snprintf(ret, FIXTURE_PATH_MAX, "%s/stkgate-test-XXXXXX", tmp ? tmp : "/tmp"),
                     FIXTURE_PATH_MAX);
    ck_assert_ptr_nonnull(mkdtemp(ret));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

void fixture_remove_dir(const char *dir)
{
    ck_assert_int_eq(nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

void fixture_path(const char *dir, const char *name, char ret[static FIXTURE_PATH_MAX])
{
    ck_assert_int_lt(snprintf(ret, FIXTURE_PATH_MAX, "%s/%s", dir, name), FIXTURE_PATH_MAX);
}

struct store *fixture_open(const char *dir)
{
    struct store_options options = {.dir = dir, .map_size_bytes = 256 << 20, .create = true};
    struct store *store = NULL;
    char message[STORE_ERROR_MAX] = "";
    int r = store_open(&options, &store, message);
    ck_assert_msg(r == 0, "store_open: %d %s", r, message);
    return store;
}

struct text fixture_key_id(unsigned n, char ret[static KEY_ID_LEN + 1])
{
    snprintf(ret, KEY_ID_LEN + 1, "key_%016u", n);
    return text_of(ret);
}

void fixture_token(unsigned n, struct fixture_token *ret)
{
    fixture_key_id(n, ret->key_id);
    snprintf(ret->prefix, sizeof ret->prefix, "stk_live_%04u", n % 10000);
    snprintf(ret->name, sizeof ret->name, "token %u", n);
    ret->record = (struct record){
        .kind = KIND_LIVE,
        .scopes = SCOPE_ALL_BUILTIN,
        .limit = {.requests = 60, .window_ns = UINT64_C(60000000000), .burst = 60},
        .key_id = text_of(ret->key_id),
        .site = TEXT("kasa"),
        .name = text_of(ret->name),
        .secret_prefix = text_of(ret->prefix),
    };
    /* Spread over the table as digests are. */
    uint32_t h = n;
    for (unsigned i = 0; i < DIGEST_BYTES; i++) {
        h = h * 1664525u + 1013904223u;
        ret->record.digest[i] = (uint8_t)(h >> 24);
    }
    memcpy(ret->record.digest + DIGEST_BYTES - sizeof n, &n, sizeof n);
}

void fixture_change(enum change_verb verb, struct change *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->verb = verb;
    ret->actor = (struct actor){.uid = FIXTURE_UID, .gid = 5678, .pid = 99};
    ret->at = FIXTURE_NOW;
}

void fixture_put_record(const struct record *record, struct change *ret)
{
    ck_assert_int_eq(record_encode(record, ret->record, &ret->record_len), 0);
}

void fixture_mint(unsigned n, struct change *ret)
{
    struct fixture_token token;
    fixture_token(n, &token);
    fixture_change(CHANGE_MINT, ret);
    fixture_put_record(&token.record, ret);
}

void fixture_legacy(unsigned n, struct change *ret)
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

void fixture_rotate(unsigned n, unsigned successor, uint64_t grace_s, struct change *ret)
{
    fixture_mint(successor, ret);
    ret->verb = CHANGE_ROTATE;
    ret->grace_s = grace_s;
    fixture_key_id(n, ret->key_id);
}

void fixture_revoke(unsigned n, const char *reason, struct change *ret)
{
    fixture_change(CHANGE_REVOKE, ret);
    fixture_key_id(n, ret->key_id);
    snprintf(ret->reason, sizeof ret->reason, "%s", reason);
}

void fixture_order(enum change_verb verb, unsigned n, struct change *ret)
{
    fixture_change(verb, ret);
    fixture_key_id(n, ret->key_id);
}

void fixture_edit(unsigned n, unsigned fields, const struct record *wanted, struct change *ret)
{
    fixture_order(CHANGE_EDIT, n, ret);
    ret->edit_fields = fields;
    fixture_put_record(wanted, ret);
}

int fixture_apply(struct store *store, const struct change *change, struct change_result *result)
{
    MDB_txn *txn;
    ck_assert_int_eq(mdb_txn_begin(store->env, NULL, 0, &txn), 0);
    int r = change_apply(store, txn, change, result);
    ck_assert_int_eq(r, result->error);
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
    return r;
}

void fixture_must_apply(struct store *store, const struct change *change)
{
    struct change_result result;
    ck_assert_int_eq(fixture_apply(store, change, &result), 0);
}
