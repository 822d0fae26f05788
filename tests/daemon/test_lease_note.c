/* What a daemon promised, as the next one finds it. */
#include "daemon/lease_note.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/view/lease.h"
#include "tests/daemon/fixture.h"
#include "tests/suite.h"

#define NOW_NS UINT64_C(1000000000000)

static char dir[PATH_MAX];

static uint64_t earlier(void)
{
    struct lease_note note;

    ck_assert_int_eq(lease_note_open(dir, NOW_NS, &note), 0);
    uint64_t earlier_ns = note.earlier_ns;
    lease_note_close(&note);
    ck_assert_int_eq(note.fd, -1);
    return earlier_ns;
}

START_TEST(the_next_one_finds_what_was_promised)
{
    struct lease_note note;

    fixture_make_dir(dir);
    ck_assert_uint_eq(earlier(), 0);
    ck_assert_int_eq(lease_note_open(dir, NOW_NS, &note), 0);
    ck_assert_int_eq(lease_note_write(&note, NOW_NS + 5), 0);
    ck_assert_uint_eq(earlier(), NOW_NS + 5);
    ck_assert_int_eq(lease_note_write(&note, NOW_NS + 7), 0);
    ck_assert_uint_eq(earlier(), NOW_NS + 7);
    /* More was never promised. */
    ck_assert_int_eq(lease_note_write(&note, UINT64_MAX), 0);
    ck_assert_uint_eq(earlier(), NOW_NS + LEASE_NS);
    lease_note_close(&note);
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(what_makes_no_sense_is_waited_for_and_what_is_of_another_boot_is_not)
{
    static const char *const senseless[] = {"x", "00000000-0000-0000-0000-000000000000 12\n"};
    struct lease_note note;

    fixture_make_dir(dir);
    for (size_t i = 0; i < 2; i++) {
        fixture_write(dir, "lease", senseless[i]);
        ck_assert_uint_eq(earlier(), NOW_NS + LEASE_NS);
    }
    fixture_write(dir, "lease", "00000000-0000-0000-0000-000000000000 00000999999999999999\n");
    ck_assert_uint_eq(earlier(), 0);
    ck_assert_int_eq(lease_note_open("/nowhere", NOW_NS, &note), -ENOENT);
    fixture_remove_dir(dir);
}
END_TEST

/* As in the sandbox of stkgate.service. */
START_TEST(what_may_be_of_this_boot_counts_as_of_this_one)
{
    fixture_make_dir(dir);
    fixture_write(dir, "lease", "------------------------------------ 00000999999999999999\n");
    ck_assert_uint_eq(earlier(), NOW_NS + LEASE_NS);
    fixture_write(dir, "lease", "------------------------------------ 00000000000000000001\n");
    ck_assert_uint_eq(earlier(), 1);
    fixture_remove_dir(dir);
}
END_TEST

SUITE_MAIN("lease_note", what_may_be_of_this_boot_counts_as_of_this_one,
           the_next_one_finds_what_was_promised,
           what_makes_no_sense_is_waited_for_and_what_is_of_another_boot_is_not)
