#include "daemon/store/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/store/table_file.h"
#include "tests/daemon/store/fixture.h"
#include "tests/suite.h"

static int try_open(const char *dir, bool create, struct store **ret,
                    char message[static STORE_ERROR_MAX])
{
    struct store_options options = {.dir = dir, .create = create};
    message[0] = '\0';
    return store_open(&options, ret, message);
}

static void assert_refused(const char *dir, bool create, int error, const char *because)
{
    char message[STORE_ERROR_MAX];
    struct store *store = NULL;
    ck_assert_int_eq(try_open(dir, create, &store, message), error);
    ck_assert_ptr_null(store);
    ck_assert_msg(strstr(message, because) && strstr(message, dir), "%s", message);
}

static void mint(struct store *store, unsigned first, unsigned count)
{
    for (unsigned n = first; n < first + count; n++) {
        struct change change;
        fixture_mint(n, &change);
        fixture_must_apply(store, &change);
    }
}

START_TEST(makes_files_that_only_the_owner_can_read)
{
    umask(0);
    char dir[FIXTURE_PATH_MAX], state[FIXTURE_PATH_MAX];
    fixture_make_dir(dir);
    fixture_path(dir, "state", state);
    store_close(fixture_open(state));
    static const char *const names[] = {"data.mdb", "lock.mdb", "lock"};
    struct stat st;
    for (size_t i = 0; i < 3; i++) {
        char path[FIXTURE_PATH_MAX];
        fixture_path(state, names[i], path);
        ck_assert_int_eq(stat(path, &st), 0);
        ck_assert_uint_eq(st.st_mode & 07777, 0600);
    }
    ck_assert_int_eq(stat(state, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0700);
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(without_create_nothing_is_made)
{
    char dir[FIXTURE_PATH_MAX], state[FIXTURE_PATH_MAX];
    fixture_make_dir(dir);
    fixture_path(dir, "state", state);
    assert_refused(state, false, -ENOENT, "can't open this directory");
    assert_refused(dir, false, -ENOENT, "no table");
    fixture_path(dir, "data.mdb", state);
    ck_assert_int_ne(access(state, F_OK), 0);
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(a_making_that_was_cut_short_is_started_over)
{
    char dir[FIXTURE_PATH_MAX], path[FIXTURE_PATH_MAX];
    fixture_make_dir(dir);
    fixture_path(dir, "new", path);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    fixture_path(dir, "new/data.mdb", path);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs("half a page", file);
    fclose(file);
    store_close(fixture_open(dir));
    fixture_path(dir, "new", path);
    ck_assert_int_ne(access(path, F_OK), 0); /* and nothing is left of it */
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(a_table_is_there_again_when_reopened)
{
    char dir[FIXTURE_PATH_MAX], message[STORE_ERROR_MAX], key_id[KEY_ID_LEN + 1];
    fixture_make_dir(dir);
    struct store *store = fixture_open(dir);
    mint(store, 1, 3);
    store_close(store);
    ck_assert_int_eq(try_open(dir, false, &store, message), 0);
    ck_assert_int_eq(store_read_begin(store), 0);
    struct record record;
    struct store_stats stats;
    ck_assert_int_eq(store_find_key_id(store, fixture_key_id(3, key_id), &record), 0);
    ck_assert_int_eq(store_stats(store, &stats), 0);
    ck_assert_uint_eq(stats.credentials, 3);
    ck_assert_uint_eq(stats.seq, 3);
    ck_assert_uint_eq(stats.map_bytes, UINT64_C(16) << 30); /* the default */
    store_read_end(store);
    store_close(store);
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(a_table_larger_than_the_map_asked_for_opens_all_the_same)
{
    char dir[FIXTURE_PATH_MAX], message[STORE_ERROR_MAX];
    fixture_make_dir(dir);
    struct store *store = fixture_open(dir);
    mint(store, 1, 50);
    store_close(store);
    struct store_options options = {.dir = dir, .map_size_bytes = 1};
    ck_assert_int_eq(store_open(&options, &store, message), 0);
    struct store_stats stats;
    ck_assert_int_eq(store_read_begin(store), 0);
    ck_assert_int_eq(store_stats(store, &stats), 0);
    store_read_end(store);
    ck_assert_uint_eq(stats.credentials, 50);
    ck_assert_uint_ge(stats.map_bytes, stats.used_bytes);
    store_close(store);
    options.map_size_bytes = UINT64_MAX;
    ck_assert_int_lt(store_open(&options, &store, message), 0);
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(no_descriptor_survives_exec)
{
    char dir[FIXTURE_PATH_MAX];
    fixture_make_dir(dir);
    struct store *store = fixture_open(dir);
    DIR *fds = opendir("/proc/self/fd");
    ck_assert_ptr_nonnull(fds);
    unsigned ours = 0;
    for (struct dirent *entry; (entry = readdir(fds));) {
        int fd = atoi(entry->d_name);
        char link[FIXTURE_PATH_MAX] = "";
        if (readlinkat(dirfd(fds), entry->d_name, link, sizeof link - 1) < 0 || !strstr(link, dir))
            continue;
        ours++;
        ck_assert_msg(fcntl(fd, F_GETFD) == FD_CLOEXEC, "%s", link);
    }
    closedir(fds);
    ck_assert_uint_ge(ours, 4); /* directory, lock, lock.mdb, data.mdb */
    store_close(store);
    fixture_remove_dir(dir);
}
END_TEST

/* ---- a second daemon --------------------------------------------------------------------------
 */

static pid_t start_holder(const char *dir, int ret_pipes[static 2])
{
    int ready[2], stop[2];
    ck_assert_int_eq(pipe(ready), 0);
    ck_assert_int_eq(pipe(stop), 0);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        close(ready[0]);
        close(stop[1]);
        struct store *store;
        char message[STORE_ERROR_MAX], byte = 'r';
        if (try_open(dir, true, &store, message) < 0 || write(ready[1], &byte, 1) != 1 ||
            read(stop[0], &byte, 1) != 0)
            _exit(1);
        store_close(store);
        _exit(0);
    }
    close(ready[1]);
    close(stop[0]);
    char byte;
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    ret_pipes[0] = ready[0];
    ret_pipes[1] = stop[1];
    return pid;
}

START_TEST(a_second_process_is_told_who_has_the_table)
{
    char dir[FIXTURE_PATH_MAX], expected[64], message[STORE_ERROR_MAX];
    fixture_make_dir(dir);
    int pipes[2], status;
    pid_t pid = start_holder(dir, pipes);
    snprintf(expected, sizeof expected, "is in use by process %ld", (long)pid);
    assert_refused(dir, true, -EBUSY, expected);
    close(pipes[1]);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    struct store *store;
    ck_assert_int_eq(try_open(dir, true, &store, message), 0); /* it has gone */
    store_close(store);
    close(pipes[0]);
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(a_holder_that_was_killed_is_in_nobody_s_way)
{
    char dir[FIXTURE_PATH_MAX];
    fixture_make_dir(dir);
    int pipes[2], status;
    pid_t pid = start_holder(dir, pipes);
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    struct store *store = fixture_open(dir);
    mint(store, 1, 1);
    store_close(store);
    close(pipes[0]);
    close(pipes[1]);
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(refuses_a_directory_that_others_may_write_to)
{
    char dir[FIXTURE_PATH_MAX];
    fixture_make_dir(dir);
    ck_assert_int_eq(chmod(dir, 0770), 0);
    assert_refused(dir, true, -EPERM, "chmod");
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(refuses_a_directory_of_someone_else)
{
    if (geteuid() != 0) {
        assert_refused("/", true, -EPERM, "belongs to uid");
        return;
    }
    char dir[FIXTURE_PATH_MAX];
    fixture_make_dir(dir);
    ck_assert_int_eq(chown(dir, 65534, 65534), 0);
    assert_refused(dir, true, -EPERM, "belongs to uid 65534");
    fixture_remove_dir(dir);
}
END_TEST

/* ---- files that are no table ------------------------------------------------------------------
 */

static void write_file(const char *dir, const char *name, const void *bytes, size_t len)
{
    char path[FIXTURE_PATH_MAX];
    fixture_path(dir, name, path);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, len, file), len);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(refuses_garbage_of_any_length)
{
    static const size_t lengths[] = {1, 43, 44, 4095, 4096, 4097, 8192, 65536, 100000};
    static uint8_t bytes[100000];
    uint32_t h = 1;
    for (size_t i = 0; i < sizeof bytes; i++) {
        h = h * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(h >> 24);
    }
    char dir[FIXTURE_PATH_MAX];
    fixture_make_dir(dir);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        write_file(dir, "data.mdb", bytes, lengths[i]);
        assert_refused(dir, true, -EBADMSG, "not a table");
    }
    memset(bytes, 0, sizeof bytes);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        write_file(dir, "data.mdb", bytes, lengths[i]);
        assert_refused(dir, true, -EBADMSG, "not a table");
    }
    fixture_remove_dir(dir);
}
END_TEST

/* Overwrite some bytes of data.mdb. */
static void patch(const char *dir, off_t at, const void *bytes, size_t len)
{
    char path[FIXTURE_PATH_MAX];
    fixture_path(dir, "data.mdb", path);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pwrite(fd, bytes, len, at), (ssize_t)len);
    close(fd);
}

START_TEST(refuses_a_page_size_that_lmdb_would_divide_by)
{
    char dir[FIXTURE_PATH_MAX], message[STORE_ERROR_MAX];
    fixture_make_dir(dir);
    struct store *store = fixture_open(dir);
    mint(store, 1, 1);
    store_close(store);
    const uint32_t right = (uint32_t)sysconf(_SC_PAGESIZE);
    const uint32_t wrong[] = {0, 1, 511, right + 1, right * 2, UINT32_MAX};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        for (off_t page = 0; page < 2; page++) {
            off_t at = page * right + 40;
            patch(dir, at, &wrong[i], sizeof wrong[i]);
            assert_refused(dir, true, -EBADMSG, "damaged");
            patch(dir, at, &right, sizeof right);
        }
    }
    ck_assert_int_eq(try_open(dir, false, &store, message), 0);
    store_close(store);
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(refuses_another_version_of_lmdb)
{
    char dir[FIXTURE_PATH_MAX];
    fixture_make_dir(dir);
    store_close(fixture_open(dir));
    patch(dir, 20, "\2\0\0\0", 4);
    assert_refused(dir, true, -EPROTONOSUPPORT, "version of LMDB");
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(refuses_a_truncated_table_at_every_page)
{
    char dir[FIXTURE_PATH_MAX], path[FIXTURE_PATH_MAX];
    fixture_make_dir(dir);
    struct store *store = fixture_open(dir);
    mint(store, 1, 40);
    MDB_envinfo info;
    ck_assert_int_eq(mdb_env_info(store->env, &info), 0);
    store_close(store);
    fixture_path(dir, "data.mdb", path);
    off_t page = sysconf(_SC_PAGESIZE);
    for (off_t pages = (off_t)info.me_last_pgno; pages >= 2; pages--) {
        ck_assert_int_eq(truncate(path, pages * page + page / 2), 0);
        assert_refused(dir, true, -EBADMSG, "truncated");
        ck_assert_int_eq(truncate(path, pages * page), 0);
        assert_refused(dir, true, -EBADMSG, "truncated");
    }
    ck_assert_int_eq(truncate(path, page), 0);
    assert_refused(dir, true, -EBADMSG, "damaged");
    ck_assert_int_eq(truncate(path, page / 2), 0);
    assert_refused(dir, true, -EBADMSG, "damaged");
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(a_file_cut_just_behind_its_last_page_is_whole)
{
    char dir[FIXTURE_PATH_MAX], path[FIXTURE_PATH_MAX], message[STORE_ERROR_MAX];
    fixture_make_dir(dir);
    struct store *store = fixture_open(dir);
    mint(store, 1, 10);
    MDB_envinfo info;
    ck_assert_int_eq(mdb_env_info(store->env, &info), 0);
    store_close(store);
    fixture_path(dir, "data.mdb", path); /* as a copy without the hole has it */
    off_t whole = ((off_t)info.me_last_pgno + 1) * sysconf(_SC_PAGESIZE);
    ck_assert_int_eq(truncate(path, whole), 0);
    ck_assert_int_eq(try_open(dir, false, &store, message), 0);
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_ge(st.st_size, whole + (off_t)TABLE_FILE_AHEAD_BYTES); /* and has got a hole again */
    ck_assert_int_lt(st.st_blocks * 512, 4 << 20);
    store_close(store);
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(refuses_what_is_no_file)
{
    char dir[FIXTURE_PATH_MAX], path[FIXTURE_PATH_MAX];
    fixture_make_dir(dir);
    fixture_path(dir, "data.mdb", path);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    assert_refused(dir, true, -EBADMSG, "not a table");
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    assert_refused(dir, true, -EBADMSG, "not a table");
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(symlink("/dev/null", path), 0);
    assert_refused(dir, true, -ELOOP, "can't open data.mdb");
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(a_message_keeps_its_advice_when_the_path_is_long)
{
    char path[2000], message[STORE_ERROR_MAX];
    memset(path, 'p', sizeof path);
    path[sizeof path - 1] = '\0';
    ck_assert_int_eq(store_complain(message, -5, path, "do %s", "this"), -5);
    ck_assert_ptr_nonnull(strstr(message, ": do this"));
}
END_TEST

START_TEST(closing_nothing_is_fine)
{
    ck_assert_ptr_null(store_close(NULL));
}
END_TEST

SUITE_MAIN("store", makes_files_that_only_the_owner_can_read, without_create_nothing_is_made,
           a_making_that_was_cut_short_is_started_over, a_table_is_there_again_when_reopened,
           a_table_larger_than_the_map_asked_for_opens_all_the_same, no_descriptor_survives_exec,
           a_second_process_is_told_who_has_the_table, a_holder_that_was_killed_is_in_nobody_s_way,
           refuses_a_directory_that_others_may_write_to, refuses_a_directory_of_someone_else,
           refuses_garbage_of_any_length, refuses_a_page_size_that_lmdb_would_divide_by,
           refuses_another_version_of_lmdb, refuses_a_truncated_table_at_every_page,
           a_file_cut_just_behind_its_last_page_is_whole, refuses_what_is_no_file,
           a_message_keeps_its_advice_when_the_path_is_long, closing_nothing_is_fine)
