#include "module/client/seats.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/suite.h"

#define THREADS 8
#define ROUNDS  2000

static struct seats seats;

START_TEST(gives_the_same_memory_to_calls_in_a_row)
{
    struct seat first, second;
    ck_assert_int_eq(seats_init(&seats), 0);
    seats_take(&seats, &first);
    seats_leave(&seats, &first);
    seats_take(&seats, &second);
    ck_assert_ptr_nonnull(first.recent);
    ck_assert_ptr_eq(first.recent, second.recent);
    ck_assert_uint_eq(first.number, second.number);
    seats_leave(&seats, &second);
    seats_deinit(&seats);
}
END_TEST

START_TEST(gives_different_ones_at_a_time)
{
    struct seat taken[SEATS_MAX + 2];
    ck_assert_int_eq(seats_init(&seats), 0);
    for (int i = 0; i < SEATS_MAX + 2; i++) {
        seats_take(&seats, &taken[i]);
        for (int j = 0; j < i; j++)
            ck_assert(taken[i].recent == NULL || taken[i].recent != taken[j].recent);
        /* Who stands has none. */
        ck_assert_int_eq(taken[i].recent != NULL, i < SEATS_MAX);
    }
    for (int i = 0; i < SEATS_MAX + 2; i++)
        seats_leave(&seats, &taken[i]);
    seats_deinit(&seats);
}
END_TEST

/* ---- who is seated ------------------------------------------------------------------------- */

START_TEST(knows_when_those_have_left_who_were_seated)
{
    struct seat first, second, later;
    struct seats_census census;
    ck_assert_int_eq(seats_init(&seats), 0);
    seats_count(&seats, &census);
    ck_assert(seats_have_left(&seats, &census));
    seats_take(&seats, &first);
    seats_take(&seats, &second);
    seats_count(&seats, &census);
    ck_assert(!seats_have_left(&seats, &census));
    seats_leave(&seats, &first);
    ck_assert(!seats_have_left(&seats, &census));
    /* The same seat, but somebody who came later. */
    seats_take(&seats, &later);
    seats_leave(&seats, &second);
    ck_assert(seats_have_left(&seats, &census));
    seats_leave(&seats, &later);
    seats_deinit(&seats);
}
END_TEST

START_TEST(counts_those_who_stand)
{
    struct seat taken[SEATS_MAX + 2];
    struct seats_census census;
    ck_assert_int_eq(seats_init(&seats), 0);
    for (int i = 0; i < SEATS_MAX + 2; i++)
        seats_take(&seats, &taken[i]);
    for (int i = 0; i < SEATS_MAX; i++)
        seats_leave(&seats, &taken[i]);
    seats_count(&seats, &census);
    seats_leave(&seats, &taken[SEATS_MAX]);
    ck_assert(!seats_have_left(&seats, &census));
    seats_leave(&seats, &taken[SEATS_MAX + 1]);
    ck_assert(seats_have_left(&seats, &census));
    seats_deinit(&seats);
}
END_TEST

/* Whoever had a seat, or stood, is not in the child. */
START_TEST(are_all_free_in_a_child)
{
    struct seat taken[SEATS_MAX + 1], own;
    struct seats_census census;
    int status;
    ck_assert_int_eq(seats_init(&seats), 0);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < SEATS_MAX + 1; i++)
            seats_take(&seats, &taken[i]);
        for (int i = 0; i < SEATS_MAX + 1 && round == 0; i++)
            seats_leave(&seats, &taken[i]);
    }
    seats_count(&seats, &census);
    pid_t pid = fork();
    if (pid == 0) {
        bool left = seats_have_left(&seats, &census);
        seats_take(&seats, &own);
        _exit(left && own.number < SEATS_MAX ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    ck_assert(!seats_have_left(&seats, &census));
    for (int i = 0; i < SEATS_MAX + 1; i++)
        seats_leave(&seats, &taken[i]);
    seats_deinit(&seats);
}
END_TEST

/* ---- many ---------------------------------------------------------------------------------- */

/* What a seat's memory has, nobody else writes meanwhile. */
static void *note_many(void *userdata)
{
    for (uint32_t i = 0; i < ROUNDS; i++) {
        struct seat seat;
        struct universal hash = {{(uintptr_t)&seat, i}};
        seats_take(&seats, &seat);
        recent_note(seat.recent, &hash, 1, i);
        const struct recent_token *found = recent_find(seat.recent, &hash, 1);
        bool same = found != NULL && found->slot == i;
        seats_leave(&seats, &seat);
        if (!same)
            return userdata;
    }
    return NULL;
}

START_TEST(serves_many_threads_at_once)
{
    pthread_t threads[THREADS];
    void *failed;
    ck_assert_int_eq(seats_init(&seats), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, note_many, &seats), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &failed);
        ck_assert_ptr_null(failed);
    }
    seats_deinit(&seats);
}
END_TEST

SUITE_MAIN("seats", gives_the_same_memory_to_calls_in_a_row, gives_different_ones_at_a_time,
           knows_when_those_have_left_who_were_seated, counts_those_who_stand,
           are_all_free_in_a_child, serves_many_threads_at_once)
