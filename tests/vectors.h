/* vectors.h - test vectors from a file in tests/vectors/
 *
 * One vector a line, its fields separated by tabs; lines that are empty or begin with '#' are
 * skipped. \xHH in a field is that byte, so that NUL, tabs and line ends can be written.
 *
 *     struct vectors v;
 *     for (vectors_open(&v, "crc.txt", 2); vectors_next(&v);)
 *         ... v.fields[0], v.fields[1] ...
 *
 * A file that can't be read, a wrong number of fields or an empty file fails the test.
 */
#ifndef STKGATE_TESTS_VECTORS_H
#define STKGATE_TESTS_VECTORS_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/core/text.h"

#define VECTOR_FIELDS_MAX 8

struct vectors {
    FILE *file;
    unsigned line_number, count, field_count;
    char line[4096];
    struct text fields[VECTOR_FIELDS_MAX]; /* NUL-terminated, too */
};

static inline void vectors_open(struct vectors *v, const char *name, unsigned field_count)
{
    const char *top = getenv("STKGATE_SRCDIR");
    char path[2048];
    snprintf(path, sizeof path, "%s/tests/vectors/%s", top ? top : ".", name);
    *v = (struct vectors){.file = fopen(path, "r"), .field_count = field_count};
    ck_assert_msg(v->file != NULL, "can't read %s: run it through make check", path);
}

/* Decode \xHH in place; returns the length. */
static inline size_t vector_unescape(char *field)
{
    size_t len = 0;
    for (const char *in = field; *in;) {
        char hex[3] = {0};
        if (in[0] == '\\' && in[1] == 'x' && in[2] && in[3]) {
            memcpy(hex, in + 2, 2);
            field[len++] = (char)strtoul(hex, NULL, 16);
            in += 4;
        } else {
            field[len++] = *in++;
        }
    }
    field[len] = '\0';
    return len;
}

static inline bool vectors_next(struct vectors *v)
{
    do {
        if (!fgets(v->line, sizeof v->line, v->file)) {
            ck_assert_uint_gt(v->count, 0);
            fclose(v->file);
            return false;
        }
        v->line_number++;
        v->line[strcspn(v->line, "\n")] = '\0';
    } while (v->line[0] == '\0' || v->line[0] == '#');

    unsigned count = 0;
    for (char *rest = v->line, *field; (field = strsep(&rest, "\t"));) {
        ck_assert_uint_lt(count, VECTOR_FIELDS_MAX);
        v->fields[count++] = (struct text){field, vector_unescape(field)};
    }
    ck_assert_msg(count == v->field_count, "line %u has %u fields", v->line_number, count);
    v->count++;
    return true;
}

#endif
