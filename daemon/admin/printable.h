/* printable.h - text from elsewhere, made harmless for a terminal
 *
 * Control characters (C0, DEL, C1), line and paragraph separators and the characters that turn the
 * direction of writing are written as \uXXXX, bytes that are not UTF-8 as \xXX: a token's name
 * can't move the cursor, recolour a line or pretend to be another name.
 */
#ifndef STKGATE_ADMIN_PRINTABLE_H
#define STKGATE_ADMIN_PRINTABLE_H

#include <stdio.h>

/* Widths of characters are those of UTF-8 whatever the user's locale is. Once per process. */
void printable_init(void);

/* Write the whole of text (NUL-terminated). */
void printable_write(FILE *out, const char *text);

/* Write a JSON text: as above, but newlines stay, and what is escaped stays valid JSON. */
void printable_write_json(FILE *out, const char *json);

/* Columns on a terminal that printable text takes. */
unsigned printable_width(const char *text);

/* Bytes of the longest beginning of printable text that takes at most this many columns, and how
 * many of them it takes. */
size_t printable_fit(const char *text, unsigned columns, unsigned *ret_columns);

#endif
