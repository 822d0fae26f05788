/* facts.h - "Label: value" lines on standard output, their colons one below the other
 */
#ifndef STKGATE_ADMIN_FACTS_H
#define STKGATE_ADMIN_FACTS_H

#include "daemon/admin/admin.h"

/* The beginning of a line: the caller prints the rest. label NULL: one more line of the last
 * label. */
void facts_begin(const char *label);

/* A line with a text, made printable. No line when it is NULL or empty. */
void facts_text(const char *label, const char *text);

/* A line with a time, on a terminal also as long ago or ahead. When the member is no time: instead,
 * or no line when that is NULL. */
void facts_time(const struct admin *admin, const char *label, const json_t *object,
                const char *member, const char *instead);

#endif
