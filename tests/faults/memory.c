/* memory.c - memory that is short on demand, for the program that this is part of; see memory.h */
#include "tests/faults/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <config.h>

/* A sanitizer's own malloc() is a weak name for the first of these: ours takes its place, for
 * shared libraries, too, and what it hands out is watched all the same. */
#ifdef STKGATE_SANITIZED
#define NEXT(name) __interceptor_##name
#else
#define NEXT(name) __libc_##name
#endif

/* Calls come from before a sanitizer's runtime has begun. */
#define PLAIN  __attribute__((no_sanitize("thread", "address", "undefined")))
#define EXPORT PLAIN __attribute__((visibility("default")))

void *NEXT(malloc)(size_t bytes);
void *NEXT(calloc)(size_t count, size_t bytes);
void *NEXT(realloc)(void *block, size_t bytes);

static int64_t *left; /* allocations until one fails; 0: none does */

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv(MEMORY_VARIABLE);
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;

    if (fd < 0)
        return;
    void *map = mmap(NULL, sizeof *left, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (map != MAP_FAILED)
        left = map;
}

PLAIN static bool is_short(void)
{
    if (!left || __atomic_load_n(left, __ATOMIC_RELAXED) <= 0 ||
        __atomic_fetch_sub(left, 1, __ATOMIC_RELAXED) != 1)
        return false;
    errno = ENOMEM;
    return true;
}

EXPORT void *malloc(size_t bytes)
{
    return is_short() ? NULL : NEXT(malloc)(bytes);
}

EXPORT void *calloc(size_t count, size_t bytes)
{
    return is_short() ? NULL : NEXT(calloc)(count, bytes);
}

EXPORT void *realloc(void *block, size_t bytes)
{
    return is_short() ? NULL : NEXT(realloc)(block, bytes);
}

/* ---- what libc makes of these, and a sanitizer of its own ones ---------------------------------
 */
#ifdef STKGATE_SANITIZED

void *NEXT(reallocarray)(void *block, size_t count, size_t bytes);
char *NEXT(strdup)(const char *text);
char *NEXT(strndup)(const char *text, size_t max);

EXPORT void *reallocarray(void *block, size_t count, size_t bytes)
{
    return is_short() ? NULL : NEXT(reallocarray)(block, count, bytes);
}

EXPORT char *strdup(const char *text)
{
    return is_short() ? NULL : NEXT(strdup)(text);
}

EXPORT char *strndup(const char *text, size_t max)
{
    return is_short() ? NULL : NEXT(strndup)(text, max);
}

#endif
