/* answer.h - send the bytes of a request, and read what a server answers
 *
 * The server is not trusted: what it sends is bounded, and so is how long it may take.
 */
#ifndef STKGATE_TESTS_FACES_ANSWER_H
#define STKGATE_TESTS_FACES_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#define ANSWER_MAX        (256 * 1024)
#define ANSWER_FIELDS_MAX 64

struct answer_field {
    const char *name;
    const char *value;
};

/* Points into itself: not to be copied. */
struct answer {
    unsigned status; /* 0: the server closed the connection without a word */
    struct answer_field fields[ANSWER_FIELDS_MAX];
    size_t field_count;
    const char *body; /* without the chunks' lengths; NUL-terminated */
    size_t body_len;
    size_t len;
    char bytes[ANSWER_MAX + 1];
};

/* address: "unix:/path" or "127.0.0.1:port". is_head: no body comes, whatever the fields say.
 * Returns NULL, or what is wrong with the answer, or with the way to the server, as a sentence. */
const char *answer_get(const char *address, const char *request, size_t request_len, bool is_head,
                       bool behind, struct answer *ret);

/* How often a field is there; *ret_value, if not NULL, is the last of its values. */
size_t answer_field(const struct answer *answer, const char *name, const char **ret_value);

#endif
