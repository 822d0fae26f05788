/* Credentials in a view: what is written is found, whenever its writer dies. */
#include "daemon/publish_slots.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/daemon/view_memory.h"
#include "tests/suite.h"

#define GROUPS      4
#define MANY_GROUPS 4096
#define HEAP_BYTES  65536
#define NOW_NS      UINT64_C(1000000000000)
#define SECOND_NS   UINT64_C(1000000000)

/* ---- credentials -------------------------------------------------------------------------------
 */

static void begin(void)
{
    view_memory_begin(GROUPS, HEAP_BYTES);
}

/* Number n: its texts live until the next one of the same number. */
struct credential {
    struct record record;
    char key_id[KEY_ID_LEN + 1];
    uint8_t origins[ORIGINS_BYTES_MAX];
};

static void make(unsigned n, struct credential *ret)
{
    char text[32];

    snprintf(ret->key_id, sizeof ret->key_id, "key_%016u", n);
    snprintf(text, sizeof text, "credential %u", n);
    ret->record = (struct record){
        .kind = KIND_LIVE,
        .scopes = n,
        .limit = {60, UINT64_C(60000000000), 60},
        .created_at = 1700000000,
        .key_id = text_of(ret->key_id),
        .site = TEXT("kasa"),
        .name = TEXT("production"),
        .secret_prefix = TEXT("stk_live_abcd"),
    };
    digest_token(text_of(text), ret->record.digest);
}

static void add_origin(struct credential *credential, const char *origin)
{
    size_t len = credential->record.origins.len;

    ck_assert_int_eq(
        textlist_append(credential->origins, sizeof credential->origins, &len, text_of(origin)), 0);
    credential->record.origins = (struct textlist){credential->origins, len};
}

static void put(const struct credential *credential)
{
    ck_assert_int_eq(publisher_put(&publisher, &credential->record, NULL, NOW_NS, NULL), 0);
}

/* In all that a verdict depends on, or tells. */
static bool same(const struct record *a, const struct record *b)
{
    return a->kind == b->kind && a->suspended == (b->suspended && !b->revoked) &&
           a->revoked == b->revoked && a->missing_origin_allowed == b->missing_origin_allowed &&
           a->strict == b->strict && memcmp(a->digest, b->digest, DIGEST_BYTES) == 0 &&
           a->scopes == b->scopes && a->limit.requests == b->limit.requests &&
           a->limit.window_ns == b->limit.window_ns && a->limit.burst == b->limit.burst &&
           a->expires_at == b->expires_at && a->grace_until == b->grace_until &&
           a->deprecation_at == b->deprecation_at && a->sunset_at == b->sunset_at &&
           text_equal(a->key_id, b->key_id) && text_equal(a->site, b->site) &&
           text_equal(a->link, b->link) && a->origins.len == b->origins.len &&
           (a->origins.len == 0 || memcmp(a->origins.data, b->origins.data, a->origins.len) == 0);
}

static struct view_reading reading;

static enum view_answer read_credential(const struct credential *credential)
{
    return view_read(&publisher.view, credential->record.digest, &reading);
}

static void expect(const struct credential *credential)
{
    ck_assert_int_eq(read_credential(credential), VIEW_FOUND);
    ck_assert(same(&reading.record, &credential->record));
}

/* ---- what is written is found -----------------------------------------------------------------
 */

START_TEST(finds_each_field_of_what_was_put)
{
    struct credential c[8];

    begin();
    for (unsigned i = 0; i < 8; i++)
        make(i, &c[i]);
    c[1].record.kind = KIND_TEST;
    c[1].record.secret_prefix = TEXT("stk_test_abcd");
    c[1].record.strict = true;
    c[2].record.missing_origin_allowed = true;
    add_origin(&c[2], "https://www.shop.example");
    add_origin(&c[2], "https://shop.example:8443");
    c[3].record.expires_at = 1800000000;
    c[3].record.grace_until = 1700000900;
    c[4].record.site = TEXT("a.site.of.just.24.bytes.");
    c[5].record.site = TEXT("a.site.of.64.bytes.abcdefghijklmnopqrstuvwxyz0123456789-ABCDEFGH");
    c[5].record.expires_at = INT64_C(1) << 33;
    c[6].record.limit = (struct rate_limit){UINT64_C(1) << 33, UINT64_C(1) << 51, 7};
    c[7].record.kind = KIND_LEGACY;
    c[7].record.secret_prefix = TEXT("");
    c[7].record.deprecation_at = 1700000000;
    c[7].record.sunset_at = 1710000000;
    c[7].record.link = TEXT("https://shop.example/tokens");
    for (unsigned i = 0; i < 8; i++)
        put(&c[i]);
    for (unsigned i = 0; i < 8; i++)
        expect(&c[i]);
    view_memory_end();
}
END_TEST

START_TEST(shows_nobody_what_no_verdict_needs)
{
    static const char name[] = "what the merchant calls it", reason[] = "why it was suspended";
    struct credential c;

    begin();
    make(1, &c);
    c.record.site = TEXT("a.site.that.is.longer.than.24.bytes");
    c.record.name = text_of(name);
    c.record.reason = text_of(reason);
    c.record.suspended = true;
    put(&c);
    expect(&c);
    ck_assert_ptr_null(memmem(memory, bytes, name, strlen(name)));
    ck_assert_ptr_null(memmem(memory, bytes, reason, strlen(reason)));
    ck_assert_ptr_null(memmem(memory, bytes, "abcd", 4)); /* of the secret */
    view_memory_end();
}
END_TEST

START_TEST(a_state_is_one_store_and_an_edit_a_new_slot_into_which_the_bucket_moves)
{
    struct credential c;
    struct bucket_start start = {.tat = NOW_NS + 7 * SECOND_NS, 5, 6, 1700000000};

    begin();
    make(1, &c);
    ck_assert_int_eq(publisher_put(&publisher, &c.record, &start, NOW_NS, NULL), 0);
    expect(&c);
    uint32_t slot = reading.slot;
    put(&c);
    ck_assert_uint_eq(publisher.used, 1);
    c.record.suspended = true;
    put(&c);
    expect(&c);
    ck_assert_uint_eq(reading.slot, slot);
    c.record.suspended = false;
    c.record.scopes = 77;
    put(&c);
    expect(&c);
    ck_assert_uint_ne(reading.slot, slot);
    ck_assert_uint_eq(publisher.used, 2);
    ck_assert_uint_eq(shared_buckets[slot].tat, VIEW_TAT_FROZEN);
    const struct view_bucket *bucket = &shared_buckets[reading.slot];
    ck_assert_uint_eq(bucket->tat, NOW_NS + 7 * SECOND_NS);
    ck_assert_uint_eq(bucket->allowed, 5);
    ck_assert_uint_eq(bucket->refused, 6);
    ck_assert_uint_eq(bucket->saved, 11);
    ck_assert_uint_eq(bucket->last_used_s, 1700000000);
    ck_assert_uint_eq(shared_buckets[slot].allowed, 0);
    view_memory_end();
}
END_TEST

START_TEST(a_bucket_goes_over_to_another_limit_with_its_units)
{
    struct credential c;
    struct bucket_start start = {.tat = NOW_NS + 30 * SECOND_NS}; /* half of 60 a minute */

    begin();
    make(1, &c);
    ck_assert_int_eq(publisher_put(&publisher, &c.record, &start, NOW_NS, NULL), 0);
    c.record.limit = (struct rate_limit){6, 60 * SECOND_NS, 40};
    put(&c);
    expect(&c);
    /* 30 units of 40 are left, and 10 s bring one. */
    ck_assert_uint_eq(shared_buckets[reading.slot].tat, NOW_NS + 100 * SECOND_NS);
    view_memory_end();
}
END_TEST

START_TEST(a_strict_credential_has_its_bucket_where_nobody_else_writes)
{
    struct credential c;
    struct bucket_start start = {.tat = NOW_NS + SECOND_NS};

    begin();
    make(1, &c);
    c.record.strict = true;
    ck_assert_int_eq(publisher_put(&publisher, &c.record, &start, NOW_NS, NULL), 0);
    expect(&c);
    ck_assert_uint_eq(own_buckets[reading.slot].tat, NOW_NS + SECOND_NS);
    ck_assert_uint_eq(shared_buckets[reading.slot].tat, 0);
    c.record.strict = false;
    put(&c);
    expect(&c);
    ck_assert_uint_eq(shared_buckets[reading.slot].tat, NOW_NS + SECOND_NS);
    view_memory_end();
}
END_TEST

START_TEST(what_is_no_state_of_a_bucket_is_taken_as_empty)
{
    static const uint64_t words[] = {VIEW_TAT_FROZEN};
    struct credential c;

    begin();
    make(1, &c);
    put(&c);
    expect(&c);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        shared_buckets[reading.slot].tat = words[i]; /* by a hostile client */
        ck_assert_ptr_eq(publisher_settled_bucket(&publisher, reading.slot, NOW_NS),
                         &shared_buckets[reading.slot]);
        ck_assert_uint_eq(shared_buckets[reading.slot].tat, NOW_NS + 60 * SECOND_NS);
    }
    /* And in the middle of an edit. */
    shared_buckets[reading.slot].tat = VIEW_TAT_FROZEN;
    c.record.scopes = 77;
    put(&c);
    expect(&c);
    ck_assert_uint_eq(shared_buckets[reading.slot].tat, NOW_NS + 60 * SECOND_NS);
    view_memory_end();
}
END_TEST

START_TEST(a_view_takes_the_buckets_of_the_one_before_it_over_when_they_are_needed)
{
    struct bucket_start start = {.tat = NOW_NS + 7 * SECOND_NS, 5, 0, 0};
    static const struct bucket_start unmoved = {.tat = VIEW_TAT_UNMOVED};
    struct credential c, stranger;
    struct publisher old;

    begin();
    make(1, &c);
    make(2, &stranger);
    ck_assert_int_eq(publisher_put(&publisher, &c.record, &start, NOW_NS, NULL), 0);
    old = publisher;
    void *old_memory = memory;
    struct view_bucket *old_shared = shared_buckets, *old_own = own_buckets;
    begin();
    publisher.previous = &old;
    ck_assert_int_eq(publisher_put(&publisher, &c.record, &unmoved, NOW_NS, NULL), 0);
    ck_assert_int_eq(publisher_put(&publisher, &stranger.record, &unmoved, NOW_NS, NULL), 0);
    put(&c); /* as it is: nothing moves */
    expect(&c);
    struct view_bucket *bucket = &shared_buckets[reading.slot];
    ck_assert_uint_eq(bucket->tat, VIEW_TAT_UNMOVED);
    ck_assert_ptr_eq(publisher_settled_bucket(&publisher, reading.slot, NOW_NS), bucket);
    ck_assert_uint_eq(bucket->tat, NOW_NS + 7 * SECOND_NS);
    ck_assert_uint_eq(bucket->allowed, 5);
    expect(&stranger);
    bucket = publisher_settled_bucket(&publisher, reading.slot, NOW_NS);
    ck_assert_uint_eq(bucket->tat, 0);
    view_memory_end();
    free(old_memory);
    free(old_shared);
    free(old_own);
}
END_TEST

START_TEST(what_is_hidden_is_asked_for_until_it_is_put_again)
{
    struct credential c;

    begin();
    make(1, &c);
    put(&c);
    publisher_hide(&publisher, c.record.digest);
    ck_assert_int_eq(read_credential(&c), VIEW_UNSURE);
    c.record.revoked = true;
    put(&c);
    expect(&c);
    view_memory_end();
}
END_TEST

START_TEST(what_is_hidden_keeps_its_bucket_for_whatever_is_put_instead)
{
    struct bucket_start start = {.tat = NOW_NS + 30 * SECOND_NS, .allowed = 5, .refused = 2};
    struct credential c;

    begin();
    make(1, &c);
    ck_assert_int_eq(publisher_put(&publisher, &c.record, &start, NOW_NS, NULL), 0);
    for (unsigned requests = 30; requests <= 60; requests += 30) {
        publisher_hide(&publisher, c.record.digest);
        c.record.limit.requests = requests;
        put(&c);
        expect(&c);
    }
    ck_assert_uint_eq(shared_buckets[reading.slot].tat, NOW_NS + 30 * SECOND_NS);
    ck_assert_uint_eq(shared_buckets[reading.slot].allowed, 5);
    ck_assert_uint_eq(shared_buckets[reading.slot].refused, 2);
    view_memory_end();
}
END_TEST

START_TEST(what_is_removed_is_unknown_until_it_is_added_with_a_bucket_of_its_own)
{
    struct credential c;

    begin();
    make(1, &c);
    put(&c);
    c.record.scopes = 5;
    put(&c);
    expect(&c);
    uint32_t slot = reading.slot;
    shared_buckets[slot].tat = NOW_NS + 1;
    publisher_remove(&publisher, c.record.digest);
    ck_assert_int_eq(read_credential(&c), VIEW_NONE);
    put(&c);
    expect(&c);
    ck_assert_uint_ne(reading.slot, slot);
    ck_assert_uint_eq(shared_buckets[reading.slot].tat, 0);
    publisher_remove(&publisher, c.record.digest);
    publisher_remove(&publisher, c.record.digest);
    ck_assert_int_eq(read_credential(&c), VIEW_NONE);
    view_memory_end();
}
END_TEST

static void on_any_store(void *userdata)
{
    ck_abort_msg("a hint wrote something");
}

START_TEST(to_expect_one_changes_nothing_whether_there_is_room_or_not)
{
    static struct credential credential;
    int r = 0;

    begin();
    for (unsigned n = 0; r == 0; n++) {
        make(n, &credential);
        void *before = malloc(bytes);
        ck_assert_ptr_nonnull(before);
        memcpy(before, memory, bytes);
        publisher.after_store = on_any_store;
        view_expect(&publisher.view, credential.record.digest);
        publisher_expect(&publisher, credential.record.digest);
        publisher.after_store = NULL;
        ck_assert_mem_eq(before, memory, bytes);
        free(before);
        r = publisher_put(&publisher, &credential.record, NULL, NOW_NS, NULL);
    }
    ck_assert_int_eq(r, -ENOSPC);
    view_memory_end();
}
END_TEST

/* By that whoever mends knows which of two is the newer one. */
START_TEST(a_later_slot_of_a_credential_is_met_later)
{
    struct credential c;

    begin();
    make(1, &c);
    for (unsigned i = 1; i <= GROUPS * VIEW_GROUP_SLOTS; i++) {
        struct view_walk walk;
        uint32_t put_into, met;
        uint64_t state;
        unsigned count = 0;
        c.record.scopes = i;
        ck_assert_int_eq(publisher_put(&publisher, &c.record, NULL, NOW_NS, &put_into), 0);
        view_walk_begin(&publisher.view, c.record.digest, &walk);
        while (view_walk_next(&publisher.view, c.record.digest, &walk, &met, &state))
            count++;
        ck_assert_uint_eq(count, i);
        ck_assert_uint_eq(met, put_into);
    }
    view_memory_end();
}
END_TEST

START_TEST(takes_as_many_as_there_are_slots_and_then_says_that_it_is_full)
{
    struct credential c;
    unsigned count = GROUPS * VIEW_GROUP_SLOTS;

    begin();
    for (unsigned i = 0; i < count; i++) {
        make(i, &c);
        put(&c);
    }
    make(count, &c);
    ck_assert_int_eq(publisher_put(&publisher, &c.record, NULL, NOW_NS, NULL), -ENOSPC);
    ck_assert_int_eq(read_credential(&c), VIEW_NONE);
    for (unsigned i = 0; i < count; i++) {
        make(i, &c);
        expect(&c);
    }
    c.record.suspended = true; /* needs no room */
    put(&c);
    expect(&c);
    view_memory_end();
}
END_TEST

/* Full groups come to lie side by side long before there is no slot left: a view that is to be
 * grown from 92 % on must take more until it has grown. */
START_TEST(takes_more_than_it_is_grown_at_however_they_lie)
{
    static struct credential credential;
    const unsigned slots = MANY_GROUPS * VIEW_GROUP_SLOTS;

    view_memory_begin(MANY_GROUPS, HEAP_BYTES);
    for (unsigned n = 0; n < slots / 100 * 96; n++) {
        make(n, &credential);
        put(&credential);
        ck_assert_int_eq(view_read(&publisher.view, credential.record.digest, &reading),
                         VIEW_FOUND);
    }
    view_memory_end();
}
END_TEST

START_TEST(a_heap_that_is_full_changes_nothing)
{
    struct credential c;

    view_memory_begin(1, 40);
    make(1, &c);
    add_origin(&c, "https://www.shop.example");
    put(&c);
    add_origin(&c, "https://shop.example");
    ck_assert_int_eq(publisher_put(&publisher, &c.record, NULL, NOW_NS, NULL), -ENOSPC);
    c.record.origins.len = 25;
    expect(&c);
    view_memory_end();
}
END_TEST

/* ---- the writer dies --------------------------------------------------------------------------
 * After each store of each of these steps the memory is as a dead writer leaves it. A reader must
 * find every credential as it was before the step or as it is after it; and the next writer, told
 * what the table has, must get it right.
 */

#define COUNT 6

struct state {
    struct credential credentials[COUNT];
    bool there[COUNT];
};

static struct state before, after;
static unsigned deaths;

static bool is_as_in(const struct state *state, unsigned n, enum view_answer answer)
{
    return state->there[n]
               ? answer == VIEW_FOUND && same(&reading.record, &state->credentials[n].record)
               : answer == VIEW_NONE;
}

static void *copy_of(const void *from, size_t size)
{
    size_t whole = (size + VIEW_PAGE - 1) / VIEW_PAGE * VIEW_PAGE;
    void *copy = aligned_alloc(VIEW_PAGE, whole);

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, from, size);
    return copy;
}

/* What the bucket of credential n had at first, and has whatever becomes of it but a removal. */
static uint64_t tat_of(unsigned n)
{
    return NOW_NS + (n + 1) * SECOND_NS;
}

static void mend(void)
{
    size_t bucket_bytes = (size_t)GROUPS * VIEW_GROUP_SLOTS * sizeof(struct view_bucket);
    void *copy = copy_of(memory, bytes);
    void *shared = copy_of(shared_buckets, bucket_bytes), *own = copy_of(own_buckets, bucket_bytes);
    struct publisher heir;

    ck_assert_int_eq(publisher_open(copy, bytes, shared, own, &heir), 0);
    for (unsigned n = 0; n < COUNT; n++) {
        struct bucket_start start = {.tat = tat_of(n)};
        if (after.there[n])
            ck_assert_int_eq(
                publisher_put(&heir, &after.credentials[n].record, &start, NOW_NS, NULL), 0);
        else
            publisher_remove(&heir, after.credentials[n].record.digest);
    }
    for (unsigned n = 0; n < COUNT; n++) {
        ck_assert(is_as_in(&after, n,
                           view_read(&heir.view, after.credentials[n].record.digest, &reading)));
        if (after.there[n])
            ck_assert_uint_eq(publisher_settled_bucket(&heir, reading.slot, NOW_NS)->tat,
                              tat_of(n));
    }
    free(copy);
    free(shared);
    free(own);
}

static void die(void *userdata)
{
    deaths++;
    for (unsigned n = 0; n < COUNT; n++) {
        enum view_answer answer = read_credential(&after.credentials[n]);
        ck_assert_msg(is_as_in(&before, n, answer) || is_as_in(&after, n, answer),
                      "credential %u after store %u", n, deaths);
    }
    mend();
}

static void step(unsigned n)
{
    struct bucket_start start = {.tat = tat_of(n)};

    if (after.there[n])
        ck_assert_int_eq(
            publisher_put(&publisher, &after.credentials[n].record, &start, NOW_NS, NULL), 0);
    else
        publisher_remove(&publisher, after.credentials[n].record.digest);
    ck_assert(is_as_in(&after, n, read_credential(&after.credentials[n])));
    before = after;
}

START_TEST(whoever_dies_between_two_stores_leaves_the_old_or_the_new)
{
    begin();
    for (unsigned n = 0; n < COUNT; n++) {
        make(n, &before.credentials[n]);
        make(n, &after.credentials[n]);
    }
    publisher.after_store = die;
    for (unsigned turn = 0; turn < 3; turn++) {
        for (unsigned n = 0; n < COUNT; n++) {
            struct record *record = &after.credentials[n].record;
            after.there[n] = true;
            record->suspended = record->revoked = false;
            step(n);
            record->suspended = true;
            step(n);
            record->suspended = false;
            record->scopes += 100;
            step(n);
            record->strict = !record->strict;
            step(n);
            record->scopes -= 100; /* back to what it was, once strict is */
            step(n);
            add_origin(&after.credentials[n], "https://www.shop.example");
            step(n);
            record->grace_until = 1700000900;
            step(n);
            record->revoked = true;
            step(n);
            if (n % 2 == 0) {
                after.there[n] = false;
                step(n);
            }
        }
    }
    ck_assert_uint_gt(deaths, 500);
    view_memory_end();
}
END_TEST

SUITE_MAIN("publish_slots", finds_each_field_of_what_was_put, shows_nobody_what_no_verdict_needs,
           a_state_is_one_store_and_an_edit_a_new_slot_into_which_the_bucket_moves,
           a_bucket_goes_over_to_another_limit_with_its_units,
           a_strict_credential_has_its_bucket_where_nobody_else_writes,
           what_is_no_state_of_a_bucket_is_taken_as_empty,
           a_view_takes_the_buckets_of_the_one_before_it_over_when_they_are_needed,
           what_is_hidden_is_asked_for_until_it_is_put_again,
           what_is_hidden_keeps_its_bucket_for_whatever_is_put_instead,
           what_is_removed_is_unknown_until_it_is_added_with_a_bucket_of_its_own,
           to_expect_one_changes_nothing_whether_there_is_room_or_not,
           a_later_slot_of_a_credential_is_met_later,
           takes_as_many_as_there_are_slots_and_then_says_that_it_is_full,
           takes_more_than_it_is_grown_at_however_they_lie, a_heap_that_is_full_changes_nothing,
           whoever_dies_between_two_stores_leaves_the_old_or_the_new)
