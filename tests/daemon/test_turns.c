/* Whose turn it is, on a real event loop with eventfds that are always ready. Time passes only
 * where somebody spends it. */
#include "daemon/turns.h"

#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "daemon/load.h"
#include "tests/suite.h"

#define MANY 20

struct member {
    struct turn turn;
    int fd;
    unsigned served;
    unsigned spend_us; /* of the loop's time, each time it is served */
    bool leaves, again;
    bool always_again;
};

static sd_event *event;
static struct turns *turns;
static uint64_t now_us = UINT64_C(1000000);

/* The loop and turns find this clock instead of the C library's. */
__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *ret)
{
    (void)clock;
    *ret = (struct timespec){.tv_sec = (time_t)(now_us / 1000000),
                             .tv_nsec = (long)(now_us % 1000000) * 1000};
    return 0;
}

static void setup_turns(void)
{
    ck_assert_int_ge(sd_event_new(&event), 0);
    ck_assert_int_eq(turns_new(event, &turns), 0);
}

static void teardown_turns(void)
{
    turns_free(turns);
    sd_event_unref(event);
}

static void leave(struct member *member)
{
    turn_remove(&member->turn);
    turn_remove(&member->turn);
    close(member->fd);
}

static void on_turn(void *userdata, uint32_t revents)
{
    struct member *member = userdata;
    member->served++;
    now_us += member->spend_us;
    if (member->again || member->always_again) {
        member->again = false;
        turn_again(&member->turn);
    }
    if (member->leaves)
        leave(member);
}

static void join(struct member *member, int64_t party, bool ready)
{
    member->fd = eventfd(ready, EFD_CLOEXEC | EFD_NONBLOCK);
    ck_assert_int_ge(member->fd, 0);
    ck_assert_int_eq(turn_add(turns, party, member->fd, on_turn, member, &member->turn), 0);
}

static void dispatch(unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        ck_assert_int_ge(sd_event_run(event, 0), 0);
}

START_TEST(all_of_a_party_are_served_in_turns_however_many)
{
    static struct member members[MANY];
    setup_turns();
    for (int i = 0; i < MANY; i++)
        join(&members[i], 1000, true);
    /* The crowd has as many turns as one of the direct ones; which come round once in a while. */
    dispatch(4 * MANY * (TURNS_DIRECT + 1));
    for (int i = 0; i < MANY; i++)
        ck_assert_msg(members[i].served > 0, "%d was never served", i);
    for (int i = 0; i < MANY; i++)
        leave(&members[i]);
    teardown_turns();
}
END_TEST

START_TEST(at_most_a_few_of_a_party_are_sources_and_others_move_up)
{
    static struct member members[MANY];
    unsigned direct = 0;
    setup_turns();
    for (int i = 0; i < MANY; i++) {
        join(&members[i], 1000, true);
        direct += members[i].turn.source != NULL;
    }
    ck_assert_uint_eq(direct, TURNS_DIRECT);
    leave(&members[0]);
    dispatch(4 * MANY);
    direct = 0;
    for (int i = 1; i < MANY; i++)
        direct += members[i].turn.source != NULL;
    ck_assert_uint_eq(direct, TURNS_DIRECT);
    for (int i = 1; i < MANY; i++)
        leave(&members[i]);
    teardown_turns();
}
END_TEST

START_TEST(a_member_may_leave_while_it_is_served)
{
    static struct member members[MANY];
    setup_turns();
    for (int i = 0; i < MANY; i++) {
        members[i].leaves = members[i].again = true;
        join(&members[i], 1000, true);
    }
    dispatch(4 * MANY);
    for (int i = 0; i < MANY; i++) {
        ck_assert_uint_eq(members[i].served, 1);
        ck_assert_ptr_null(members[i].turn.party);
    }
    teardown_turns();
}
END_TEST

START_TEST(again_serves_once_more_what_is_not_ready)
{
    static struct member members[MANY];
    setup_turns();
    for (int i = 0; i < MANY; i++)
        join(&members[i], 1000, false);
    dispatch(2);
    turn_again(&members[0].turn);
    turn_again(&members[MANY - 1].turn);
    turn_again(&members[MANY - 1].turn);
    turn_again(&members[7].turn);
    leave(&members[7]);
    members[0].again = true;
    dispatch(20);
    ck_assert_uint_eq(members[0].served, 2);
    ck_assert_uint_eq(members[MANY - 1].served, 1);
    ck_assert_uint_eq(members[7].served, 0);
    for (int i = 0; i < MANY; i++)
        if (i != 7)
            leave(&members[i]);
    teardown_turns();
}
END_TEST

/* With as many descriptors as are sources, and with a crowd. */
START_TEST(who_is_served_again_and_again_lets_others_in_where_tokens_are_minted)
{
    static struct member members[2][MANY];
    const int counts[] = {2, MANY};
    setup_turns();
    for (int n = 0; n < 2; n++) {
        members[n][0].always_again = true;
        for (int i = 0; i < counts[n]; i++)
            join(&members[n][i], TURNS_ADMIN, i > 0);
        turn_again(&members[n][0].turn);
        dispatch(4 * MANY * (TURNS_DIRECT + 1));
        for (int i = 0; i < counts[n]; i++)
            ck_assert_msg(members[n][i].served > 0, "%d of %d was never served", i, counts[n]);
        for (int i = 0; i < counts[n]; i++)
            leave(&members[n][i]);
    }
    teardown_turns();
}
END_TEST

START_TEST(a_quiet_user_comes_before_a_noisy_one)
{
    static struct member noisy[MANY];
    struct member quiet = {0};
    setup_turns();
    for (int i = 0; i < MANY; i++) {
        noisy[i].spend_us = 100;
        join(&noisy[i], 1000, true);
    }
    dispatch(100);
    ck_assert_int_gt(turn_priority(&noisy[0].turn), 0);
    join(&quiet, 1001, true);
    ck_assert_int_eq(turn_priority(&quiet.turn), 0);
    unsigned before = 0, after = 0;
    for (int i = 0; i < MANY; i++)
        before += noisy[i].served;
    /* One dispatch may have been chosen before. */
    dispatch(2);
    for (int i = 0; i < MANY; i++)
        after += noisy[i].served;
    ck_assert_uint_ge(quiet.served, 1);
    ck_assert_uint_le(after - before, 1);
    leave(&quiet);
    for (int i = 0; i < MANY; i++)
        leave(&noisy[i]);
    teardown_turns();
}
END_TEST

START_TEST(who_was_noisy_and_is_quiet_rises_though_nobody_serves_him)
{
    struct member was = {.spend_us = 300000}, is = {.spend_us = 100};
    setup_turns();
    join(&was, 1000, true);
    dispatch(2);
    ck_assert_uint_ge(was.served, 1);
    int64_t sunk = turn_priority(&was.turn);
    unsigned served = was.served;
    join(&is, 1001, true);
    /* Until the other has sunk below him, which he could not see while he waited. */
    for (int i = 0; i < 100000 && was.served == served; i++)
        dispatch(1);
    ck_assert_uint_gt(was.served, served);
    ck_assert_int_gt(sunk, 0);
    ck_assert_uint_gt(is.served, 0);
    leave(&was);
    leave(&is);
    teardown_turns();
}
END_TEST

START_TEST(arrivals_come_after_quiet_users_and_admin_before_all)
{
    struct member user = {0}, listener = {0}, admin = {.spend_us = 1000};
    setup_turns();
    join(&user, 1000, false);
    join(&listener, TURNS_ARRIVALS, false);
    join(&admin, TURNS_ADMIN, true);
    ck_assert_int_lt(turn_priority(&user.turn), turn_priority(&listener.turn));
    ck_assert_int_lt(turn_priority(&admin.turn), turn_priority(&user.turn));
    ck_assert_int_gt(turn_priority(&admin.turn), TURNS_PRIORITY_BEFORE);
    dispatch(10);
    ck_assert_uint_ge(admin.served, 9);
    leave(&user);
    leave(&listener);
    leave(&admin);
    teardown_turns();
}
END_TEST

START_TEST(admin_comes_first_with_half_of_the_time_and_no_more)
{
    struct member user = {.spend_us = 100}, admin = {.spend_us = 5000};
    setup_turns();
    join(&user, 1000, true);
    join(&admin, TURNS_ADMIN, true);
    int64_t first = turn_priority(&admin.turn);
    ck_assert_int_lt(first, turn_priority(&user.turn));
    /* Three eighths of the time, then as much as it likes. */
    dispatch(12);
    ck_assert_int_eq(turn_priority(&admin.turn), first);
    ck_assert_uint_eq(admin.served, 12);
    for (int i = 0; i < 1000 && user.served == 0; i++)
        dispatch(1);
    ck_assert_uint_gt(user.served, 0);
    ck_assert_int_gt(turn_priority(&admin.turn), first);

    /* The user's turns let it rise again. */
    unsigned served = admin.served;
    for (int i = 0; i < 100000 && admin.served == served; i++)
        dispatch(1);
    ck_assert_uint_gt(admin.served, served);
    uint64_t byte;
    ck_assert_int_eq(read(admin.fd, &byte, sizeof byte), sizeof byte);
    for (int i = 0; i < 100000 && turn_priority(&admin.turn) != first; i++)
        dispatch(1);
    ck_assert_int_eq(turn_priority(&admin.turn), first);
    leave(&user);
    leave(&admin);
    teardown_turns();
}
END_TEST

START_TEST(admin_and_a_user_who_want_all_of_the_time_have_half_of_it_each)
{
    struct member user = {.spend_us = 1000}, admin = {.spend_us = 1000};
    setup_turns();
    join(&user, 1000, true);
    join(&admin, TURNS_ADMIN, true);
    dispatch(1000);
    ck_assert_uint_eq(user.served + admin.served, 1000);
    ck_assert_uint_ge(user.served, 400);
    ck_assert_uint_ge(admin.served, 400);
    leave(&user);
    leave(&admin);
    teardown_turns();
}
END_TEST

START_TEST(admin_comes_first_with_half_of_what_others_leave)
{
    struct member admin = {.spend_us = 5000};
    setup_turns();
    join(&admin, TURNS_ADMIN, true);
    int64_t first = turn_priority(&admin.turn);
    dispatch(1);
    ck_assert_int_eq(turn_priority(&admin.turn), first);
    turns_spend(turns, LOAD_ALL_US);
    dispatch(1);
    ck_assert_int_gt(turn_priority(&admin.turn), first);
    leave(&admin);
    teardown_turns();
}
END_TEST

START_TEST(a_listener_may_be_switched_off_and_on)
{
    struct member listener = {0};
    setup_turns();
    join(&listener, TURNS_ARRIVALS, true);
    turn_set_enabled(&listener.turn, false);
    dispatch(3);
    ck_assert_uint_eq(listener.served, 0);
    turn_set_enabled(&listener.turn, true);
    dispatch(3);
    ck_assert_uint_gt(listener.served, 0);
    leave(&listener);
    teardown_turns();
}
END_TEST

SUITE_MAIN("turns", all_of_a_party_are_served_in_turns_however_many,
           at_most_a_few_of_a_party_are_sources_and_others_move_up,
           a_member_may_leave_while_it_is_served, again_serves_once_more_what_is_not_ready,
           who_is_served_again_and_again_lets_others_in_where_tokens_are_minted,
           a_quiet_user_comes_before_a_noisy_one,
           who_was_noisy_and_is_quiet_rises_though_nobody_serves_him,
           arrivals_come_after_quiet_users_and_admin_before_all,
           admin_comes_first_with_half_of_the_time_and_no_more,
           admin_and_a_user_who_want_all_of_the_time_have_half_of_it_each,
           admin_comes_first_with_half_of_what_others_leave, a_listener_may_be_switched_off_and_on)
