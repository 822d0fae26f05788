/* json_shape - what a JSON text on standard input consists of
 *
 * Prints a line for each member, in the order in which they first come: its path and its type, such
 * as "[].limit.window string". What the items of an array have in common is told once.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#define LINES_MAX      256
#define LINE_MAX_BYTES 256

static char lines[LINES_MAX][LINE_MAX_BYTES];
static unsigned line_count;

static void tell(const char *path, const char *type)
{
    char line[LINE_MAX_BYTES];
    snprintf(line, sizeof line, "%.200s %s", path, type);
    for (unsigned i = 0; i < line_count; i++)
        if (strcmp(lines[i], line) == 0)
            return;
    if (line_count == LINES_MAX) {
        fputs("json_shape: too many members\n", stderr);
        exit(1);
    }
    strcpy(lines[line_count++], line);
}

static const char *type_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT: return "object";
    case JSON_ARRAY: return "array";
    case JSON_STRING: return "string";
    case JSON_INTEGER: return "integer";
    case JSON_REAL: return "real";
    case JSON_TRUE:
    case JSON_FALSE: return "boolean";
    case JSON_NULL: return "null";
    }
    return "?";
}

static void walk(const char *path, json_t *value)
{
    char below[LINE_MAX_BYTES];
    const char *name;
    json_t *item;
    size_t i;
    tell(*path ? path : ".", type_of(value));
    json_object_foreach(value, name, item)
    {
        snprintf(below, sizeof below, "%.180s.%.60s", path, name);
        walk(below, item);
    }
    json_array_foreach(value, i, item)
    {
        snprintf(below, sizeof below, "%.250s[]", path);
        walk(below, item);
    }
}

int main(void)
{
    json_error_t error;
    json_t *value = json_loadf(stdin, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!value) {
        fprintf(stderr, "json_shape: line %d: %s\n", error.line, error.text);
        return 1;
    }
    walk("", value);
    json_decref(value);
    for (unsigned i = 0; i < line_count; i++)
        puts(lines[i]);
    return 0;
}
