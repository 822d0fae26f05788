/* Work in the background, on a real event loop beside users who are always ready; what takes time
 * moves the clock, and nothing else does. */
#include "daemon/background.h"

#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/suite.h"

#define PIECES  61
#define TURN_US 100

static uint64_t clock_us; /* 0: the kernel's */

/* The loop, turns and background find this clock instead of the C library's. */
__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *ret)
{
    if (clock_us == 0 || clock != CLOCK_MONOTONIC)
        return (int)syscall(SYS_clock_gettime, clock, ret);
    *ret = (struct timespec){.tv_sec = (time_t)(clock_us / 1000000),
                             .tv_nsec = (long)(clock_us % 1000000) * 1000};
    return 0;
}

struct user {
    struct turn turn;
    int fd;
    unsigned served;
    bool begins; /* the work, each time */
};

static sd_event *event;
static struct turns *turns;
static struct background *background;

/* What is left after a piece, and how long one takes. */
static enum background_left left;
static unsigned piece_us;
static unsigned pieces;

/* The turns of users between a piece and the next. */
static unsigned turns_after[PIECES];

static enum background_left do_piece(void *userdata)
{
    clock_us += piece_us;
    pieces++;
    return left;
}

static void on_turn(void *userdata, uint32_t revents)
{
    struct user *user = userdata;

    clock_us += TURN_US;
    user->served++;
    if (pieces > 0 && pieces <= PIECES)
        turns_after[pieces - 1]++;
    if (user->begins)
        background_begin(background);
}

static void setup(enum background_left is_left, unsigned takes_us)
{
    struct timespec now;

    ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    clock_us = (uint64_t)now.tv_sec * UINT64_C(1000000) + (uint64_t)now.tv_nsec / 1000;
    left = is_left;
    piece_us = takes_us;
    pieces = 0;
    memset(turns_after, 0, sizeof turns_after);
    ck_assert_int_ge(sd_event_new(&event), 0);
    ck_assert_int_eq(turns_new(event, &turns), 0);
    ck_assert_int_eq(background_new(event, turns, do_piece, NULL, &background), 0);
}

static void teardown(void)
{
    background_free(background);
    turns_free(turns);
    sd_event_unref(event);
}

static void join(struct user *user, int64_t party)
{
    user->fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    ck_assert_int_ge(user->fd, 0);
    ck_assert_int_eq(turn_add(turns, party, user->fd, on_turn, user, &user->turn), 0);
}

static void leave(struct user *user)
{
    turn_remove(&user->turn);
    close(user->fd);
}

static void dispatch_until(unsigned count)
{
    uint64_t until_us = clock_us + UINT64_C(10000000);

    while (pieces < count) {
        ck_assert_uint_lt(clock_us, until_us);
        ck_assert_int_ge(sd_event_run(event, UINT64_C(10000000)), 1);
    }
}

START_TEST(where_nobody_asks_a_piece_follows_the_other)
{
    setup(BACKGROUND_SOME, 2000);
    uint64_t start_us = clock_us;
    dispatch_until(PIECES);
    ck_assert_uint_eq(clock_us - start_us, PIECES * 2000);
    teardown();
}
END_TEST

/* For each whole turn that there is time for, between all pieces. */
static void expect_turns(unsigned count)
{
    for (int i = 0; i < PIECES - 1; i++)
        ck_assert_uint_eq(turns_after[i], count);
}

START_TEST(users_have_half_of_the_time_however_long_a_piece_takes)
{
    struct user user = {0};
    setup(BACKGROUND_SOME, 3000);
    join(&user, 1000);
    dispatch_until(PIECES);
    expect_turns(3000 / TURN_US);
    leave(&user);
    teardown();
}
END_TEST

START_TEST(users_have_a_fifth_while_the_work_is_late)
{
    struct user user = {0};
    setup(BACKGROUND_LATE, 4000);
    join(&user, 1000);
    dispatch_until(PIECES);
    expect_turns(1000 / TURN_US);
    leave(&user);
    teardown();
}
END_TEST

START_TEST(short_pieces_come_every_millisecond)
{
    struct user user = {0};
    setup(BACKGROUND_SOME, 50);
    join(&user, 1000);
    dispatch_until(PIECES);
    /* The tenth turn is under way when the next piece is due. */
    expect_turns(1000 / TURN_US);
    leave(&user);
    teardown();
}
END_TEST

/* As commits do, which come more often than a piece. */
START_TEST(to_begin_what_is_under_way_puts_nothing_off)
{
    struct user user = {.begins = true};
    setup(BACKGROUND_SOME, 0);
    join(&user, 1000);
    for (unsigned i = 0; i < 10000 && pieces < PIECES; i++)
        ck_assert_int_ge(sd_event_run(event, 0), 0);
    ck_assert_uint_eq(pieces, PIECES);
    leave(&user);
    teardown();
}
END_TEST

START_TEST(what_is_done_rests_until_it_is_begun)
{
    struct user user = {0};
    setup(BACKGROUND_NONE, 0);
    dispatch_until(1);
    ck_assert_int_eq(sd_event_run(event, 0), 0);
    join(&user, 1000);
    for (unsigned i = 0; i < 100; i++)
        ck_assert_int_ge(sd_event_run(event, 0), 1);
    ck_assert_uint_eq(pieces, 1);
    ck_assert_uint_eq(user.served, 100);

    background_begin(background);
    for (unsigned i = 0; i < 100; i++)
        ck_assert_int_ge(sd_event_run(event, 0), 1);
    ck_assert_uint_eq(pieces, 2);
    leave(&user);
    dispatch_until(2);
    ck_assert_int_eq(sd_event_run(event, 0), 0);
    teardown();
}
END_TEST

/* Who manages has half of what the work leaves, and not all of it, once the two have taken their
 * time for some half-lives (load.h). */
START_TEST(users_have_their_part_beside_who_manages)
{
    struct user user = {0}, admin = {0};
    setup(BACKGROUND_LATE, 4000);
    join(&admin, TURNS_ADMIN);
    join(&user, 1000);
    dispatch_until(4 * PIECES);
    user.served = admin.served = 0;
    dispatch_until(6 * PIECES);
    ck_assert_uint_gt(user.served, admin.served / 2);
    leave(&user);
    leave(&admin);
    teardown();
}
END_TEST

SUITE_MAIN("background", where_nobody_asks_a_piece_follows_the_other,
           users_have_half_of_the_time_however_long_a_piece_takes,
           users_have_a_fifth_while_the_work_is_late, short_pieces_come_every_millisecond,
           to_begin_what_is_under_way_puts_nothing_off, what_is_done_rests_until_it_is_begun,
           users_have_their_part_beside_who_manages)
