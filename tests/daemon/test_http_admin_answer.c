/* What a change is answered when the disk, the table or the queue say no */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/store/table_file.h"
#include "daemon/store/tables.h"
#include "tests/daemon/admin_rig.h"
#include "tests/daemon/fixture.h"
#include "tests/suite.h"

/* ---- the server's disk, in the test's hands ----------------------------------------------------
 * LMDB finds this instead of the C library's. A disk that hangs says so on hung, and goes on as the
 * byte in go says. */

enum disk { DISK_WORKS, DISK_FAILS, DISK_HANGS };

static _Atomic int *disk; /* shared by the two processes */
static int hung[2], go[2];

__attribute__((visibility("default"))) int fdatasync(int fd)
{
    int now = disk ? atomic_load(disk) : DISK_WORKS;

    if (now == DISK_HANGS) {
        char byte = 'h';
        if (write(hung[1], &byte, 1) != 1 || read(go[0], &byte, 1) != 1)
            now = DISK_FAILS;
    }
    if (now == DISK_FAILS) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

static void start(struct rig *rig, const struct fixture_file *files,
                  void (*prepare)(struct fixture *fixture))
{
    disk = mmap(NULL, sizeof *disk, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne((void *)disk, MAP_FAILED);
    ck_assert_int_eq(pipe(hung) | pipe(go), 0);
    rig_config = files;
    rig_prepare = prepare;
    rig_start(rig, rig_serve_faces);
}

static void stop(struct rig *rig)
{
    atomic_store(disk, DISK_WORKS);
    rig_stop(rig);
    munmap((void *)disk, sizeof *disk);
    disk = NULL;
    for (int i = 0; i < 2; i++) {
        close(hung[i]);
        close(go[i]);
    }
}

#define MINT "{\"site_id\":\"kasa\",\"name\":\"n\"}"

START_TEST(asks_to_come_again_while_too_much_is_waiting)
{
    static const struct fixture_file files[] = {
        {"stkgate.conf", "[daemon]\nchange_queue = 1\n"},
        {NULL, NULL},
    };
    static const char request[] =
        "POST /v1/tokens HTTP/1.1\r\nHost: h\r\nContent-Length: 29\r\n\r\n" MINT;
    struct rig rig;
    char byte;

    start(&rig, files, NULL);
    struct rig_token token = rig_mint(&rig, "");
    atomic_store(disk, DISK_HANGS);
    int fd = rig_connect(&rig, "admin");
    rig_send(fd, request, sizeof request - 1);
    ck_assert_int_eq(read(hung[0], &byte, 1), 1);
    const struct admin_rig_row rows[] = {
        {"POST", "/v1/tokens", MINT, 503, "too many changes are waiting for the disk"},
        {"POST", "/v1/scopes", "{\"name\":\"wish:read\"}", 503, "try again in a moment"},
        {"POST", admin_rig_target(&token, "/revoke"), "", 503, "too many changes"},
        {"PATCH", admin_rig_target(&token, ""), "{\"name\":\"n\"}", 503, "too many changes"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        admin_rig_expect_all(&rig, &rows[i], 1);
        ck_assert_str_eq(rig_field(&admin_rig_answer, "Retry-After"), "1");
    }
    /* Reading and checking go on meanwhile. */
    ck_assert_uint_eq(admin_rig_check(&rig, token.secret), 200);
    json_t *status = admin_rig_call(&rig, 200, "GET", "/v1/status", "");
    ck_assert_int_eq(admin_rig_number(status, "seq"), 1);
    json_decref(status);
    ck_assert(rig_is_silent(fd));
    atomic_store(disk, DISK_WORKS);
    ck_assert_int_eq(write(go[1], "w", 1), 1);
    rig_receive(fd, false, &admin_rig_answer);
    ck_assert_uint_eq(admin_rig_answer.status, 201);
    close(fd);
    admin_rig_expect(&rig, 200, "POST", admin_rig_target(&token, "/revoke"), "", "revoked");
    stop(&rig);
}
END_TEST

START_TEST(says_that_the_outcome_is_unknown_and_then_takes_no_change)
{
    struct rig rig;

    start(&rig, NULL, NULL);
    struct rig_token token = rig_mint(&rig, "");
    ck_assert_uint_eq(admin_rig_check(&rig, token.secret), 200);
    atomic_store(disk, DISK_FAILS);
    admin_rig_expect(&rig, 500, "POST", admin_rig_target(&token, "/suspend"), "",
                     "the outcome is unknown: the disk failed while the change was written");
    ck_assert_ptr_null(rig_field(&admin_rig_answer, "Retry-After"));
    /* Whatever the disk does now: the daemon is on its way out. */
    atomic_store(disk, DISK_WORKS);
    const struct admin_rig_row rows[] = {
        {"POST", "/v1/tokens", MINT, 503, "no change is taken any more: the daemon is ending"},
        {"PATCH", admin_rig_target(&token, ""), "{\"name\":\"n\"}", 503, "the daemon is ending"},
        {"DELETE", "/v1/legacy/key_0123456789ABCDEF", "", 503, "the daemon is ending"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        admin_rig_expect_all(&rig, &rows[i], 1);
    ck_assert_uint_ne(admin_rig_check(&rig, token.secret), 200);
    stop(&rig);
}
END_TEST

START_TEST(tells_no_secret_of_a_mint_whose_outcome_is_unknown)
{
    struct rig rig;

    start(&rig, NULL, NULL);
    atomic_store(disk, DISK_FAILS);
    admin_rig_expect(&rig, 500, "POST", "/v1/tokens", MINT, "the outcome is unknown");
    ck_assert_ptr_null(strstr(admin_rig_answer.body, "stk_"));
    stop(&rig);
}
END_TEST

/* So much that nothing that adds to the table is taken any more. The token is minted before. */
static void fill(struct fixture *fixture)
{
    struct mint mint = fixture_kasa();
    struct store_stats stats;
    MDB_txn *txn;

    ck_assert_int_eq(fixture_mint(fixture, &mint).error, 0);
    ck_assert_int_eq(service_stats(fixture->service, &stats), 0);
    size_t bytes = stats.map_bytes / 100 * 81 - stats.used_bytes;
    char *filling = calloc(1, bytes);
    ck_assert_ptr_nonnull(filling);
    ck_assert_int_eq(mdb_txn_begin(fixture->store->env, NULL, 0, &txn), 0);
    ck_assert_int_eq(tables_put(fixture->store, txn, TABLE_USAGE, tables_val("filling", 7),
                                tables_val(filling, bytes), 0),
                     0);
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
    table_file_settle(fixture->store);
    free(filling);
}

START_TEST(takes_what_adds_nothing_when_the_table_is_full)
{
    struct rig rig;
    struct rig_token token = {.secret = ""};

    start(&rig, NULL, fill);
    json_t *list = admin_rig_call(&rig, 200, "GET", "/v1/tokens", "");
    const json_t *first = json_array_get(json_object_get(list, "tokens"), 0);
    ck_assert(
        text_copy(text_of(admin_rig_text(first, "key_id")), token.key_id, sizeof token.key_id));
    json_decref(list);
    const struct admin_rig_row rows[] = {
        {"POST", "/v1/tokens", MINT, 507, "the table is full: raise map_size in stkgate.conf"},
        {"POST", "/v1/legacy", "{\"site_id\":\"kasa\",\"api_key\":\"0123456789\"}", 507,
         "the table is full"},
        {"POST", "/v1/scopes", "{\"name\":\"wish:read\"}", 507, "the registry of 64 scopes, or"},
        {"PATCH", admin_rig_target(&token, ""), "{\"name\":\"n\"}", 507, "the table is full"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        admin_rig_expect_all(&rig, &rows[i], 1);
    admin_rig_expect(&rig, 507, "POST", admin_rig_target(&token, "/rotate"), "",
                     "the table is full");
    admin_rig_expect(&rig, 200, "POST", admin_rig_target(&token, "/suspend"), "", "suspended");
    admin_rig_expect(&rig, 200, "POST", admin_rig_target(&token, "/revoke"), "", "revoked");
    stop(&rig);
}
END_TEST

SUITE_MAIN("http_admin_answer", asks_to_come_again_while_too_much_is_waiting,
           says_that_the_outcome_is_unknown_and_then_takes_no_change,
           tells_no_secret_of_a_mint_whose_outcome_is_unknown,
           takes_what_adds_nothing_when_the_table_is_full)
