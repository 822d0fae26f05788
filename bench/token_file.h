/* token_file.h - the tokens that a bench's table was filled with
 *
 * One a line, "TOKEN SITE", as bench/fill writes them. The file holds secrets of a table that lives
 * as long as the bench: it is made 0600.
 */
#ifndef STKGATE_BENCH_TOKEN_FILE_H
#define STKGATE_BENCH_TOKEN_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/core/token.h"

/* The origin that every token of the table allows, and every check names. */
#define TOKEN_FILE_ORIGIN "https://www.shop.example"

struct token_entry {
    char token[TOKEN_LEN + 1];
    char site[16];
};

struct token_file {
    struct token_entry *entries;
    size_t count;
    uint64_t random; /* state of the generator, not 0 */
};

/* Reads all of it; ends the program on failure. */
void token_file_load(const char *path, struct token_file *ret);
void token_file_free(struct token_file *tokens);

/* Any of them, each equally likely: no cache has the table's line more often than chance has it.
 * The same sequence in every run. A copy, so that it is in the processor's cache when the call is
 * timed, as a token is that has just been read from a request. */
struct token_entry token_file_pick(struct token_file *tokens);

FILE *token_file_create(const char *path);
void token_file_write(FILE *file, const struct token_entry *entry);

#endif
