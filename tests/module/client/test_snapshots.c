#include "module/client/snapshots.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "tests/suite.h"

static struct snapshots snapshots;

/* A WELCOME of this generation, told from others by the realm. */
static int publish(uint64_t generation, const char *realm, uint64_t *ret_generation)
{
    uint8_t bytes[WIRE_FRAME_MAX];
    struct welcome welcome = {.generation = generation};
    struct frame frame;
    policy_init(&welcome.policy);
    text_copy(text_of(realm), welcome.policy.realm, sizeof welcome.policy.realm);
    scope_registry_init(&welcome.registry);
    size_t len = welcome_write(bytes, sizeof bytes, 1, &welcome);
    if (frame_open(bytes, len, &frame) < 0)
        return -EBADMSG;
    return snapshots_publish(&snapshots, &frame, ret_generation);
}

static void expect_current(uint64_t generation, const char *realm)
{
    const struct snapshot *current = snapshots_current(&snapshots);
    ck_assert_uint_eq(current->generation, generation);
    ck_assert_str_eq(current->policy.realm, realm);
}

static unsigned count(void)
{
    unsigned n = 0;
    for (const struct snapshot *s = snapshots.newest; s != NULL; s = s->older)
        n++;
    return n;
}

START_TEST(begins_with_the_defaults)
{
    struct policy policy;
    ck_assert_int_eq(snapshots_init(&snapshots), 0);
    policy_init(&policy);
    const struct snapshot *current = snapshots_current(&snapshots);
    ck_assert_uint_eq(current->policy.accept, policy.accept);
    ck_assert_str_eq(current->policy.realm, policy.realm);
    ck_assert_uint_eq(current->registry.count, SCOPES_BUILTIN);
    snapshots_deinit(&snapshots);
}
END_TEST

START_TEST(follows_what_the_daemon_says)
{
    uint64_t generation;
    ck_assert_int_eq(snapshots_init(&snapshots), 0);
    ck_assert_int_eq(publish(5, "one", &generation), 0);
    ck_assert_uint_eq(generation, 5);
    expect_current(5, "one");
    ck_assert_int_eq(publish(6, "two", &generation), 0);
    ck_assert_uint_eq(generation, 6);
    expect_current(6, "two");
    snapshots_deinit(&snapshots);
}
END_TEST

START_TEST(lets_who_reads_the_old_one_finish)
{
    uint64_t generation;
    ck_assert_int_eq(snapshots_init(&snapshots), 0);
    ck_assert_int_eq(publish(5, "one", &generation), 0);
    const struct snapshot *old = snapshots_current(&snapshots);
    ck_assert_int_eq(publish(6, "two", &generation), 0);
    /* A sanitizer would see it freed. */
    ck_assert_str_eq(old->policy.realm, "one");
    snapshots_deinit(&snapshots);
}
END_TEST

START_TEST(keeps_the_same_content_once)
{
    uint64_t generation;
    ck_assert_int_eq(snapshots_init(&snapshots), 0);
    for (uint64_t i = 0; i < 100; i++) {
        ck_assert_int_eq(publish(i, i % 2 ? "one" : "two", &generation), 0);
        expect_current(i, i % 2 ? "one" : "two");
    }
    ck_assert_uint_eq(count(), 3);
    snapshots_deinit(&snapshots);
}
END_TEST

START_TEST(takes_nothing_but_a_welcome)
{
    uint8_t bytes[64];
    struct frame frame;
    uint64_t generation = 1;
    ck_assert_int_eq(snapshots_init(&snapshots), 0);
    const struct snapshot *before = snapshots_current(&snapshots);
    size_t len = error_write(bytes, sizeof bytes, 1, WIRE_ERROR_BUSY);
    ck_assert_int_eq(frame_open(bytes, len, &frame), 0);
    ck_assert_int_eq(snapshots_publish(&snapshots, &frame, &generation), -EPROTO);
    struct writer w;
    frame_begin(&w, bytes, sizeof bytes, WIRE_WELCOME, 1);
    ck_assert_int_eq(frame_open(bytes, frame_end(&w), &frame), 0);
    ck_assert_int_eq(snapshots_publish(&snapshots, &frame, &generation), -EPROTO);
    ck_assert_ptr_eq(snapshots_current(&snapshots), before);
    ck_assert_uint_eq(generation, 1);
    snapshots_deinit(&snapshots);
}
END_TEST

#define THREADS 4
#define ROUNDS  500

static _Atomic int mismatches;

static void *publish_and_read(void *userdata)
{
    for (uint64_t i = 0; i < ROUNDS; i++) {
        char realm[8];
        uint64_t generation;
        snprintf(realm, sizeof realm, "r%u", (unsigned)(i % 5));
        if (publish(i, realm, &generation) < 0 || generation != i)
            mismatches++;
        const struct snapshot *current = snapshots_current(&snapshots);
        if (current->policy.realm[0] != 'r' || current->policy.realm[2] != '\0')
            mismatches++;
    }
    return userdata;
}

START_TEST(serves_many_threads_at_once)
{
    pthread_t threads[THREADS];
    ck_assert_int_eq(snapshots_init(&snapshots), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, publish_and_read, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(mismatches, 0);
    /* The same content may have been added by each thread at the same time. */
    ck_assert_uint_le(count(), 1 + 5 * THREADS);
    snapshots_deinit(&snapshots);
}
END_TEST

SUITE_MAIN("snapshots", begins_with_the_defaults, follows_what_the_daemon_says,
           lets_who_reads_the_old_one_finish, keeps_the_same_content_once,
           takes_nothing_but_a_welcome, serves_many_threads_at_once)
