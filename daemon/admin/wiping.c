#include "daemon/admin/wiping.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <jansson.h>

#include "lib/core/secret.h"

/* Stands in front of each block: how much to wipe. */
union block {
    size_t size;
    max_align_t align;
};

void *wiping_malloc(size_t size)
{
    if (size > SIZE_MAX - sizeof(union block))
        return NULL;
    union block *block = malloc(sizeof *block + size);
    if (!block)
        return NULL;
    block->size = size;
    return block + 1;
}

void wiping_free(void *memory)
{
    if (!memory)
        return;
    union block *block = (union block *)memory - 1;
    secret_wipe(memory, block->size);
    free(block);
}

/* Never in place: realloc() would leave the old bytes behind when it moves a block. */
void *wiping_realloc(void *memory, size_t size)
{
    void *moved = wiping_malloc(size);
    if (!moved || !memory)
        return moved;
    size_t old_size = ((union block *)memory - 1)->size;
    memcpy(moved, memory, old_size < size ? old_size : size);
    wiping_free(memory);
    return moved;
}

static char *wiping_strdup(const char *string)
{
    size_t size = strlen(string) + 1;
    char *copy = wiping_malloc(size);
    return copy ? memcpy(copy, string, size) : NULL;
}

static void *wiping_calloc(size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    void *memory = wiping_malloc(count * size);
    return memory ? memset(memory, 0, count * size) : NULL;
}

int wiping_install(void)
{
    json_set_alloc_funcs(wiping_malloc, wiping_free);
    CURLcode code = curl_global_init_mem(CURL_GLOBAL_NOTHING, wiping_malloc, wiping_free,
                                         wiping_realloc, wiping_strdup, wiping_calloc);
    return code == CURLE_OK ? 0 : -ENOMEM;
}
