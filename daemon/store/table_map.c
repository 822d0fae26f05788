#include "daemon/store/table_map.h"

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

struct table_map table_map_find(MDB_env *env)
{
    struct table_map map = {.keep_bytes = TABLE_MAP_KEEP_BYTES};
    MDB_envinfo info;
    mdb_filehandle_t fd;
    struct stat st;
    char *line = NULL;
    size_t capacity = 0;

    if (mdb_env_info(env, &info) != 0 || mdb_env_get_fd(env, &fd) != 0 || fstat(fd, &st) < 0)
        return map;
    FILE *maps = fopen("/proc/self/maps", "re");
    if (!maps)
        return map;
    while (!map.start && getline(&line, &capacity, maps) > 0)
        is_of(line, st.st_ino, info.me_mapsize, &map);
    free(line);
    fclose(maps);
    return map;
}

/* RssFile and RssShmem, of proc(5)'s statm: it is kept as a counter, and costs a look. */
static uint64_t file_bytes_resident(void)
{
    unsigned long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "re");

    if (!statm)
        return 0;
    /* NOLINTNEXTLINE(cert-err34-c): the kernel's own numbers */
    if (fscanf(statm, "%*u %*u %lu", &pages) != 1)
        pages = 0;
    fclose(statm);
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

void table_map_relieve(const struct table_map *map)
{
    if (map->start && file_bytes_resident() > map->keep_bytes)
        (void)madvise(map->start, map->len, MADV_DONTNEED);
}
