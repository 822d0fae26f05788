/* table.h - tests/faces/table.txt: credentials, answers and calls
 *
 * Whatever is wrong with the file ends the program, with its line.
 */
#ifndef STKGATE_TESTS_FACES_TABLE_H
#define STKGATE_TESTS_FACES_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#define ROWS_MAX        200
#define ANSWERS_MAX     32
#define CREDENTIALS_MAX 32
#define FIELDS_MAX      16 /* of an answer */
#define LINES_MAX       10 /* of a call's header */
#define OWN_MAX         4

/* Strings live as long as the program. */
struct expected_field {
    const char *name;
    const char *value;
};

struct expected {
    const char *name;
    unsigned status;
    struct expected_field fields[FIELDS_MAX];
    size_t field_count;
    const char *body; /* NULL: whatever it is */
};

struct credential_spec {
    const char *name;
    const char *kind; /* token, legacy */
    const char *json;
    const char *then; /* suspend, revoke, rotate, expired; NULL: nothing */
    bool fresh;
};

struct row {
    const char *name;
    const char *method;
    const char *version; /* 1.1, 1.0 */
    const char *path;
    const char *body;             /* NULL: none */
    const char *lines[LINES_MAX]; /* with escapes and braces */
    size_t line_count;
    const char *first[LINES_MAX]; /* of a call before this one, on the same connection */
    size_t first_count;
    unsigned after;
    struct expected expected;
    unsigned own[OWN_MAX]; /* statuses with which a server may refuse by itself */
    size_t own_count;
};

struct table {
    struct row rows[ROWS_MAX];
    size_t row_count;
    struct expected answers[ANSWERS_MAX];
    size_t answer_count;
    struct credential_spec credentials[CREDENTIALS_MAX];
    size_t credential_count;
};

void table_read(const char *path, struct table *ret);

/* NULL: none of that name. */
const struct expected *table_answer(const struct table *table, const char *name);
const struct credential_spec *table_credential(const struct table *table, const char *name,
                                               size_t name_len);

/* The value that is expected of a field; NULL: it must not be there. */
const char *expected_value(const struct expected *expected, const char *name);

#endif
