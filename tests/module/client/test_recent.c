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
    const struct recent_place place = {.view = view, .slot = slot};

    recent_note(recent, &hash, &place);
}

static bool finds(uint64_t n, uint64_t view, uint32_t slot)
{
    const struct universal hash = hash_of(n);
    struct recent_place place;

    return recent_find(recent, &hash, view, &place) && place.slot == slot && place.view == view;
}

START_TEST(finds_what_was_noted_in_the_same_view_and_nothing_else)
{
    struct recent_place place;

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
        ck_assert(!recent_find(recent, &other, 1, &place));
    }
    recent_free(recent);
}
END_TEST

START_TEST(empty_places_are_nobodys)
{
    const struct universal zero = {{0, 0}};
    struct recent_place place;

    begin();
    ck_assert(!recent_find(recent, &zero, 1, &place));
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
        worth += recent_is_worth(recent);
    return worth;
}

START_TEST(rests_when_nothing_comes_again_and_goes_on_when_something_does)
{
    begin();
    note(0, 1, 17);
    ck_assert_uint_eq(worth_of(800), 800);
    /* One in three is enough. */
    for (unsigned n = 1; n < 3000; n++)
        ck_assert(n % 3 == 0 ? finds(0, 1, 17) : !finds(n, 1, 17));
    ck_assert_uint_eq(worth_of(800), 800);
    for (unsigned n = 1; n <= 100; n++)
        ck_assert(!finds(n, 1, 17));
    ck_assert_uint_eq(worth_of(800), 100);
    ck_assert(finds(0, 1, 17));
    ck_assert_uint_eq(worth_of(800), 800);
    /* However long it went without a look in vain, it rests after the same number. */
    for (unsigned n = 1; n <= 1000; n++)
        ck_assert(finds(0, 1, 17));
    ck_assert_uint_eq(worth_of(800), 800);
    for (unsigned n = 1; n <= 100; n++)
        ck_assert(!finds(n, 1, 17));
    ck_assert_uint_eq(worth_of(800), 100);
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
           empty_places_are_nobodys, the_newest_place_of_a_token_is_found,
           most_of_as_many_as_it_has_room_for_are_kept,
           rests_when_nothing_comes_again_and_goes_on_when_something_does,
           is_empty_in_a_forked_child)
