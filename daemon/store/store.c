#include "daemon/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/store/claim.h"
#include "daemon/store/schema.h"
#include "daemon/store/table_file.h"
#include "daemon/store/tables.h"
#include "lib/core/cursor.h"

#define MAP_DEFAULT_BYTES (UINT64_C(16) << 30)
#define MAP_STEP_BYTES    65536 /* a multiple of any page size */

#define LOCKS_BYTES       8192 /* as LMDB makes it for its 126 readers */

#define PATH_SHOWN_MAX    300 /* bytes of a path in a message: the advice must fit, too */

int store_complain(char message[static STORE_ERROR_MAX], int error, const char *path,
                   const char *format, ...)
{
    int len = snprintf(message, STORE_ERROR_MAX, "%.*s: ", PATH_SHOWN_MAX, path);
    va_list args;
    va_start(args, format);
    vsnprintf(message + len, STORE_ERROR_MAX - (size_t)len, format, args);
    va_end(args);
    return error;
}

static void close_store(struct store **store)
{
    store_close(*store);
}

/* ---- the file before LMDB sees it -------------------------------------------------------------
 */

/* In a meta page: the page's header, magic, version, address, map size; then the page size. */
#define META_PAGE_SIZE_AT (3 * sizeof(size_t) + 16)

static bool page_size_is_sane(uint32_t page_bytes)
{
    return page_bytes >= 512 && page_bytes <= 65536 && (page_bytes & (page_bytes - 1)) == 0;
}

static int read_page_size(int fd, off_t at, uint32_t *ret)
{
    uint8_t bytes[META_PAGE_SIZE_AT + sizeof(uint32_t)];
    if (pread(fd, bytes, sizeof bytes, at) != (ssize_t)sizeof bytes)
        return -EBADMSG;
    memcpy(ret, bytes + META_PAGE_SIZE_AT, sizeof *ret); /* in the host's order, as LMDB has it */
    return 0;
}

/* LMDB checks magic and version of both meta pages, but divides by the page size as it comes. */
static int check_page_size(int fd)
{
    uint32_t first, second;
    if (read_page_size(fd, 0, &first) < 0 || !page_size_is_sane(first) ||
        read_page_size(fd, (off_t)first, &second) < 0 || second != first)
        return -EBADMSG;
    return 0;
}

static int check_file_before(int dir_fd, const char *dir, char message[static STORE_ERROR_MAX])
{
    int fd = openat(dir_fd, "data.mdb", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return store_complain(message, -ENOENT, dir, "there is no table (data.mdb) in it");
    if (fd < 0)
        return store_complain(message, -errno, dir, "can't open data.mdb: %s", strerror(errno));
    struct stat st;
    int r = 0;
    if (fstat(fd, &st) < 0)
        r = -errno;
    else if (!S_ISREG(st.st_mode) || check_page_size(fd) < 0)
        r = -EBADMSG;
    close(fd);
    if (r == -EBADMSG)
        return store_complain(message, r, dir,
                              "data.mdb is not a table of stkgate's, or its beginning is damaged: "
                              "restore it from a backup, or name another directory");
    if (r < 0)
        return store_complain(message, r, dir, "can't read data.mdb: %s", strerror(-r));
    return 0;
}

/* ---- the file in LMDB -------------------------------------------------------------------------
 */

/* LMDB writes to lock.mdb through a map: in a hole, on a full disk, that would raise SIGBUS. */
static int allocate_locks(const char *dir)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/lock.mdb", dir) >= (int)sizeof path)
        return -ENAMETOOLONG;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0)
        return -errno;
    int r = fallocate(fd, 0, 0, LOCKS_BYTES) < 0 ? -errno : 0;
    close(fd); /* before LMDB opens it: closing would drop the locks it holds */
    return r == -ENOSPC || r == -EDQUOT ? r : 0;
}

static int open_env(const char *dir, uint64_t map_bytes, MDB_env **env)
{
    if (map_bytes == 0)
        map_bytes = MAP_DEFAULT_BYTES;
    if (map_bytes > SIZE_MAX - MAP_STEP_BYTES)
        return -EINVAL;
    map_bytes = (map_bytes + MAP_STEP_BYTES - 1) / MAP_STEP_BYTES * MAP_STEP_BYTES;

    int r = allocate_locks(dir);
    if (r == 0)
        r = tables_error(mdb_env_create(env));
    if (r == 0)
        r = tables_error(mdb_env_set_mapsize(*env, (size_t)map_bytes));
    if (r == 0)
        r = tables_error(mdb_env_set_maxdbs(*env, TABLE_COUNT));
    /* NOTLS: the reader's slot belongs to its transaction, which is parked and woken, not ended. */
    if (r == 0)
        r = tables_error(mdb_env_open(*env, dir, MDB_NOTLS, 0600));
    /* The one descriptor that LMDB 0.9 leaves open across exec. */
    mdb_filehandle_t fd;
    if (r == 0)
        r = tables_error(mdb_env_get_fd(*env, &fd));
    if (r == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        r = -errno;
    int dead;
    if (r == 0)
        r = tables_error(mdb_reader_check(*env, &dead));
    return r;
}

static int complain_of_env(int error, const char *dir, char message[static STORE_ERROR_MAX])
{
    switch (error) {
    case -EBADMSG:
        return store_complain(message, error, dir,
                              "data.mdb is not a table of stkgate's, or is damaged: restore it "
                              "from a backup, or name another directory");
    case -EPROTONOSUPPORT:
        return store_complain(message, error, dir,
                              "data.mdb was written by another version of LMDB than this one");
    default:
        return store_complain(message, error, dir, "can't open the table: %s", strerror(-error));
    }
}

static int sync_env(MDB_env *env)
{
    mdb_filehandle_t fd;
    int r = tables_error(mdb_env_get_fd(env, &fd));
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    return r;
}

/* ---- a new table ------------------------------------------------------------------------------
 * Made in DIR/new, synced, then moved: DIR/data.mdb is a whole table from its first instant, and
 * whatever cut a making short, the next one starts over. A data.mdb that is empty, or too short, is
 * thus never taken for one to be filled: something was lost there. */

static void close_env(MDB_env **env)
{
    if (*env)
        mdb_env_close(*env);
}

static void remove_new(int dir_fd)
{
    unlinkat(dir_fd, "new/data.mdb", 0);
    unlinkat(dir_fd, "new/lock.mdb", 0);
    unlinkat(dir_fd, "new", AT_REMOVEDIR);
}

static int make_in(const char *new_dir, uint64_t map_bytes)
{
    __attribute__((cleanup(close_env))) MDB_env *env = NULL;
    int r = open_env(new_dir, map_bytes, &env);
    if (r == 0)
        r = schema_make(env);
    return r == 0 ? sync_env(env) : r;
}

static int make_table(int dir_fd, const struct store_options *options)
{
    char new_dir[PATH_MAX];
    if (snprintf(new_dir, sizeof new_dir, "%s/new", options->dir) >= (int)sizeof new_dir)
        return -ENAMETOOLONG;
    remove_new(dir_fd);
    if (mkdirat(dir_fd, "new", 0700) < 0)
        return -errno;
    int r = make_in(new_dir, options->map_size_bytes);
    if (r == 0 && renameat(dir_fd, "new/data.mdb", dir_fd, "data.mdb") < 0)
        r = -errno;
    if (r == 0 && fsync(dir_fd) < 0) /* a file's fsync does not make its name durable */
        r = -errno;
    remove_new(dir_fd);
    return r;
}

static bool is_missing(int dir_fd)
{
    struct stat st;
    return fstatat(dir_fd, "data.mdb", &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
}

static int start_reading(struct store *store)
{
    int r = tables_error(mdb_txn_begin(store->env, NULL, MDB_RDONLY, &store->read));
    if (r == 0)
        mdb_txn_reset(store->read);
    return r;
}

/* In a directory that is claimed. */
static int open_table(struct store *store, const struct store_options *options,
                      char message[static STORE_ERROR_MAX])
{
    const char *dir = options->dir;
    int r;
    if (options->create && is_missing(store->dir_fd)) {
        r = make_table(store->dir_fd, options);
        if (r < 0)
            return store_complain(message, r, dir, "can't make a table: %s", strerror(-r));
    }
    r = check_file_before(store->dir_fd, dir, message);
    if (r < 0)
        return r;
    r = open_env(dir, options->map_size_bytes, &store->env);
    if (r < 0)
        return complain_of_env(r, dir, message);
    r = table_file_check_length(store, dir, message);
    if (r == 0)
        r = schema_open(store, dir, message);
    if (r < 0)
        return r;
    store->map = table_map_find(store->env);
    r = table_file_prepare(store);
    if (r == 0)
        r = start_reading(store);
    return r < 0 ? complain_of_env(r, dir, message) : 0;
}

int store_open(const struct store_options *options, struct store **ret,
               char message[static STORE_ERROR_MAX])
{
    __attribute__((cleanup(close_store))) struct store *store = calloc(1, sizeof *store);
    if (!store)
        return store_complain(message, -ENOMEM, options->dir, "out of memory");
    store->dir_fd = store->lock_fd = -1;

    int r = claim_directory(options->dir, options->create, &store->dir_fd, message);
    if (r == 0)
        r = claim_lock(store->dir_fd, options->dir, &store->lock_fd, message);
    if (r == 0)
        r = open_table(store, options, message);
    if (r < 0)
        return r;
    *ret = store;
    store = NULL;
    return 0;
}

struct store *store_close(struct store *store)
{
    if (!store)
        return NULL;
    store_end_walks(store);
    if (store->read)
        mdb_txn_abort(store->read);
    table_map_forget(&store->map);
    if (store->env)
        mdb_env_close(store->env);
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    if (store->dir_fd >= 0)
        close(store->dir_fd);
    free(store);
    return NULL;
}
