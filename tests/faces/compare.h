/* compare.h - whether an answer is the one that the table expects. Pure. */
#ifndef STKGATE_TESTS_FACES_COMPARE_H
#define STKGATE_TESTS_FACES_COMPARE_H

#include "tests/faces/answer.h"
#include "tests/faces/face.h"

#define DIFFERENCE_MAX 1024

/* Returns true, and in ret_marks which of the face's marks were needed for it ("" when none was);
 * or false and in ret_difference a sentence. is_head: no body is expected. */
bool compare(const struct answer *answer, const struct expected *expected, const struct face *face,
             bool is_head, char ret_marks[static 8], char ret_difference[static DIFFERENCE_MAX]);

/* Whether this is the server's own refusal, as the row allows it: one of those statuses, or nothing
 * at all, and no word of stkgate's in it. */
bool compare_is_own(const struct answer *answer, const struct row *row);

/* Whether value is as pattern says, in which LOW..HIGH is a whole number between them. */
bool compare_value(const char *value, const char *pattern);

#endif
