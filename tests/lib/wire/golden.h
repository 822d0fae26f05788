/* golden.h - frames as tests/vectors/frames.txt has them, and what holds for every kind of frame
 *
 * A line of the file is a name and the frame in hexadecimal, of which spaces are no part.
 */
#ifndef STKGATE_TESTS_LIB_WIRE_GOLDEN_H
#define STKGATE_TESTS_LIB_WIRE_GOLDEN_H

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/wire/message.h"

struct golden {
    size_t len;
    uint8_t bytes[WIRE_FRAME_MAX];
};

static inline unsigned golden_nibble(int c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;
    ck_assert_msg(at != NULL, "no hexadecimal digit: %c", c);
    return (unsigned)(at - digits);
}

static inline void golden_parse(const char *hex, struct golden *ret)
{
    ret->len = 0;
    for (; *hex != '\0' && *hex != '\n'; hex++) {
        if (*hex == ' ')
            continue;
        ck_assert_uint_lt(ret->len, sizeof ret->bytes);
        ret->bytes[ret->len] = (uint8_t)(golden_nibble(hex[0]) << 4);
        hex++;
        ret->bytes[ret->len] |= (uint8_t)golden_nibble(hex[0]);
        ret->len++;
    }
}

static inline void golden_load(const char *name, struct golden *ret)
{
    char path[4096];
    static char line[3 * WIRE_FRAME_MAX];
    const char *srcdir = getenv("STKGATE_SRCDIR");
    ck_assert_msg(srcdir != NULL, "STKGATE_SRCDIR is not set");
    snprintf(path, sizeof path, "%s/tests/vectors/frames.txt", srcdir);
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
    size_t name_len = strlen(name);
    bool found = false;
    while (!found && fgets(line, sizeof line, file) != NULL)
        found = strncmp(line, name, name_len) == 0 && line[name_len] == ' ';
    fclose(file);
    ck_assert_msg(found, "no frame called %s in %s", name, path);
    golden_parse(line + name_len, ret);
}

static inline void golden_expect(const char *name, const uint8_t *bytes, size_t len)
{
    struct golden golden;
    golden_load(name, &golden);
    if (golden.len == len && memcmp(golden.bytes, bytes, len) == 0)
        return;
    fprintf(stderr, "%s ", name);
    for (size_t i = 0; i < len; i++)
        fprintf(stderr, "%02x", bytes[i]);
    fprintf(stderr, "\n");
    ck_abort_msg("%s: the protocol has changed", name);
}

/* Reads an opened frame; what it says is of no interest. */
typedef int (*golden_read_fn)(struct frame *frame);

/* In a block of just this size, so that a sanitizer sees a read past its end. */
static inline int golden_try(const uint8_t *bytes, size_t len, golden_read_fn read)
{
    struct frame frame = {0};
    uint8_t *block = malloc(len > 0 ? len : 1);
    ck_assert_ptr_nonnull(block);
    if (len > 0)
        memcpy(block, bytes, len);
    int r = frame_open(block, len, &frame);
    if (r == 0)
        r = read(&frame);
    free(block);
    return r;
}

static inline void golden_refuse_every_truncation(const struct golden *golden, golden_read_fn read)
{
    ck_assert_int_eq(golden_try(golden->bytes, golden->len, read), 0);
    for (size_t len = 0; len < golden->len; len++)
        ck_assert_msg(golden_try(golden->bytes, len, read) == -EBADMSG, "%zu bytes pass", len);
}

static inline void golden_refuse_every_extension(const struct golden *golden, golden_read_fn read)
{
    struct golden longer = *golden;
    longer.len++;
    for (unsigned byte = 0; byte < 256; byte++) {
        longer.bytes[golden->len] = (uint8_t)byte;
        ck_assert_msg(golden_try(longer.bytes, longer.len, read) == -EBADMSG, "a %u more passes",
                      byte);
    }
}

/* Whatever a single byte is changed to, the answer is one that the contract names. */
static inline void golden_survive_every_byte(const struct golden *golden, golden_read_fn read)
{
    for (size_t at = 0; at < golden->len; at++) {
        for (unsigned change = 1; change < 256; change++) {
            struct golden other = *golden;
            other.bytes[at] ^= (uint8_t)change;
            int r = golden_try(other.bytes, other.len, read);
            ck_assert(r == 0 || r == -EBADMSG || (r == -EPROTONOSUPPORT && at == 2));
        }
    }
}

/* With byte at changed to value, the frame is refused. */
static inline void golden_refuse_with(const struct golden *golden, size_t at, uint8_t value,
                                      golden_read_fn read)
{
    struct golden other = *golden;
    ck_assert_uint_lt(at, golden->len);
    other.bytes[at] = value;
    ck_assert_msg(golden_try(other.bytes, other.len, read) == -EBADMSG, "byte %zu may be %u", at,
                  value);
}

/* Of a frame of another type, nothing is believed. */
static inline void golden_refuse_other_types(const struct golden *golden, golden_read_fn read)
{
    for (unsigned type = 0; type < 256; type++)
        if (type != golden->bytes[3])
            golden_refuse_with(golden, 3, (uint8_t)type, read);
}

#endif
