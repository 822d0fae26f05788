/* resident.h - how much of a mapping this process has in its page tables, for tests */
#ifndef STKGATE_TESTS_RESIDENT_H
#define STKGATE_TESTS_RESIDENT_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes, of the mapping that begins there: proc(5), smaps. */
static inline size_t resident_bytes(const void *start)
{
    char line[1024];
    size_t kib = 0;
    bool here = false;
    FILE *smaps = fopen("/proc/self/smaps", "re");

    ck_assert_ptr_nonnull(smaps);
    while (fgets(line, sizeof line, smaps)) {
        char *end;
        uintptr_t at = strtoull(line, &end, 16);
        if (end > line && *end == '-')
            here = at == (uintptr_t)start;
        else if (here && strncmp(line, "Rss:", 4) == 0)
            kib = strtoul(line + 4, NULL, 10);
    }
    fclose(smaps);
    return kib * 1024;
}

#endif
