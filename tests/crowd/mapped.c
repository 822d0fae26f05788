#include "tests/crowd/mapped.h"

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NAME "/memfd:stkgate view "

unsigned mapped_views(pid_t pid, uint64_t *ret)
{
    char path[32], line[512];
    uint64_t inode;
    unsigned count = 0;

    *ret = 0;
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    FILE *file = fopen(path, "re");
    if (!file)
        err(2, "%s", path);
    while (fgets(line, sizeof line, file)) {
        if (!strstr(line, NAME) || sscanf(line, "%*s %*s %*s %*s %" SCNu64, &inode) != 1)
            continue;
        count += inode != *ret;
        *ret = inode;
    }
    fclose(file);
    return count;
}
