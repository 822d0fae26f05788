#include "tests/faces/face.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *keep(const char *text)
{
    const char *copy = strdup(text);
    if (!copy)
        err(EXIT_FAILURE, "no memory");
    return copy;
}

static void read_path(struct face *face, char *rest)
{
    char path[128], target[256], method[16];

    int words = sscanf(rest, "%127s %255s %15s", path, target, method);
    if (words < 2 || face->path_count == FACE_PATHS_MAX)
        errx(EXIT_FAILURE, "path %s: no path and target, or too many", rest);
    face->paths[face->path_count++] =
        (struct face_path){keep(path), keep(target), words == 3 ? keep(method) : NULL};
}

static struct face_mark *add_mark(struct face *face, char letter)
{
    if (face->mark_count == FACE_MARKS_MAX)
        errx(EXIT_FAILURE, "too many marks");
    face->marks[face->mark_count] = (struct face_mark){.letter = letter};
    return &face->marks[face->mark_count++];
}

static void read_lacks(struct face *face, char *rest)
{
    char *save = NULL;
    const char *letter = strtok_r(rest, " ", &save), *status = strtok_r(NULL, " ", &save);
    const char *name;

    if (!letter || !status)
        errx(EXIT_FAILURE, "lacks: letter or status is missing");
    while ((name = strtok_r(NULL, " ", &save))) {
        struct face_mark *mark = add_mark(face, letter[0]);
        mark->status = (unsigned)strtoul(status, NULL, 10);
        mark->name = keep(name);
    }
}

static void read_other(struct face *face, const struct table *table, char *rest)
{
    char letter, answer[64];
    int end = 0;
    bool is_known = false;

    if (sscanf(rest, "%c %63s %n", &letter, answer, &end) < 2 || end == 0)
        errx(EXIT_FAILURE, "other %s: letter, answer or row is missing", rest);
    struct face_mark *mark = add_mark(face, letter);
    mark->other = table_answer(table, answer);
    mark->row = keep(rest + end);
    for (size_t i = 0; i < table->row_count; i++)
        is_known = is_known || strcmp(table->rows[i].name, mark->row) == 0;
    if (!mark->other || !is_known)
        errx(EXIT_FAILURE, "other %s: no such answer or row", rest);
}

void face_read(const char *path, const struct table *table, struct face *ret)
{
    char line[1024];
    FILE *file = fopen(path, "re");

    if (!file)
        err(EXIT_FAILURE, "%s", path);
    *ret = (struct face){0};
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "path ", 5) == 0)
            read_path(ret, line + 5);
        else if (strncmp(line, "lacks ", 6) == 0)
            read_lacks(ret, line + 6);
        else if (strncmp(line, "other ", 6) == 0)
            read_other(ret, table, line + 6);
        else if (strncmp(line, "note ", 5) != 0)
            errx(EXIT_FAILURE, "%s: neither path, lacks, other nor note: %s", path, line);
    }
    fclose(file);
}

const char *face_target(const struct face *face, const struct row *row)
{
    for (size_t i = 0; i < face->path_count; i++) {
        const struct face_path *path = &face->paths[i];
        if (strcmp(path->path, row->path) == 0 &&
            (!path->method || strcmp(path->method, row->method) == 0))
            return path->target;
    }
    return NULL;
}

char face_lacks(const struct face *face, unsigned status, const char *name)
{
    for (size_t i = 0; i < face->mark_count; i++) {
        const struct face_mark *mark = &face->marks[i];
        if (mark->name && mark->status == status && strcasecmp(mark->name, name) == 0)
            return mark->letter;
    }
    return '\0';
}

const struct face_mark *face_other(const struct face *face, const struct row *row)
{
    for (size_t i = 0; i < face->mark_count; i++)
        if (face->marks[i].row && strcmp(face->marks[i].row, row->name) == 0)
            return &face->marks[i];
    return NULL;
}
