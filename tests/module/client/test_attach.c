#include "module/client/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "tests/module/client/direct.h"
#include "tests/suite.h"

#define OTHER_INCARNATION UINT64_C(0x0172)

static struct view_header *header(void)
{
    return view.publisher.header;
}

/* It has no view, and its calls are answered all the same. */
static void expect_without_view(stkgate *gate)
{
    unsigned checks = fake.checks;
    ck_assert_int_eq(call_check(gate), 0);
    ck_assert_uint_eq(fake.checks, checks + 1);
    ck_assert_ptr_null(mappings_current(&gate->mappings));
    ck_assert_uint_eq(direct_views_mapped(), 0);
}

static void expect_attached_at_last(stkgate *gate)
{
    double start_s = call_clock_s();
    while (mappings_current(&gate->mappings) == NULL) {
        call_until_answered(gate);
        ck_assert_double_lt(call_clock_s() - start_s, 4 * CALL_BOUND_S);
    }
    fake_view_lease(&view, 4.9);
    direct_expect_alone(gate);
}

START_TEST(keeps_no_descriptor_but_the_connection)
{
    stkgate *gate = direct_begin(DIRECT_PATIENT_MS);
    unsigned before = direct_open_descriptors();
    ck_assert_int_eq(call_check(gate), 0);
    ck_assert_ptr_nonnull(mappings_current(&gate->mappings));
    /* One of this process is the daemon's end. */
    ck_assert_uint_eq(direct_open_descriptors(), before + 2);
    direct_expect_alone(gate);
    direct_end(gate);
}
END_TEST

START_TEST(asks_for_no_view_that_it_may_not_have)
{
    stkgate *gate = direct_begin(DIRECT_PATIENT_MS);
    fake.direct = false;
    for (int i = 0; i < 3; i++)
        expect_without_view(gate);
    direct_expect_asked(3, 0);
    direct_end(gate);
}
END_TEST

/* ---- what a hostile daemon hands out ------------------------------------------------------- */

static int plain_file(const char *name, size_t len, int seals)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, (off_t)len), 0);
    ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
}

/* Whatever comes instead of a view: the call is answered, what came is closed, and asked for again
 * it is only after a pause. */
static void expect_refused(const struct fake_handout *handout, bool ends_connection)
{
    stkgate *gate = direct_begin(DIRECT_PATIENT_MS);
    fake.handout = handout;
    unsigned before = direct_open_descriptors();
    double start_s = call_clock_s();
    for (int i = 0; i < 50; i++)
        expect_without_view(gate);
    for (unsigned attaches = fake.attaches; attaches == fake.attaches;)
        expect_without_view(gate);
    expect_without_view(gate);
    ck_assert_double_le(fake.attaches, 2 + (call_clock_s() - start_s) / 0.01);
    if (ends_connection)
        ck_assert_uint_ge(fake.accepted, fake.attaches);
    else
        ck_assert_uint_eq(fake.accepted, 1);
    /* The daemon's end of one that was dropped may still be there. */
    while (direct_open_descriptors() > before + 2)
        ck_assert_double_lt(call_clock_s() - start_s, 4 * CALL_BOUND_S);
    fake.handout = &view.handout;
    expect_attached_at_last(gate);
    direct_end(gate);
}

#define HANDOUTS      14
#define WRONG_NUMBERS 4 /* the first of them are: it ends the connection */

/* Made of a good one, whose descriptors are those of a view of the same shape. */
static struct fake_handout hostile(int which, const struct fake_view *good)
{
    struct fake_handout h = good->handout;
    size_t bytes = good->bytes;
    switch (which) {
    case 0: h.count = 1; break;
    case 1:
        h.count = 3;
        h.fds[2] = 1;
        break;
    case 2: h.count = 0; break;
    case 3: h.view_bytes = h.bucket_bytes = 0; break; /* and yet two come along */
    case 4: h.view_bytes -= VIEW_PAGE; break;
    case 5: h.view_bytes += VIEW_PAGE; break;
    case 6: h.bucket_bytes -= VIEW_PAGE; break;
    case 7: h.bucket_bytes = UINT64_MAX; break;
    case 8: ck_assert_int_eq(pipe2(h.fds, O_CLOEXEC), 0); break;
    case 9: h.fds[0] = plain_file("unsealed", bytes, 0); break;
    case 10: h.fds[0] = plain_file("growing", bytes, F_SEAL_SHRINK | F_SEAL_SEAL); break;
    case 11: h.fds[0] = open("/dev/zero", O_RDWR | O_CLOEXEC); break;
    case 12: h.fds[1] = good->read_only_fd; break; /* nor as long as buckets are */
    case 13: h.fds[0] = good->bucket_fd; break;
    }
    return h;
}

START_TEST(takes_nothing_but_a_view_and_its_buckets)
{
    static struct fake_view good;
    static struct fake_handout handout;
    for (int which = 0; which < HANDOUTS; which++) {
        fake_view_make(&good, 4);
        fake_view_lease(&good, 4);
        handout = hostile(which, &good);
        expect_refused(&handout, which < WRONG_NUMBERS);
        fake_view_free(&good);
    }
}
END_TEST

/* Descriptors that nobody asked for are closed by the kernel. */
START_TEST(takes_no_descriptors_with_any_other_answer)
{
    stkgate *gate = direct_begin(DIRECT_PATIENT_MS);
    unsigned before = direct_open_descriptors();
    fake.direct = false;
    fake.descriptors_everywhere = true;
    for (int i = 0; i < 3; i++)
        expect_without_view(gate);
    ck_assert_uint_eq(direct_open_descriptors(), before + 2);
    direct_end(gate);
}
END_TEST

/* Within its deadline, with the verdict that it has. */
START_TEST(answers_the_call_whatever_goes_wrong_with_the_view)
{
    static const int acts[] = {FAKE_CLOSE,
                               FAKE_EMPTY,
                               FAKE_GARBAGE,
                               FAKE_CUT,
                               FAKE_LONGER,
                               FAKE_OVERSIZED,
                               FAKE_OTHER_ID,
                               FAKE_OTHER_TYPE,
                               FAKE_OTHER_VERSION,
                               FAKE_ERROR + WIRE_ERROR_FRAME,
                               FAKE_ERROR + WIRE_ERROR_BUSY};
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        stkgate *gate = direct_begin(DIRECT_PATIENT_MS);
        unsigned before = direct_open_descriptors();
        fake.on_attach = acts[i];
        while (fake.attaches < 3)
            expect_without_view(gate);
        while (direct_open_descriptors() > before + 2)
            sched_yield();
        /* None of its connections served another call: an answer may still come on it. */
        expect_without_view(gate);
        ck_assert_uint_eq(fake.accepted, fake.attaches + (fake.attaches == 3));
        fake.on_attach = FAKE_ANSWER;
        expect_attached_at_last(gate);
        direct_end(gate);
    }
}
END_TEST

START_TEST(waits_for_a_view_no_longer_than_a_call_may_take)
{
    stkgate *gate = direct_begin(60);
    fake.on_attach = FAKE_SILENCE;
    while (fake.attaches < 3)
        call_until_answered(gate);
    ck_assert_ptr_null(mappings_current(&gate->mappings));
    direct_end(gate);
}
END_TEST

/* ---- no view for us ------------------------------------------------------------------------ */

static const struct fake_handout nothing;

START_TEST(does_not_ask_again_at_once_when_there_is_no_view_for_it)
{
    stkgate *gate = direct_begin(DIRECT_PATIENT_MS);
    fake.handout = &nothing;
    double start_s = call_clock_s();
    for (int i = 0; i < 100; i++)
        expect_without_view(gate);
    ck_assert_double_le(fake.attaches, 1 + (call_clock_s() - start_s));
    /* The next generation may have one. */
    fake.handout = &view.handout;
    unsigned attaches = fake.attaches;
    fake.generation = 2;
    direct_set(&header()->generation, 2);
    ck_assert_int_eq(call_check(gate), 0);
    ck_assert_int_eq(call_check(gate), 0);
    ck_assert_uint_eq(fake.attaches, attaches + 1);
    direct_expect_alone(gate);
    direct_end(gate);
}
END_TEST

START_TEST(gives_back_what_it_has_when_there_is_none_any_more)
{
    stkgate *gate = direct_begin_attached(DIRECT_PATIENT_MS);
    fake.handout = &nothing;
    direct_set(&header()->flags, VIEW_SUPERSEDED);
    ck_assert_int_eq(call_check(gate), 0);
    direct_expect_asked(2, 2);
    expect_without_view(gate);
    direct_end(gate);
}
END_TEST

/* Its leases can't be judged there. */
START_TEST(stays_on_the_socket_in_another_time_namespace)
{
    static struct fake_handout other;
    static const int64_t offsets_ns[] = {-INT64_C(1000000000000), INT64_C(1000000000000)};
    for (int i = 0; i < 2; i++) {
        stkgate *gate = direct_begin(DIRECT_PATIENT_MS);
        unsigned before = direct_open_descriptors();
        other = view.handout;
        other.clock_offset_ns = offsets_ns[i];
        fake.handout = &other;
        expect_without_view(gate);
        /* For as long as the connection lives, whatever else changes. */
        fake.handout = &view.handout;
        for (uint64_t generation = 2; generation < 5; generation++) {
            fake.generation = generation;
            direct_set(&header()->generation, generation);
            expect_without_view(gate);
            expect_without_view(gate);
        }
        ck_assert_uint_eq(fake.attaches, 1);
        ck_assert_uint_eq(direct_open_descriptors(), before + 2);
        fake_stop(&fake);
        fake_start(&fake);
        expect_attached_at_last(gate);
        direct_end(gate);
    }
}
END_TEST

/* ---- another view, another daemon ---------------------------------------------------------- */

START_TEST(goes_over_to_the_view_that_took_its_place)
{
    static struct fake_view larger;
    stkgate *gate = direct_begin_attached(DIRECT_PATIENT_MS);
    struct record record = fake_view_record(CALL_TOKEN);
    fake_view_make(&larger, 8);
    struct view_bucket *next = fake_view_put(&larger, &record);
    fake_view_lease(&larger, 4);
    fake.handout = &larger.handout;
    direct_expect_alone(gate);
    unsigned allowed = (unsigned)bucket->allowed;
    direct_set(&header()->flags, VIEW_COMPLETE | VIEW_SUPERSEDED);
    ck_assert_int_eq(call_check(gate), 0);
    direct_expect_asked(2, 2);
    direct_expect_alone(gate);
    ck_assert_uint_eq(direct_views_mapped(), 1);
    ck_assert_uint_eq(bucket->allowed, allowed);
    ck_assert_uint_eq(next->allowed, 3);
    direct_end(gate);
    fake_view_free(&larger);
}
END_TEST

/* Nobody revokes in it any more, whatever its lease says. */
START_TEST(never_goes_by_a_view_that_was_superseded)
{
    stkgate *gate = direct_begin_attached(DIRECT_PATIENT_MS);
    direct_set(&header()->flags, VIEW_COMPLETE | VIEW_SUPERSEDED);
    fake_stop(&fake);
    for (int i = 0; i < 3; i++)
        ck_assert_int_lt(call_check(gate), 0);
    ck_assert_uint_eq(bucket->allowed, 0);
    direct_end(gate);
}
END_TEST

START_TEST(attaches_again_to_a_daemon_that_was_restarted)
{
    stkgate *gate = direct_begin_attached(DIRECT_PATIENT_MS);
    const struct mapping *mapping = mappings_current(&gate->mappings);
    direct_set(&header()->incarnation, OTHER_INCARNATION);
    ck_assert_int_eq(call_check(gate), 0);
    direct_expect_asked(2, 2);
    /* The view is the same: it stays as it is, with the pages that are there. */
    ck_assert_ptr_eq(mappings_current(&gate->mappings), mapping);
    ck_assert_uint_eq(direct_views_mapped(), 1);
    direct_expect_alone(gate);
    direct_end(gate);
}
END_TEST

START_TEST(decides_on_until_a_daemon_that_was_restarted_answers)
{
    stkgate *gate = direct_begin_attached(DIRECT_PATIENT_MS);
    direct_set(&header()->incarnation, OTHER_INCARNATION);
    fake_stop(&fake);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(call_check(gate), 0);
    ck_assert_uint_eq(bucket->allowed, 3);
    fake_start(&fake);
    double start_s = call_clock_s();
    while (fake.attaches < 2) {
        direct_set(&bucket->tat, 0);
        ck_assert_int_eq(call_check(gate), 0);
        ck_assert_double_lt(call_clock_s() - start_s, 4);
    }
    direct_expect_alone(gate);
    direct_end(gate);
}
END_TEST

/* A daemon that answers and can't put its lease off: its view is asked for once more, and then not
 * with each call. */
START_TEST(does_not_ask_at_each_call_for_the_view_that_it_has)
{
    stkgate *gate = direct_begin_attached(DIRECT_PATIENT_MS);
    fake_view_lease(&view, -1);
    double start_s = call_clock_s();
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(call_check(gate), 0);
    ck_assert_uint_eq(fake.checks, 101);
    ck_assert_double_le(fake.attaches, 2 + (call_clock_s() - start_s));
    ck_assert_uint_eq(bucket->allowed, 0);
    direct_end(gate);
}
END_TEST

/* ---- threads and children ------------------------------------------------------------------ */

static void *check_some(void *userdata)
{
    stkgate *gate = userdata;
    struct stkgate_request request = call_request();
    struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;
    for (int i = 0; i < 5; i++)
        if (stkgate_check(gate, &request, &verdict) < 0 || verdict.status != 200)
            return gate;
    return NULL;
}

START_TEST(one_of_many_threads_asks_for_the_view)
{
    pthread_t threads[8];
    void *failed;
    stkgate *gate = direct_begin(DIRECT_PATIENT_MS);
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, check_some, gate), 0);
    for (int i = 0; i < 8; i++) {
        pthread_join(threads[i], &failed);
        ck_assert_ptr_null(failed);
    }
    ck_assert_uint_eq(direct_views_mapped(), 1);
    ck_assert_uint_eq(fake.attaches, 1);
    direct_expect_alone(gate);
    direct_end(gate);
}
END_TEST

START_TEST(a_child_attaches_itself_once)
{
    stkgate *gate = direct_begin_attached(DIRECT_PATIENT_MS);
    const struct mapping *mapping = mappings_current(&gate->mappings);
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 5; i++)
            DIRECT_DEMAND(direct_check_in_child(gate) == 0);
        DIRECT_DEMAND(mappings_current(&gate->mappings) == mapping);
        stkgate_close(gate);
        _exit(0);
    }
    direct_expect_child_ends_well(pid);
    direct_expect_asked(2, 2);
    ck_assert_uint_eq(bucket->allowed, 4);
    /* Its parent goes on as it did. */
    direct_expect_alone(gate);
    direct_end(gate);
}
END_TEST

START_TEST(a_child_decides_by_itself_when_the_daemon_is_gone)
{
    stkgate *gate = direct_begin_attached(DIRECT_PATIENT_MS);
    fake_stop(&fake);
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 5; i++)
            DIRECT_DEMAND(direct_check_in_child(gate) == 0);
        fake_view_lease(&view, -1);
        DIRECT_DEMAND(direct_check_in_child(gate) < 0);
        _exit(0);
    }
    direct_expect_child_ends_well(pid);
    ck_assert_uint_eq(bucket->allowed, 5);
    direct_end(gate);
}
END_TEST

static bool is_null_device(int fd)
{
    struct stat st, null;
    return fstat(fd, &st) == 0 && stat("/dev/null", &null) == 0 && st.st_rdev == null.st_rdev;
}

/* It forks twice, closes all descriptors, and opens files of its own on the numbers. */
START_TEST(a_program_that_daemonises_keeps_its_files_and_its_view)
{
    stkgate *gate = direct_begin_attached(DIRECT_PATIENT_MS);
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        pid_t grandchild = fork();
        if (grandchild != 0) {
            int status = 1;
            waitpid(grandchild, &status, 0);
            _exit(status == 0 ? 0 : 1);
        }
        closefrom(3);
        for (int fd = 3; fd < 40; fd++)
            DIRECT_DEMAND(open("/dev/null", O_RDWR) == fd);
        for (int i = 0; i < 5; i++)
            DIRECT_DEMAND(direct_check_in_child(gate) == 0);
        stkgate_close(gate);
        for (int fd = 3; fd < 40; fd++)
            DIRECT_DEMAND(is_null_device(fd));
        _exit(0);
    }
    direct_expect_child_ends_well(pid);
    direct_expect_asked(2, 2);
    direct_end(gate);
}
END_TEST

SUITE_MAIN("attach", keeps_no_descriptor_but_the_connection, asks_for_no_view_that_it_may_not_have,
           takes_nothing_but_a_view_and_its_buckets, takes_no_descriptors_with_any_other_answer,
           answers_the_call_whatever_goes_wrong_with_the_view,
           waits_for_a_view_no_longer_than_a_call_may_take,
           does_not_ask_again_at_once_when_there_is_no_view_for_it,
           gives_back_what_it_has_when_there_is_none_any_more,
           stays_on_the_socket_in_another_time_namespace, goes_over_to_the_view_that_took_its_place,
           never_goes_by_a_view_that_was_superseded, attaches_again_to_a_daemon_that_was_restarted,
           decides_on_until_a_daemon_that_was_restarted_answers,
           does_not_ask_at_each_call_for_the_view_that_it_has,
           one_of_many_threads_asks_for_the_view, a_child_attaches_itself_once,
           a_child_decides_by_itself_when_the_daemon_is_gone,
           a_program_that_daemonises_keeps_its_files_and_its_view)
