/* Which processes have the view: counted by their connections, told by their users. */
#include <stdio.h>
#include <string.h>

#include "daemon/attached.h"
#include "tests/suite.h"

static struct attached_list *list;
static char told[256];
static unsigned calls, stop_after;

static int tell(uid_t uid, unsigned processes, void *userdata)
{
    size_t len = strlen(told);
    ck_assert_ptr_eq(userdata, &list);
    snprintf(told + len, sizeof told - len, "%u:%u ", uid, processes);
    return ++calls == stop_after ? -7 : 0;
}

static void expect(unsigned count, const char *users)
{
    told[0] = '\0';
    calls = stop_after = 0;
    ck_assert_uint_eq(attached_count(list), count);
    ck_assert_int_eq(attached_each(list, tell, &list), 0);
    ck_assert_str_eq(told, users);
}

START_TEST(a_process_counts_once_until_its_last_connection_is_gone)
{
    ck_assert_int_eq(attached_new(&list), 0);
    expect(0, "");
    ck_assert_int_eq(attached_add(list, 33, 100), 0);
    ck_assert_int_eq(attached_add(list, 33, 100), 0);
    expect(1, "33:1 ");
    attached_remove(list, 33, 100);
    expect(1, "33:1 ");
    attached_remove(list, 33, 100);
    expect(0, "");
    attached_remove(list, 33, 100);
    expect(0, "");
    list = attached_free(list);
    ck_assert_ptr_null(list);
    ck_assert_ptr_null(attached_free(NULL));
}
END_TEST

START_TEST(users_are_told_by_uid_ascending)
{
    ck_assert_int_eq(attached_new(&list), 0);
    ck_assert_int_eq(attached_add(list, 1000, 3), 0);
    ck_assert_int_eq(attached_add(list, 33, 2), 0);
    ck_assert_int_eq(attached_add(list, 4000000000, 1), 0);
    ck_assert_int_eq(attached_add(list, 33, 9), 0);
    ck_assert_int_eq(attached_add(list, 0, 5), 0);
    expect(5, "0:1 33:2 1000:1 4000000000:1 ");
    told[0] = '\0';
    calls = 0;
    stop_after = 2;
    ck_assert_int_eq(attached_each(list, tell, &list), -7);
    ck_assert_str_eq(told, "0:1 33:2 ");
    attached_free(list);
}
END_TEST

/* A pid that was re-used by another user is another process. */
START_TEST(the_same_pid_of_another_user_is_another_process)
{
    ck_assert_int_eq(attached_new(&list), 0);
    ck_assert_int_eq(attached_add(list, 33, 100), 0);
    ck_assert_int_eq(attached_add(list, 34, 100), 0);
    expect(2, "33:1 34:1 ");
    attached_remove(list, 33, 101);
    attached_remove(list, 35, 100);
    expect(2, "33:1 34:1 ");
    attached_remove(list, 33, 100);
    expect(1, "34:1 ");
    attached_free(list);
}
END_TEST

/* Against a plain count of each pair, in an order that nobody chose. */
START_TEST(keeps_count_of_many_that_come_and_go)
{
    enum { USERS = 7, PIDS = 40 };
    static unsigned open[USERS][PIDS];
    uint32_t random = 4711;
    ck_assert_int_eq(attached_new(&list), 0);
    for (int i = 0; i < 20000; i++) {
        random = random * 1664525 + 1013904223;
        unsigned uid = (random >> 8) % USERS, pid = (random >> 16) % PIDS;
        if (random >> 31) {
            ck_assert_int_eq(attached_add(list, uid, (pid_t)pid), 0);
            open[uid][pid]++;
        } else {
            attached_remove(list, uid, (pid_t)pid);
            open[uid][pid] -= open[uid][pid] > 0;
        }
        if (i % 100 != 0)
            continue;
        char wanted[256] = "";
        unsigned count = 0;
        for (unsigned u = 0; u < USERS; u++) {
            unsigned processes = 0;
            size_t len = strlen(wanted);
            for (unsigned p = 0; p < PIDS; p++)
                processes += open[u][p] > 0;
            if (processes > 0)
                snprintf(wanted + len, sizeof wanted - len, "%u:%u ", u, processes);
            count += processes;
        }
        expect(count, wanted);
    }
    attached_free(list);
}
END_TEST

SUITE_MAIN("attached", a_process_counts_once_until_its_last_connection_is_gone,
           users_are_told_by_uid_ascending, the_same_pid_of_another_user_is_another_process,
           keeps_count_of_many_that_come_and_go)
