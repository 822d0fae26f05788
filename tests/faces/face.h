/* face.h - what one face can call, and in what it is known to differ
 *
 * A file of lines, written by the face's own shell file:
 *
 *   path PATH TARGET [METHOD]    a path of the table is this one here, for this method alone if one
 * is named; rows whose path is not there are left out lacks LETTER STATUS NAME...  answers of this
 * status may be without these fields ("body": have another body) other LETTER ANSWER ROW      the
 * row's answer is another one of the table note LETTER TEXT             why: printed under the
 * matrix
 *
 * Whatever is wrong with it ends the program.
 */
#ifndef STKGATE_TESTS_FACES_FACE_H
#define STKGATE_TESTS_FACES_FACE_H

#include "tests/faces/table.h"

#define FACE_PATHS_MAX 32
#define FACE_MARKS_MAX 96

struct face_path {
    const char *path, *target, *method;
};

struct face_mark {
    char letter;
    unsigned status;              /* lacks */
    const char *name;             /* lacks: one field; NULL: this is an other */
    const struct expected *other; /* other */
    const char *row;
};

struct face {
    struct face_path paths[FACE_PATHS_MAX];
    size_t path_count;
    struct face_mark marks[FACE_MARKS_MAX];
    size_t mark_count;
};

void face_read(const char *path, const struct table *table, struct face *ret);

/* What row's path is here; NULL: this face has no such call. */
const char *face_target(const struct face *face, const struct row *row);

/* The letter of the mark that lets an answer of this status be without this field; 0: none does. */
char face_lacks(const struct face *face, unsigned status, const char *name);

/* The mark by which row has another answer here; NULL: it has none. */
const struct face_mark *face_other(const struct face *face, const struct row *row);

#endif
