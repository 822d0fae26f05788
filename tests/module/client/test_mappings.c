#include "module/client/mappings.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include "tests/module/client/direct.h"
#include "tests/suite.h"

#define SWAPS   100
#define READERS 4

static struct seats seats;
static struct mappings mappings;

static struct mapping *map_given(struct fake_view *given)
{
    struct mapping *mapping;
    struct handed handed = {.fds = {dup(given->read_only_fd), dup(given->bucket_fd)}, .count = 2};
    struct attached sizes = {.view_bytes = given->bytes, .bucket_bytes = given->bucket_bytes};
    for (int i = 0; i < 2; i++) {
        struct stat st;
        ck_assert_int_eq(fstat(handed.fds[i], &st), 0);
        handed.devices[i] = st.st_dev;
        handed.inodes[i] = st.st_ino;
    }
    ck_assert_int_eq(map_new(&handed, &sizes, &mapping), 0);
    return mapping;
}

static void begin(void)
{
    ck_assert_int_eq(seats_init(&seats), 0);
    fake_view_make(&view, 2);
}

static void end(void)
{
    mappings_deinit(&mappings);
    seats_deinit(&seats);
    ck_assert_uint_eq(direct_views_mapped(), 0);
    fake_view_free(&view);
}

START_TEST(unmaps_at_once_what_nobody_reads)
{
    begin();
    ck_assert_ptr_null(mappings_current(&mappings));
    struct mapping *first = map_given(&view), *second = map_given(&view);
    mappings_replace(&mappings, &seats, first);
    ck_assert_ptr_eq(mappings_current(&mappings), first);
    ck_assert_uint_eq(direct_views_mapped(), 2);
    uint64_t number = first->number;
    mappings_replace(&mappings, &seats, second);
    ck_assert_ptr_eq(mappings_current(&mappings), second);
    ck_assert(number != 0 && second->number != 0 && second->number != number);
    ck_assert_uint_eq(direct_views_mapped(), 1);
    mappings_replace(&mappings, &seats, NULL);
    ck_assert_ptr_null(mappings_current(&mappings));
    ck_assert_uint_eq(direct_views_mapped(), 0);
    mappings_replace(&mappings, &seats, NULL);
    end();
}
END_TEST

START_TEST(leaves_to_a_reader_what_it_reads)
{
    struct seat early, late;
    begin();
    mappings_replace(&mappings, &seats, map_given(&view));
    seats_take(&seats, &early);
    const struct mapping *read = mappings_current(&mappings);
    mappings_replace(&mappings, &seats, map_given(&view));
    mappings_replace(&mappings, &seats, map_given(&view));
    /* The second had a reader, too, for all that is known. */
    ck_assert_uint_eq(direct_views_mapped(), 3);
    ck_assert_uint_eq(read->view.header->magic, VIEW_MAGIC);
    /* Who comes now, has the third. */
    seats_take(&seats, &late);
    mappings_tidy(&mappings, &seats);
    ck_assert_uint_eq(direct_views_mapped(), 3);
    seats_leave(&seats, &early);
    mappings_tidy(&mappings, &seats);
    ck_assert_uint_eq(direct_views_mapped(), 1);
    ck_assert_uint_eq(mappings_current(&mappings)->view.header->magic, VIEW_MAGIC);
    seats_leave(&seats, &late);
    end();
}
END_TEST

START_TEST(unmaps_all_of_it_at_the_end)
{
    struct seat seat;
    begin();
    mappings_replace(&mappings, &seats, map_given(&view));
    seats_take(&seats, &seat);
    mappings_replace(&mappings, &seats, map_given(&view));
    seats_leave(&seats, &seat);
    ck_assert_uint_eq(direct_views_mapped(), 2);
    end();
}
END_TEST

/* The reader is its parent's: in the child nobody reads. */
START_TEST(a_child_unmaps_what_its_parents_threads_read)
{
    struct seat seat;
    begin();
    mappings_replace(&mappings, &seats, map_given(&view));
    seats_take(&seats, &seat);
    mappings_replace(&mappings, &seats, map_given(&view));
    pid_t pid = fork();
    if (pid == 0) {
        mappings_tidy(&mappings, &seats);
        DIRECT_DEMAND(direct_views_mapped() == 1);
        mappings_replace(&mappings, &seats, NULL);
        DIRECT_DEMAND(direct_views_mapped() == 0);
        _exit(0);
    }
    direct_expect_child_ends_well(pid);
    ck_assert_uint_eq(direct_views_mapped(), 2);
    seats_leave(&seats, &seat);
    mappings_tidy(&mappings, &seats);
    ck_assert_uint_eq(direct_views_mapped(), 1);
    end();
}
END_TEST

/* ---- a change of views under threads that check -------------------------------------------- */

static _Atomic bool stop;
static _Atomic unsigned long decided[READERS];

struct reader_of_views {
    stkgate *gate;
    unsigned number;
};

static void *check_on(void *userdata)
{
    struct reader_of_views *self = userdata;
    struct stkgate_request request = call_request();
    struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;
    request.flags = STKGATE_PEEK;
    while (!stop) {
        if (stkgate_check(self->gate, &request, &verdict) < 0 || verdict.status != 200)
            return self;
        /* The one who changes views is to have a turn, too. */
        if (atomic_fetch_add(&decided[self->number], 1) % 16 == 0)
            sched_yield();
    }
    return NULL;
}

/* Until each thread has had some calls answered. */
static void await_calls(unsigned long count)
{
    for (int i = 0; i < READERS; i++) {
        unsigned long until = decided[i] + count;
        double start_s = call_clock_s();
        while (decided[i] < until) {
            ck_assert_double_lt(call_clock_s() - start_s, 4 * CALL_BOUND_S);
            sched_yield();
        }
    }
}

static void supersede(struct fake_view *old, struct fake_view *next, uint32_t groups)
{
    struct record record = fake_view_record(CALL_TOKEN);
    fake_view_make(next, groups);
    fake_view_put(next, &record);
    fake_view_lease(next, 4.9);
    fake.handout = &next->handout;
    direct_set(&old->publisher.header->flags, VIEW_SUPERSEDED);
}

static void await_one_view(void)
{
    double start_s = call_clock_s();
    while (direct_views_mapped() != 1) {
        ck_assert_double_lt(call_clock_s() - start_s, 4 * CALL_BOUND_S);
        sched_yield();
    }
}

/* A table that grows again and again: no call fails, and the memory of each old view is given back
 * while the threads go on. */
START_TEST(gives_back_each_view_while_threads_go_on_checking)
{
    static struct fake_view views[2];
    pthread_t threads[READERS];
    struct reader_of_views readers[READERS];
    stkgate *gate = direct_begin_attached(DIRECT_PATIENT_MS);
    struct fake_view *old = &view;
    for (unsigned i = 0; i < READERS; i++) {
        readers[i] = (struct reader_of_views){gate, i};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, check_on, &readers[i]), 0);
    }
    for (unsigned swap = 0; swap < SWAPS; swap++) {
        struct fake_view *next = &views[swap % 2];
        unsigned attaches = fake.attaches;
        await_calls(1);
        supersede(old, next, 3 + swap % 7);
        await_calls(2);
        ck_assert_uint_gt(fake.attaches, attaches);
        await_one_view();
        if (old != &view)
            fake_view_free(old);
        old = next;
    }
    stop = true;
    for (int i = 0; i < READERS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        ck_assert_ptr_null(failed);
    }
    ck_assert_uint_eq(direct_views_mapped(), 1);
    direct_end(gate);
    fake_view_free(old);
}
END_TEST

/* A reader that was slow: the calls that come after it find the view that it left. */
START_TEST(the_next_call_gives_back_what_the_last_reader_left)
{
    static struct fake_view next;
    struct seat seat;
    stkgate *gate = direct_begin_attached(DIRECT_PATIENT_MS);
    seats_take(&gate->seats, &seat);
    supersede(&view, &next, 3);
    ck_assert_int_eq(call_check(gate), 0);
    ck_assert_uint_eq(direct_views_mapped(), 2);
    direct_expect_alone(gate);
    ck_assert_uint_eq(direct_views_mapped(), 2);
    seats_leave(&gate->seats, &seat);
    direct_expect_alone(gate);
    ck_assert_uint_eq(direct_views_mapped(), 1);
    direct_end(gate);
    fake_view_free(&next);
}
END_TEST

SUITE_MAIN("mappings", unmaps_at_once_what_nobody_reads, leaves_to_a_reader_what_it_reads,
           unmaps_all_of_it_at_the_end, a_child_unmaps_what_its_parents_threads_read,
           gives_back_each_view_while_threads_go_on_checking,
           the_next_call_gives_back_what_the_last_reader_left)
