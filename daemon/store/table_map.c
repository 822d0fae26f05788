#include "daemon/store/table_map.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is mapped at once, before it is looked whether that shall end: some milliseconds. */
#define EXPECT_PIECE ((size_t)16 << 20)

/* A line of proc(5)'s /proc/PID/maps: of the whole of this file? Not by its device, which some file
 * systems give differently there. */
static bool is_of(const char *line, ino_t inode, size_t len, struct table_map *ret)
{
    uintptr_t start, end;
    uint64_t offset;
    unsigned long line_inode;

    /* NOLINTNEXTLINE(cert-err34-c): the kernel's own numbers */
    if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %*s %" SCNx64 " %*s %lu", &start, &end, &offset,
               &line_inode) != 4 ||
        offset != 0 || line_inode != inode || end - start != len)
        return false;
    ret->start = (void *)start;
    ret->len = len;
    return true;
}

static void find_start(MDB_env *env, struct table_map *ret)
{
    MDB_envinfo info;
    mdb_filehandle_t fd;
    struct stat st;
    char *line = NULL;
    size_t capacity = 0;

    if (mdb_env_info(env, &info) != 0 || mdb_env_get_fd(env, &fd) != 0 || fstat(fd, &st) < 0)
        return;
    FILE *maps = fopen("/proc/self/maps", "re");
    if (!maps)
        return;
    while (!ret->start && getline(&line, &capacity, maps) > 0)
        is_of(line, st.st_ino, info.me_mapsize, ret);
    free(line);
    fclose(maps);
}

struct table_map table_map_find(MDB_env *env)
{
    struct table_map map = {.keep_bytes = TABLE_MAP_KEEP_BYTES};

    map.status_fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    if (map.status_fd < 0)
        return map;
    find_start(env, &map);
    if (!map.start)
        close(map.status_fd);
    return map;
}

void table_map_forget(struct table_map *map)
{
    if (map->start)
        close(map->status_fd);
    map->start = NULL;
}

/* RssFile of proc(5)'s status: statm counts shared memory, too, and the view is much of that. 0
 * when it can't be read. */
static uint64_t file_bytes_resident(int status_fd)
{
    static const char name[] = "RssFile:";
    char text[4096];
    ssize_t len = pread(status_fd, text, sizeof text - 1, 0);

    if (len <= 0)
        return 0;
    text[len] = '\0';
    const char *at = strstr(text, name);
    return at ? strtoull(at + sizeof name - 1, NULL, 10) * 1024 : 0;
}

void table_map_relieve(const struct table_map *map)
{
    if (map->start && file_bytes_resident(map->status_fd) > atomic_load(&map->keep_bytes))
        (void)madvise(map->start, map->len, MADV_DONTNEED);
}

/* Linux 5.14; others refuse it, and then pages are mapped as they are met. */
void table_map_expect(const struct table_map *map, MDB_env *env, const _Atomic bool *stop)
{
    MDB_envinfo info;
    MDB_stat stat;

    if (!map->start || mdb_env_info(env, &info) != 0 || mdb_env_stat(env, &stat) != 0)
        return;
    size_t used = (info.me_last_pgno + 1) * stat.ms_psize;
    if (used > atomic_load(&map->keep_bytes))
        return;
    for (size_t at = 0; at < used && !atomic_load(stop); at += EXPECT_PIECE) {
        size_t len = used - at < EXPECT_PIECE ? used - at : EXPECT_PIECE;
        if (madvise((char *)map->start + at, len, MADV_POPULATE_READ) < 0)
            return;
    }
}
