/* Work in the background, on a real event loop beside users who are always ready. */
#include "daemon/background.h"

#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "tests/suite.h"

#define PIECES  61
#define TURN_US 100

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

/* Of a piece and of what came between it and the next: how long, and of that in users' turns. */
static struct span {
    uint64_t took_us, between_us;
    unsigned turns;
} spans[PIECES];

static uint64_t clock_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000) + (uint64_t)now.tv_nsec / 1000;
}

/* How long it took. */
static uint64_t spin(unsigned us)
{
    uint64_t start_us = clock_us();

    while (clock_us() - start_us < us)
        continue;
    return clock_us() - start_us;
}

static enum background_left do_piece(void *userdata)
{
    uint64_t took_us = spin(piece_us);

    if (pieces < PIECES)
        spans[pieces] = (struct span){.took_us = took_us};
    pieces++;
    return left;
}

static void on_turn(void *userdata, uint32_t revents)
{
    struct user *user = userdata;
    uint64_t took_us = spin(TURN_US);

    user->served++;
    if (pieces > 0 && pieces <= PIECES) {
        spans[pieces - 1].between_us += took_us;
        spans[pieces - 1].turns++;
    }
    if (user->begins)
        background_begin(background);
}

static void setup(enum background_left is_left, unsigned takes_us)
{
    left = is_left;
    piece_us = takes_us;
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
    while (pieces < count)
        ck_assert_int_ge(sd_event_run(event, UINT64_C(10000000)), 1);
}

/* Between most pieces users have at least that part of what the piece took, in hundredths; some are
 * followed by a while in which the machine ran others. And between none do they have more turns,
 * each of which takes TURN_US at least, than there is time for. */
static void expect_part(unsigned percent)
{
    unsigned long_enough = 0;

    for (int i = 0; i < PIECES - 1; i++) {
        uint64_t share_us = spans[i].took_us * percent / 100;
        long_enough += spans[i].between_us + 2 * TURN_US >= share_us;
        ck_assert_msg(spans[i].turns <= share_us / TURN_US + 2, "%u turns after a piece of %u us",
                      spans[i].turns, (unsigned)spans[i].took_us);
    }
    ck_assert_uint_gt(long_enough, PIECES / 2);
}

START_TEST(where_nobody_asks_a_piece_follows_the_other)
{
    setup(BACKGROUND_SOME, 2000);
    uint64_t start_us = clock_us(), took_us = 0;
    dispatch_until(PIECES);
    uint64_t all_us = clock_us() - start_us;
    for (int i = 0; i < PIECES; i++)
        took_us += spans[i].took_us;
    /* With pauses as for users it were twice as much. */
    ck_assert_uint_lt(all_us, took_us + took_us / 2);
    teardown();
}
END_TEST

START_TEST(users_have_half_of_the_time_however_long_a_piece_takes)
{
    struct user user = {0};
    setup(BACKGROUND_SOME, 3000);
    join(&user, 1000);
    dispatch_until(PIECES);
    expect_part(100);
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
    expect_part(25);
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
           users_have_a_fifth_while_the_work_is_late, to_begin_what_is_under_way_puts_nothing_off,
           what_is_done_rests_until_it_is_begun, users_have_their_part_beside_who_manages)
