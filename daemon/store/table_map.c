#include "daemon/store/table_map.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

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

    map.statm_fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (map.statm_fd < 0)
        return map;
    find_start(env, &map);
    if (!map.start)
        close(map.statm_fd);
    return map;
}

void table_map_forget(struct table_map *map)
{
    if (map->start)
        close(map->statm_fd);
    map->start = NULL;
}

/* RssFile and RssShmem, the third number of proc(5)'s statm: it is kept as a counter, and costs a
 * look. 0 when it can't be read. */
static uint64_t file_bytes_resident(int statm_fd)
{
    char line[128];
    unsigned long pages;
    ssize_t len = pread(statm_fd, line, sizeof line - 1, 0);

    if (len <= 0)
        return 0;
    line[len] = '\0';
    /* NOLINTNEXTLINE(cert-err34-c): the kernel's own numbers */
    if (sscanf(line, "%*u %*u %lu", &pages) != 1)
        return 0;
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

void table_map_relieve(const struct table_map *map)
{
    if (map->start && file_bytes_resident(map->statm_fd) > map->keep_bytes)
        (void)madvise(map->start, map->len, MADV_DONTNEED);
}
