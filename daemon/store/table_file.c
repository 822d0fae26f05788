#include "daemon/store/table_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static uint64_t bytes_used(MDB_env *env)
{
    MDB_envinfo info;
    MDB_stat stat;
    if (mdb_env_info(env, &info) != 0 || mdb_env_stat(env, &stat) != 0)
        return UINT64_MAX;
    return ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
}

int table_file_check_length(struct store *store, const char *dir,
                            char message[static STORE_ERROR_MAX])
{
    mdb_filehandle_t fd;
    struct stat st = {0};
    int r = tables_error(mdb_env_get_fd(store->env, &fd));
    if (r == 0 && fstat(fd, &st) < 0)
        r = -errno;
    if (r < 0)
        return store_complain(message, r, dir, "can't read data.mdb: %s", strerror(-r));
    uint64_t used = bytes_used(store->env);
    if ((uint64_t)st.st_size < used)
        return store_complain(message, -EBADMSG, dir,
                              "data.mdb is truncated: %llu bytes, where %llu were written: restore "
                              "it from a backup",
                              (unsigned long long)st.st_size, (unsigned long long)used);
    return 0;
}

/* The length first: once the file is known to be cut, its map must not be touched. */
static bool is_ours(struct store *store, const struct stat *st)
{
    struct stat named;
    if (fstatat(store->dir_fd, "data.mdb", &named, AT_SYMLINK_NOFOLLOW) < 0 ||
        named.st_dev != st->st_dev || named.st_ino != st->st_ino)
        return false;
    if (store->file_bytes == 0) /* the first time */
        return true;
    MDB_envinfo info;
    return (uint64_t)st->st_size == store->file_bytes && mdb_env_info(store->env, &info) == 0 &&
           info.me_last_txnid == store->last_txn;
}

static void grow(int fd, uint64_t size, uint64_t used, uint64_t map_bytes)
{
    uint64_t wanted = used + TABLE_FILE_AHEAD_BYTES;
    if (wanted > map_bytes)
        wanted = map_bytes;
    if (size >= wanted)
        return;
    /* Twice as far, so that this is done once in many batches. */
    if (wanted + TABLE_FILE_AHEAD_BYTES <= map_bytes)
        wanted += TABLE_FILE_AHEAD_BYTES;
    if (ftruncate(fd, (off_t)wanted) < 0)
        return;
}

static int allocate(int fd, uint64_t from, uint64_t end)
{
    if (from >= end || fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)from, (off_t)(end - from)) == 0)
        return 0;
    return errno == ENOSPC || errno == EDQUOT ? -EDQUOT : -EOPNOTSUPP;
}

/* Also where the file system can't: then the commit tells. */
static void reserve(struct store *store, int fd, uint64_t used, uint64_t map_bytes)
{
    uint64_t wanted = used + TABLE_FILE_RESERVE_BYTES;
    if (wanted > map_bytes)
        wanted = map_bytes;
    if (store->reserved_end >= wanted) {
        store->disk_full = false;
        return;
    }
    uint64_t further = wanted + TABLE_FILE_RESERVE_BYTES;
    int r = allocate(fd, used, further > map_bytes ? map_bytes : further);
    if (r == 0)
        wanted = further;
    else if (r == -EDQUOT)
        r = allocate(fd, used, wanted);
    store->disk_full = r == -EDQUOT;
    if (r == 0)
        store->reserved_end = wanted;
}

int table_file_prepare(struct store *store)
{
    mdb_filehandle_t fd;
    struct stat st;
    MDB_envinfo info;
    if (mdb_env_get_fd(store->env, &fd) != 0 || fstat(fd, &st) < 0 || !is_ours(store, &st))
        return -ESTALE;
    if (mdb_env_info(store->env, &info) != 0)
        return -EIO;
    uint64_t used = bytes_used(store->env);
    grow(fd, (uint64_t)st.st_size, used, info.me_mapsize);
    reserve(store, fd, used, info.me_mapsize);
    table_file_settle(store);
    return 0;
}

void table_file_settle(struct store *store)
{
    mdb_filehandle_t fd;
    struct stat st;
    MDB_envinfo info;
    if (mdb_env_get_fd(store->env, &fd) != 0 || fstat(fd, &st) < 0 ||
        mdb_env_info(store->env, &info) != 0)
        return;
    store->file_bytes = (uint64_t)st.st_size;
    store->last_txn = info.me_last_txnid;
}

bool table_file_is_cramped(struct store *store)
{
    struct statvfs fs;
    return fstatvfs(store->dir_fd, &fs) == 0 &&
           (uint64_t)fs.f_bavail * fs.f_frsize < TABLE_FILE_AHEAD_BYTES;
}
