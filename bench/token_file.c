#include "bench/token_file.h"

#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define ROOM_FIRST 1024

static void add(struct token_file *tokens, const struct token_entry *entry, size_t *room)
{
    if (tokens->count == *room) {
        *room = *room > 0 ? *room * 2 : ROOM_FIRST;
        tokens->entries = reallocarray(tokens->entries, *room, sizeof *tokens->entries);
        if (!tokens->entries)
            err(EXIT_FAILURE, "tokens");
    }
    tokens->entries[tokens->count++] = *entry;
}

void token_file_load(const char *path, struct token_file *ret)
{
    struct token_entry entry;
    size_t room = 0;
    FILE *file = fopen(path, "re");

    if (!file)
        err(EXIT_FAILURE, "%s", path);
    *ret = (struct token_file){.random = UINT64_C(0x9e3779b97f4a7c15)};
    while (fscanf(file, "%45s %15s", entry.token, entry.site) == 2)
        add(ret, &entry, &room);
    fclose(file);
    if (ret->count == 0)
        errx(EXIT_FAILURE, "%s: no tokens in it", path);
}

void token_file_free(struct token_file *tokens)
{
    free(tokens->entries);
}

struct token_entry token_file_pick(struct token_file *tokens)
{
    /* xorshift64 (Marsaglia, 2003): a few instructions, which a measured call does not feel. */
    tokens->random ^= tokens->random << 13;
    tokens->random ^= tokens->random >> 7;
    tokens->random ^= tokens->random << 17;
    return tokens->entries[tokens->random % tokens->count];
}

FILE *token_file_create(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

    if (!file)
        err(EXIT_FAILURE, "%s", path);
    return file;
}

void token_file_write(FILE *file, const struct token_entry *entry)
{
    if (fprintf(file, "%s %s\n", entry->token, entry->site) < 0)
        err(EXIT_FAILURE, "writing tokens");
}
