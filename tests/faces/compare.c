#include "tests/faces/compare.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each must be as expected, or absent when nothing is expected of it. */
static const char *const watched[] = {
    "WWW-Authenticate",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "RateLimit-Policy",
    "RateLimit",
    "Retry-After",
    "Deprecation",
    "Sunset",
    "Link",
    "Cache-Control",
};

bool compare_value(const char *value, const char *pattern)
{
    while (*pattern != '\0') {
        char *after_low;
        unsigned long low = 0;
        if (isdigit((unsigned char)*pattern))
            low = strtoul(pattern, &after_low, 10);
        else
            after_low = NULL;
        if (after_low && strncmp(after_low, "..", 2) == 0) {
            char *after_high, *after_value;
            unsigned long high = strtoul(after_low + 2, &after_high, 10);
            if (!isdigit((unsigned char)*value))
                return false;
            unsigned long number = strtoul(value, &after_value, 10);
            if (number < low || number > high)
                return false;
            value = after_value;
            pattern = after_high;
        } else if (after_low) {
            size_t len = (size_t)(after_low - pattern);
            if (strncmp(value, pattern, len) != 0)
                return false;
            value += len;
            pattern = after_low;
        } else if (*value++ != *pattern++) {
            return false;
        }
    }
    return *value == '\0';
}

static void add_mark(char marks[static 8], char letter)
{
    size_t len = strlen(marks);

    if (!strchr(marks, letter) && len < 7) {
        marks[len] = letter;
        marks[len + 1] = '\0';
    }
}

static bool compare_field(const struct answer *answer, const struct expected *expected,
                          const struct face *face, const char *name, char marks[static 8],
                          char ret_difference[static DIFFERENCE_MAX])
{
    const char *wanted = expected_value(expected, name), *got = NULL;
    size_t count = answer_field(answer, name, &got);
    char mark = face_lacks(face, expected->status, name);

    if (count == 0 && wanted && mark) {
        add_mark(marks, mark);
        return true;
    }
    if (count == (wanted ? 1 : 0) && (!wanted || compare_value(got, wanted)))
        return true;
    snprintf(ret_difference, DIFFERENCE_MAX, "%s is \"%.200s\" (%zu times), not \"%s\"", name,
             got ? got : "", count, wanted ? wanted : "");
    return false;
}

static bool compare_body(const struct answer *answer, const struct expected *expected,
                         const struct face *face, char marks[static 8],
                         char ret_difference[static DIFFERENCE_MAX])
{
    size_t len = answer->body_len, wanted_len = strlen(expected->body);
    const char *type = expected_value(expected, "Content-Type"), *got = "";
    char mark = face_lacks(face, expected->status, "body");

    (void)answer_field(answer, "Content-Type", &got);
    /* A program may end its output with a line's end. */
    if (len > 0 && answer->body[len - 1] == '\n')
        len--;
    if (len == wanted_len && memcmp(answer->body, expected->body, len) == 0 &&
        (!type || strcmp(type, got) == 0))
        return true;
    if (mark) {
        add_mark(marks, mark);
        return true;
    }
    snprintf(ret_difference, DIFFERENCE_MAX, "the body (%.60s) is \"%.300s\", not \"%.300s\"", got,
             answer->body, expected->body);
    return false;
}

bool compare(const struct answer *answer, const struct expected *expected, const struct face *face,
             bool is_head, char ret_marks[static 8], char ret_difference[static DIFFERENCE_MAX])
{
    ret_marks[0] = '\0';
    if (answer->status != expected->status) {
        snprintf(ret_difference, DIFFERENCE_MAX, "status %u, not %u; the body is \"%.300s\"",
                 answer->status, expected->status, answer->body);
        return false;
    }
    if (expected->status != 200 && strstr(answer->body, "behind")) {
        snprintf(ret_difference, DIFFERENCE_MAX, "the program behind was reached");
        return false;
    }
    for (size_t i = 0; i < sizeof watched / sizeof watched[0]; i++)
        if (!compare_field(answer, expected, face, watched[i], ret_marks, ret_difference))
            return false;
    return is_head || !expected->body ||
           compare_body(answer, expected, face, ret_marks, ret_difference);
}

bool compare_is_own(const struct answer *answer, const struct row *row)
{
    if (row->own_count > 0 && answer->status == 0)
        return true;
    for (size_t i = 0; i < row->own_count; i++)
        if (answer->status == row->own[i])
            return answer_field(answer, "RateLimit-Limit", NULL) == 0 &&
                   answer_field(answer, "WWW-Authenticate", NULL) == 0 &&
                   !strstr(answer->body, "\"reason\":");
    return false;
}
