/* Tokens that were checked lately. */
#include "module/client/recent.h"

#include <sys/wait.h>
#include <unistd.h>

#include "tests/suite.h"

static struct recent *recent;

static void begin(void)
{
    ck_assert_int_eq(recent_new(&recent), 0);
}

static struct universal hash_of(uint64_t n)
{
    return (struct universal){{n * UINT64_C(0x9e3779b97f4a7c15), n}};
}

static void note(uint64_t n, uint64_t view, uint32_t slot)
{
    const struct universal hash = hash_of(n);

    recent_note(recent, &hash, view, slot);
}

static bool finds(uint64_t n, uint64_t view, uint32_t slot)
{
    const struct universal hash = hash_of(n);
    const struct recent_token *token = recent_find(recent, &hash, view);

    return token != NULL && token->slot == slot && token->view == view;
}

START_TEST(finds_what_was_noted_in_the_same_view_and_nothing_else)
{
    begin();
    ck_assert(!finds(1, 1, 0));
    note(1, 1, 17);
    ck_assert(finds(1, 1, 17));
    ck_assert(!finds(1, 2, 17));
    ck_assert(!finds(2, 1, 17));
    /* Each bit of the hash counts. */
    for (unsigned bit = 0; bit < 128; bit++) {
        struct universal other = hash_of(1);
        other.words[bit / 64] ^= UINT64_C(1) << (bit % 64);
        ck_assert_ptr_null(recent_find(recent, &other, 1));
    }
    recent_free(recent);
}
END_TEST

/* What was concluded is of one slot: of none that is noted in its place. */
START_TEST(keeps_what_was_concluded_until_it_is_noted_anew)
{
    static const char policy; /* stands for a snapshot: it is compared, not looked at */
    const struct universal hash = hash_of(1);

    begin();
    note(1, 1, 17);
    struct recent_token *token = recent_find(recent, &hash, 1);
    ck_assert_ptr_null(token->concluded_by);
    ck_assert_uint_eq(token->stamped_until_ns, 0);
    token->concluded_by = (const struct snapshot *)(uintptr_t)&policy;
    token->pass.scopes = 5;
    token->stamped_until_ns = 6;
    note(2, 1, 18);
    token = recent_find(recent, &hash, 1);
    ck_assert_ptr_eq((const void *)token->concluded_by, &policy);
    ck_assert_uint_eq(token->pass.scopes, 5);
    ck_assert_uint_eq(token->stamped_until_ns, 6);
    note(1, 1, 19);
    token = recent_find(recent, &hash, 1);
    ck_assert_uint_eq(token->slot, 19);
    ck_assert_ptr_null(token->concluded_by);
    ck_assert_uint_eq(token->stamped_until_ns, 0);
    recent_free(recent);
}
END_TEST

START_TEST(empty_places_are_nobodys)
{
    const struct universal zero = {{0, 0}};

    begin();
    ck_assert_ptr_null(recent_find(recent, &zero, 1));
    recent_free(recent);
}
END_TEST

START_TEST(the_newest_place_of_a_token_is_found)
{
    begin();
    note(1, 1, 17);
    note(1, 1, 18); /* it was edited */
    ck_assert(finds(1, 1, 18));
    note(1, 2, 19); /* the view grew */
    ck_assert(finds(1, 2, 19));
    recent_free(recent);
}
END_TEST

START_TEST(most_of_as_many_as_it_has_room_for_are_kept)
{
    unsigned found = 0;

    begin();
    for (unsigned n = 0; n < RECENT_MAX / 4; n++)
        note(n, 1, n);
    for (unsigned n = 0; n < RECENT_MAX / 4; n++)
        found += finds(n, 1, n);
    ck_assert_uint_gt(found, RECENT_MAX / 4 * 9 / 10);
    recent_free(recent);
}
END_TEST

/* Of so many calls, how many look. */
static unsigned worth_of(unsigned calls)
{
    unsigned worth = 0;

    for (unsigned i = 0; i < calls; i++)
        worth += recent_is_worth();
    return worth;
}

START_TEST(rests_when_nothing_comes_again_and_goes_on_when_something_does)
{
    begin();
    note(0, 1, 17);
    for (unsigned n = 1; n <= 32; n++) /* whatever this thread looked for before */
        ck_assert(finds(0, 1, 17));
    ck_assert_uint_eq(worth_of(800), 800);
    /* One in three is enough. */
    for (unsigned n = 1; n < 3000; n++)
        ck_assert(n % 3 == 0 ? finds(0, 1, 17) : !finds(n, 1, 17));
    ck_assert_uint_eq(worth_of(800), 800);
    ck_assert(recent_is_likely());
    for (unsigned n = 1; n <= 100; n++)
        ck_assert(!finds(n, 1, 17));
    ck_assert(!recent_is_likely());
    ck_assert_uint_eq(worth_of(800), 25);
    ck_assert(finds(0, 1, 17));
    ck_assert_uint_eq(worth_of(800), 800);
    ck_assert(!recent_is_likely()); /* of 101 looks one */
    for (unsigned n = 1; n <= 30; n++)
        ck_assert(finds(0, 1, 17));
    ck_assert(recent_is_likely());
    /* However long it went without a look in vain, it rests after the same number. */
    for (unsigned n = 1; n <= 1000; n++)
        ck_assert(finds(0, 1, 17));
    ck_assert_uint_eq(worth_of(800), 800);
    for (unsigned n = 1; n <= 100; n++)
        ck_assert(!finds(n, 1, 17));
    ck_assert_uint_eq(worth_of(800), 25);
    recent_free(recent);
}
END_TEST

START_TEST(is_empty_in_a_forked_child)
{
    begin();
    note(1, 1, 17);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        _exit(finds(1, 1, 17) ? 1 : 0);
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    ck_assert(finds(1, 1, 17));
    recent_free(recent);
}
END_TEST

SUITE_MAIN("recent", finds_what_was_noted_in_the_same_view_and_nothing_else,
           keeps_what_was_concluded_until_it_is_noted_anew, empty_places_are_nobodys,
           the_newest_place_of_a_token_is_found, most_of_as_many_as_it_has_room_for_are_kept,
           rests_when_nothing_comes_again_and_goes_on_when_something_does,
           is_empty_in_a_forked_child)
