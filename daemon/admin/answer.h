/* answer.h - members of the daemon's JSON, read without trust in their types
 *
 * A member that is absent, null or of another type reads as empty, 0 or "never": an answer of a
 * newer daemon can't make the program fall over.
 */
#ifndef STKGATE_ADMIN_ANSWER_H
#define STKGATE_ADMIN_ANSWER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define ANSWER_TEXT_MAX 96

/* Borrowed from object; "" when there is none. */
const char *answer_text(const json_t *object, const char *member);
uint64_t answer_number(const json_t *object, const char *member);
bool answer_flag(const json_t *object, const char *member);

/* True and *ret_unix_s, when the member is a time. */
bool answer_time(const json_t *object, const char *member, int64_t *ret_unix_s);

/* The token's limit: "60/1m", with ", burst 10" when that is another number. */
void answer_limit(const json_t *token, char ret[static ANSWER_TEXT_MAX]);

/* What may be told of the secret: "stk_live_Ab12..." or "legacy key". */
void answer_secret_hint(const json_t *token, char ret[static ANSWER_TEXT_MAX]);

/* A list of texts, with a space between, made printable; instead when it is empty. */
void answer_write_texts(FILE *out, const json_t *object, const char *member, const char *instead);

/* How long ago, or how far ahead: "3 min ago", "in 15 d", "now". */
void answer_relative(int64_t at_s, int64_t now_s, char ret[static ANSWER_TEXT_MAX]);

#endif
