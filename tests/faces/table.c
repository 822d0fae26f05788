#include "tests/faces/table.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct parser {
    const char *path;
    unsigned line;
    struct table *table;
    struct row *row;         /* whose lines these are */
    struct expected *answer; /* whose fields these are: an answer's, or the row's */
};

static _Noreturn void wrong(const struct parser *parser, const char *what)
{
    errx(EXIT_FAILURE, "%s:%u: %s", parser->path, parser->line, what);
}

static const char *keep(const struct parser *parser, const char *text)
{
    const char *copy = strdup(text);
    if (!copy)
        wrong(parser, "no memory");
    return copy;
}

/* The next word of *rest, NUL-terminated in place, and *rest behind the blanks after it. */
static char *word(const struct parser *parser, char **rest)
{
    char *start = *rest;
    size_t len = strcspn(start, " ");

    if (len == 0)
        wrong(parser, "a word is missing");
    *rest = start + len;
    if (**rest != '\0') {
        **rest = '\0';
        *rest += 1 + strspn(*rest + 1, " ");
    }
    return start;
}

static void parse_credential(struct parser *parser, bool fresh, char *rest)
{
    struct table *table = parser->table;

    if (table->credential_count == CREDENTIALS_MAX)
        wrong(parser, "too many credentials");
    struct credential_spec *spec = &table->credentials[table->credential_count++];
    spec->fresh = fresh;
    spec->name = keep(parser, word(parser, &rest));
    spec->kind = keep(parser, word(parser, &rest));
    char *then = strstr(rest, " ; ");
    if (then) {
        *then = '\0';
        spec->then = keep(parser, then + 3);
    }
    if (rest[0] != '{' || rest[1] == '}')
        wrong(parser, "a JSON object with members is missing");
    spec->json = keep(parser, rest);
    parser->row = NULL;
    parser->answer = NULL;
}

static void parse_answer(struct parser *parser, char *rest)
{
    struct table *table = parser->table;

    if (table->answer_count == ANSWERS_MAX)
        wrong(parser, "too many answers");
    parser->answer = &table->answers[table->answer_count++];
    parser->answer->name = keep(parser, word(parser, &rest));
    parser->answer->status = (unsigned)strtoul(word(parser, &rest), NULL, 10);
    parser->row = NULL;
}

static void parse_row(struct parser *parser, const char *name)
{
    struct table *table = parser->table;

    if (table->row_count == ROWS_MAX)
        wrong(parser, "too many rows");
    for (size_t i = 0; i < table->row_count; i++)
        if (strcmp(table->rows[i].name, name) == 0)
            wrong(parser, "there is a row of this name already");
    parser->row = &table->rows[table->row_count++];
    parser->row->name = keep(parser, name);
    parser->row->version = "1.1";
    parser->answer = NULL;
}

static void parse_call(struct parser *parser, char *rest)
{
    struct row *row = parser->row;
    char *method = word(parser, &rest);
    char *version = strchr(method, '/');

    if (version) {
        *version = '\0';
        row->version = keep(parser, version + 1);
    }
    row->method = keep(parser, method);
    row->path = keep(parser, word(parser, &rest));
    row->body = rest[0] != '\0' ? keep(parser, rest) : NULL;
}

static void parse_own(struct parser *parser, char *rest)
{
    struct row *row = parser->row;

    while (rest[0] != '\0') {
        if (row->own_count == OWN_MAX)
            wrong(parser, "too many statuses");
        row->own[row->own_count] = (unsigned)strtoul(word(parser, &rest), NULL, 10);
        if (row->own[row->own_count] < 400 || row->own[row->own_count] > 499)
            wrong(parser, "what a server refuses by itself is 400 to 499");
        row->own_count++;
    }
}

static void parse_is(struct parser *parser, const char *name)
{
    const struct expected *answer = table_answer(parser->table, name);

    if (!answer)
        wrong(parser, "no such answer");
    parser->row->expected = *answer;
    parser->answer = &parser->row->expected;
}

/* "NAME: VALUE" of an answer, or of a row in place of its answer's; "-" takes it away. */
static void parse_field(struct parser *parser, char *line)
{
    struct expected *answer = parser->answer;
    char *value = strstr(line, ": ");

    if (!value)
        wrong(parser, "neither a word of the table's nor a field");
    if (!answer)
        wrong(parser, "a field before its answer");
    *value = '\0';
    value += 2;
    for (size_t i = 0; i < answer->field_count; i++) {
        if (strcasecmp(answer->fields[i].name, line) == 0) {
            answer->fields[i].value = strcmp(value, "-") == 0 ? NULL : keep(parser, value);
            return;
        }
    }
    if (answer->field_count == FIELDS_MAX)
        wrong(parser, "too many fields");
    answer->fields[answer->field_count++] =
        (struct expected_field){keep(parser, line), keep(parser, value)};
}

static void parse_indented(struct parser *parser, char *line)
{
    char *rest = line + strcspn(line, " ");
    size_t len = (size_t)(rest - line);
    struct row *row = parser->row;

#define IS(text) (len == sizeof(text) - 1 && memcmp(line, text, len) == 0)
    if (*rest == ' ')
        rest++;
    if (row && IS("call")) {
        parse_call(parser, rest);
    } else if (row && IS("field")) {
        if (row->line_count == LINES_MAX)
            wrong(parser, "too many fields");
        row->lines[row->line_count++] = keep(parser, rest);
    } else if (row && IS("first")) {
        if (row->first_count == LINES_MAX)
            wrong(parser, "too many fields");
        row->first[row->first_count++] = keep(parser, rest);
    } else if (row && IS("after")) {
        row->after = (unsigned)strtoul(rest, NULL, 10);
    } else if (row && IS("own")) {
        parse_own(parser, rest);
    } else if (row && IS("is")) {
        parse_is(parser, rest);
    } else if (!row && parser->answer && IS("body")) {
        parser->answer->body = keep(parser, rest);
    } else {
        parse_field(parser, line);
    }
#undef IS
}

static void parse_line(struct parser *parser, char *line)
{
    char *rest = line;

    if (line[0] == '\0' || line[0] == '#')
        return;
    if (strncmp(line, "  ", 2) == 0) {
        parse_indented(parser, line + 2);
        return;
    }
    const char *first = word(parser, &rest);
    if (strcmp(first, "shared") == 0 || strcmp(first, "fresh") == 0)
        parse_credential(parser, first[0] == 'f', rest);
    else if (strcmp(first, "answer") == 0)
        parse_answer(parser, rest);
    else if (strcmp(first, "row") == 0)
        parse_row(parser, rest);
    else
        wrong(parser, "neither shared, fresh, answer nor row");
}

void table_read(const char *path, struct table *ret)
{
    struct parser parser = {.path = path, .table = ret};
    char line[1024];
    FILE *file = fopen(path, "re");

    if (!file)
        err(EXIT_FAILURE, "%s", path);
    *ret = (struct table){0};
    while (fgets(line, sizeof line, file)) {
        parser.line++;
        size_t len = strcspn(line, "\n");
        if (line[len] == '\0')
            wrong(&parser, "too long a line");
        line[len] = '\0';
        parse_line(&parser, line);
    }
    fclose(file);
    if (ret->row_count == 0)
        wrong(&parser, "no row");
    for (size_t i = 0; i < ret->row_count; i++)
        if (!ret->rows[i].path || !ret->rows[i].expected.name)
            errx(EXIT_FAILURE, "%s: row \"%s\" has no call or no answer", path, ret->rows[i].name);
}

const struct expected *table_answer(const struct table *table, const char *name)
{
    for (size_t i = 0; i < table->answer_count; i++)
        if (strcmp(table->answers[i].name, name) == 0)
            return &table->answers[i];
    return NULL;
}

const struct credential_spec *table_credential(const struct table *table, const char *name,
                                               size_t name_len)
{
    for (size_t i = 0; i < table->credential_count; i++) {
        const char *known = table->credentials[i].name;
        if (strlen(known) == name_len && memcmp(known, name, name_len) == 0)
            return &table->credentials[i];
    }
    return NULL;
}

const char *expected_value(const struct expected *expected, const char *name)
{
    for (size_t i = 0; i < expected->field_count; i++)
        if (strcasecmp(expected->fields[i].name, name) == 0)
            return expected->fields[i].value;
    return NULL;
}
