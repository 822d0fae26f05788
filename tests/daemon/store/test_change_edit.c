#include <errno.h>

#include "tests/daemon/store/trial.h"
#include "tests/suite.h"

#define MINUTE_NS UINT64_C(60000000000)

static const uint8_t origins[] = "\x11"
                                 "https://a.example";

/* A token or legacy key with another value in each field that can be edited. */
static void fixture_other(bool legacy, struct fixture_token *ret)
{
    fixture_token(77, ret);
    struct record *record = &ret->record;
    record->name = TEXT("another name");
    record->scopes = 1;
    record->origins = (struct textlist){origins, sizeof origins - 1};
    record->missing_origin_allowed = true;
    record->limit = (struct rate_limit){7, 5 * MINUTE_NS, 9};
    record->expires_at = FIXTURE_NOW + 1000;
    record->strict = true;
    if (legacy) {
        record->kind = KIND_LEGACY;
        record->secret_prefix = TEXT("");
        record->deprecation_at = FIXTURE_NOW - 50;
        record->sunset_at = FIXTURE_NOW + 500;
        record->link = TEXT("https://docs.example/other");
    }
}

/* Which fields of the two differ: or-ed. */
static unsigned difference(const struct record *a, const struct record *b)
{
    unsigned fields = 0;
    fields |= text_equal(a->name, b->name) ? 0 : EDIT_NAME;
    fields |= a->scopes == b->scopes ? 0 : EDIT_SCOPES;
    fields |= a->origins.len == b->origins.len ? 0 : EDIT_ORIGINS;
    fields |= a->missing_origin_allowed == b->missing_origin_allowed ? 0 : EDIT_MISSING_ORIGIN;
    fields |= a->limit.requests == b->limit.requests ? 0 : EDIT_REQUESTS;
    fields |= a->limit.window_ns == b->limit.window_ns ? 0 : EDIT_WINDOW;
    fields |= a->limit.burst == b->limit.burst ? 0 : EDIT_BURST;
    fields |= a->expires_at == b->expires_at ? 0 : EDIT_EXPIRES;
    fields |= a->strict == b->strict ? 0 : EDIT_STRICT;
    fields |= a->deprecation_at == b->deprecation_at ? 0 : EDIT_DEPRECATION;
    fields |= a->sunset_at == b->sunset_at ? 0 : EDIT_SUNSET;
    fields |= text_equal(a->link, b->link) ? 0 : EDIT_LINK;
    return fields;
}

/* What an edit has no word for. */
static void assert_same_identity(const struct record *a, const struct record *b)
{
    ck_assert_mem_eq(a->digest, b->digest, DIGEST_BYTES);
    ck_assert_int_eq(a->kind, b->kind);
    ck_assert_int_eq(a->created_at, b->created_at);
    ck_assert_uint_eq(a->created_by, b->created_by);
    ck_assert(text_equal(a->key_id, b->key_id));
    ck_assert(text_equal(a->site, b->site));
    ck_assert(text_equal(a->secret_prefix, b->secret_prefix));
    ck_assert(text_equal(a->rotated_from, b->rotated_from));
    ck_assert(text_equal(a->rotated_to, b->rotated_to));
    ck_assert(a->suspended == b->suspended && a->revoked == b->revoked);
}

START_TEST(each_field_is_edited_by_itself_and_named_in_the_audit_trail)
{
    static const struct {
        unsigned fields;
        const char *reason;
        unsigned changed; /* when it is not fields */
    } rows[] = {
        {EDIT_NAME, "name", 0},
        {EDIT_SCOPES, "scopes", 0},
        {EDIT_ORIGINS, "origins", 0},
        {EDIT_MISSING_ORIGIN, "missing-origin", 0},
        {EDIT_REQUESTS, "limit", EDIT_REQUESTS | EDIT_BURST},
        {EDIT_WINDOW, "limit", 0},
        {EDIT_BURST, "limit", 0},
        {EDIT_REQUESTS | EDIT_WINDOW | EDIT_BURST, "limit", 0},
        {EDIT_EXPIRES, "expiry", 0},
        {EDIT_STRICT, "strict", 0},
        {EDIT_DEPRECATION, "deprecation", 0},
        {EDIT_SUNSET, "sunset", 0},
        {EDIT_LINK, "link", 0},
        {EDIT_NAME | EDIT_BURST | EDIT_LINK, "name, limit, link", 0},
        {EDIT_ALL,
         "name, scopes, origins, missing-origin, limit, expiry, strict, deprecation, sunset, link",
         0},
    };
    struct fixture_token other;
    fixture_other(true, &other);
    struct trial t;
    trial_begin(&t);
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct change change;
        struct change_result result;
        struct record before, after;
        fixture_legacy(i + 1, &change);
        ck_assert_int_eq(fixture_apply(t.store, &change, &result), 0);
        ck_assert_int_eq(record_decode(result.record, result.record_len, &before), 0);
        fixture_edit(i + 1, rows[i].fields, &other.record, &change);
        fixture_must_apply(t.store, &change);

        ck_assert_int_eq(store_read_begin(t.store), 0);
        after = trial_find(&t, i + 1);
        ck_assert_uint_eq(difference(&before, &after),
                          rows[i].changed ? rows[i].changed : rows[i].fields);
        ck_assert_uint_eq(difference(&other.record, &after) & rows[i].fields, 0);
        assert_same_identity(&before, &after);
        struct audit_entry entry = trial_last_audit(&t);
        ck_assert_int_eq(entry.verb, CHANGE_EDIT);
        trial_assert_text(entry.reason, rows[i].reason);
        ck_assert(text_equal(entry.key_id, after.key_id));
        ck_assert_uint_eq(after.seq, entry.seq);
        store_read_end(t.store);
    }
    trial_end(&t);
}
END_TEST

START_TEST(a_burst_goes_with_the_requests_only_when_it_was_as_large)
{
    static const struct {
        struct rate_limit is;
        unsigned fields;
        struct rate_limit wanted, expected;
    } rows[] = {
        {{60, MINUTE_NS, 60}, EDIT_REQUESTS, {10, 1, 1}, {10, MINUTE_NS, 10}},
        {{60, MINUTE_NS, 30}, EDIT_REQUESTS, {10, 1, 1}, {10, MINUTE_NS, 30}},
        {{60, MINUTE_NS, 60}, EDIT_REQUESTS | EDIT_BURST, {10, 1, 5}, {10, MINUTE_NS, 5}},
        {{60, MINUTE_NS, 60}, EDIT_BURST, {10, 1, 5}, {60, MINUTE_NS, 5}},
        {{60, MINUTE_NS, 60}, EDIT_WINDOW, {10, 2 * MINUTE_NS, 5}, {60, 2 * MINUTE_NS, 60}},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct record from = {.limit = rows[i].wanted}, to = {.limit = rows[i].is};
        change_edit_put(rows[i].fields, &from, &to);
        ck_assert_uint_eq(to.limit.requests, rows[i].expected.requests);
        ck_assert_uint_eq(to.limit.window_ns, rows[i].expected.window_ns);
        ck_assert_uint_eq(to.limit.burst, rows[i].expected.burst);
    }
}
END_TEST

START_TEST(two_edits_made_from_the_same_record_both_take_effect)
{
    struct trial t;
    trial_begin(&t);
    trial_mint(&t, 1);
    struct change first, second;
    struct fixture_token token;
    fixture_token(1, &token);
    token.record.name = TEXT("renamed");
    fixture_edit(1, EDIT_NAME, &token.record, &first);
    fixture_token(1, &token);
    token.record.expires_at = FIXTURE_NOW + 5;
    fixture_edit(1, EDIT_EXPIRES, &token.record, &second);
    fixture_must_apply(t.store, &first);
    fixture_must_apply(t.store, &second);
    ck_assert_int_eq(store_read_begin(t.store), 0);
    struct record record = trial_find(&t, 1);
    trial_assert_text(record.name, "renamed");
    ck_assert_int_eq(record.expires_at, FIXTURE_NOW + 5);
    store_read_end(t.store);
    trial_end(&t);
}
END_TEST

START_TEST(an_expired_one_comes_back_with_a_later_expiry_and_a_suspended_one_stays_so)
{
    struct trial t;
    trial_begin(&t);
    trial_mint(&t, 1);
    struct change change;
    struct fixture_token token;
    fixture_token(1, &token);
    token.record.expires_at = FIXTURE_NOW + 5;
    fixture_edit(1, EDIT_EXPIRES, &token.record, &change);
    fixture_must_apply(t.store, &change);
    fixture_order(CHANGE_SUSPEND, 1, &change);
    fixture_must_apply(t.store, &change);
    token.record.expires_at = FIXTURE_NOW + 50;
    fixture_edit(1, EDIT_EXPIRES, &token.record, &change);
    change.at = FIXTURE_NOW + 10;
    fixture_must_apply(t.store, &change);
    ck_assert_int_eq(store_read_begin(t.store), 0);
    struct record record = trial_find(&t, 1);
    ck_assert_int_eq(record_state_at(&record, FIXTURE_NOW + 10), RECORD_SUSPENDED);
    record.suspended = false;
    ck_assert_int_eq(record_state_at(&record, FIXTURE_NOW + 10), RECORD_ACTIVE);
    store_read_end(t.store);
    trial_end(&t);
}
END_TEST

START_TEST(a_revoked_one_is_not_edited)
{
    struct trial t;
    trial_begin(&t);
    trial_mint(&t, 1);
    trial_mint(&t, 2);
    struct change change;
    struct fixture_token other;
    fixture_other(false, &other);
    fixture_revoke(1, "", &change);
    fixture_must_apply(t.store, &change);
    fixture_rotate(2, 3, 60, &change);
    fixture_must_apply(t.store, &change);
    fixture_edit(1, EDIT_NAME, &other.record, &change);
    trial_assert_refused(&t, &change, -EPERM);
    fixture_edit(2, EDIT_NAME, &other.record, &change);
    change.at = FIXTURE_NOW + 60;
    trial_assert_refused(&t, &change, -EPERM);
    change.at = FIXTURE_NOW + 59; /* in its grace it is still in use */
    fixture_must_apply(t.store, &change);
    fixture_edit(9, EDIT_NAME, &other.record, &change);
    trial_assert_refused(&t, &change, -ENOENT);
    trial_end(&t);
}
END_TEST

START_TEST(refuses_fields_and_values_that_make_no_sense)
{
    struct trial t;
    trial_begin(&t);
    trial_mint(&t, 1);
    struct change change;
    struct fixture_token other;
    fixture_other(true, &other);
    static const unsigned legacy_fields[] = {EDIT_DEPRECATION, EDIT_SUNSET, EDIT_LINK};
    for (unsigned i = 0; i < 3; i++) {
        fixture_edit(1, EDIT_NAME | legacy_fields[i], &other.record, &change);
        trial_assert_refused(&t, &change, -EOPNOTSUPP);
    }
    fixture_edit(1, 0, &other.record, &change);
    trial_assert_refused(&t, &change, -EINVAL);
    fixture_edit(1, EDIT_ALL + 1, &other.record, &change);
    trial_assert_refused(&t, &change, -EINVAL);
    fixture_edit(1, EDIT_NAME, &other.record, &change);
    change.record_len--;
    trial_assert_refused(&t, &change, -EINVAL);
    other.record.scopes = UINT64_C(1) << 40; /* not registered */
    fixture_edit(1, EDIT_SCOPES, &other.record, &change);
    trial_assert_refused(&t, &change, -EINVAL);
    fixture_edit(1, EDIT_NAME, &other.record, &change); /* which it does not want */
    fixture_must_apply(t.store, &change);
    trial_end(&t);
}
END_TEST

/* Each half is in order, and what they come to is not. */
START_TEST(refuses_a_combination_with_what_is_there)
{
    struct trial t;
    trial_begin(&t);
    struct change change;
    struct fixture_token wanted;
    fixture_token(1, &wanted);
    fixture_legacy(2, &change);
    fixture_must_apply(t.store, &change);
    wanted.record.limit.burst = 600;
    fixture_edit(2, EDIT_BURST, &wanted.record, &change);
    fixture_must_apply(t.store, &change);
    wanted.record.limit = (struct rate_limit){1, UINT64_C(1) << 60, 1};
    fixture_edit(2, EDIT_WINDOW, &wanted.record, &change); /* times 10: 365 years to fill */
    trial_assert_refused(&t, &change, -EINVAL);

    fixture_other(true, &wanted);
    wanted.record.deprecation_at = 0;
    wanted.record.sunset_at = FIXTURE_NOW - 101; /* before the deprecation that it has */
    fixture_edit(2, EDIT_SUNSET, &wanted.record, &change);
    trial_assert_refused(&t, &change, -EINVAL);
    fixture_edit(2, EDIT_SUNSET | EDIT_DEPRECATION, &wanted.record, &change);
    fixture_must_apply(t.store, &change);
    trial_end(&t);
}
END_TEST

SUITE_MAIN("change_edit", each_field_is_edited_by_itself_and_named_in_the_audit_trail,
           a_burst_goes_with_the_requests_only_when_it_was_as_large,
           two_edits_made_from_the_same_record_both_take_effect,
           an_expired_one_comes_back_with_a_later_expiry_and_a_suspended_one_stays_so,
           a_revoked_one_is_not_edited, refuses_fields_and_values_that_make_no_sense,
           refuses_a_combination_with_what_is_there)
