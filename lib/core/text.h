/* text.h - pieces of text: pointer and length
 *
 * A struct text borrows: whoever made it says how long its bytes live. data may be NULL when len is
 * 0. No byte is a terminator, NUL included. All functions are pure and thread-safe.
 */
#ifndef STKGATE_CORE_TEXT_H
#define STKGATE_CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct text {
    const char *data;
    size_t len;
};

/* The text of a string literal. */
#define TEXT(literal) ((struct text){"" literal, sizeof(literal) - 1})

/* The text of a NUL-terminated string; of NULL, the empty one. */
static inline struct text text_of(const char *string)
{
    return (struct text){string, string ? strlen(string) : 0};
}

/* Same bytes. Not for secrets: it takes as long as the common prefix is (see digest_equal()). */
bool text_equal(struct text a, struct text b);

/* a begins with b. Not for secrets. */
bool text_begins(struct text a, struct text b);

/* A space or a tab: what HTTP allows around a value. */
static inline bool text_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* t without the blanks around it. */
static inline struct text text_trim(struct text t)
{
    while (t.len > 0 && text_is_blank(t.data[0])) {
        t.data++;
        t.len--;
    }
    while (t.len > 0 && text_is_blank(t.data[t.len - 1]))
        t.len--;
    return t;
}

/* Valid UTF-8 (RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF), and no control
 * character: neither C0, DEL, C1 nor the line and paragraph separators U+2028 and U+2029. */
bool text_is_printable(struct text t);

/* Copy into a buffer of capacity bytes and terminate it. False, and an empty string in out, when it
 * does not fit; capacity must not be 0. */
bool text_copy(struct text t, char *out, size_t capacity);

/* ---- names that stand in files, headers and logs ------------------------------------------- */

#define SITE_MAX     64  /* bytes */
#define NAME_MAX_LEN 128 /* bytes */
#define SERVICE_MAX  64
#define REASON_MAX   200
#define LINK_MAX_LEN 255 /* neither this nor NAME_MAX: limits.h has those */

/* A site id: 1 to SITE_MAX bytes of A-Z a-z 0-9 '.' '_' '-'. */
bool text_is_site(struct text t);

/* A service name: 1 to SERVICE_MAX bytes of a-z 0-9 '-' '_'. It becomes a file name. */
bool text_is_service(struct text t);

/* A token's name: 1 to NAME_MAX_LEN bytes, printable. */
bool text_is_name(struct text t);

/* An absolute https or http URL for a Link field: printable ASCII without space, '<', '>', '"',
 * '\\', '^', '`', '{', '|', '}'; at most LINK_MAX_LEN bytes. */
bool text_is_link(struct text t);

/* ---- lists of short texts, packed: one length byte, then that many bytes, and so on --------- */

/* Borrows. A packed list read from a file or a frame must pass textlist_is_valid() first. */
struct textlist {
    const uint8_t *data;
    size_t len; /* bytes */
};

bool textlist_is_valid(struct textlist list);
size_t textlist_count(struct textlist list);
bool textlist_contains(struct textlist list, struct text t);

/* Steps: *at starts at 0. False at the end. */
bool textlist_next(struct textlist list, size_t *at, struct text *ret);

/* Append t (1 to 255 bytes) to a packed list of *len bytes in a buffer of capacity bytes.
 * 0, -EINVAL for a length out of range, -ENOSPC; on failure the list is unchanged. */
int textlist_append(uint8_t *buffer, size_t capacity, size_t *len, struct text t);

#endif
