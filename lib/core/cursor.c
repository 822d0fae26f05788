/* cursor.c - see cursor.h */
#include "lib/core/cursor.h"

#include <endian.h>

void reader_init(struct reader *r, const void *bytes, size_t len)
{
    *r = (struct reader){.at = bytes, .left = len, .failed = false};
}

/* The next len bytes, or NULL. After a failure nothing is left, so that no later read succeeds. */
static const uint8_t *reader_take(struct reader *r, size_t len)
{
    if (r->failed || r->left < len) {
        r->failed = true;
        r->left = 0;
        return NULL;
    }
    const uint8_t *bytes = r->at;
    r->at += len;
    r->left -= len;
    return bytes;
}

uint8_t reader_u8(struct reader *r)
{
    const uint8_t *bytes = reader_take(r, 1);
    return bytes ? bytes[0] : 0;
}

uint16_t reader_u16(struct reader *r)
{
    const uint8_t *bytes = reader_take(r, 2);
    return bytes ? (uint16_t)(bytes[0] | bytes[1] << 8) : 0;
}

uint32_t reader_u32(struct reader *r)
{
    const uint8_t *bytes = reader_take(r, 4);
    if (!bytes)
        return 0;
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

uint64_t reader_u64(struct reader *r)
{
    const uint8_t *bytes = reader_take(r, 8);
    if (!bytes)
        return 0;
    uint64_t v; /* one load: a record has a dozen of these, on the way of each check */
    memcpy(&v, bytes, sizeof v);
    return le64toh(v);
}

int64_t reader_i64(struct reader *r)
{
    return (int64_t)reader_u64(r);
}

void reader_bytes(struct reader *r, void *out, size_t len)
{
    if (len == 0)
        return;
    const uint8_t *bytes = reader_take(r, len);
    if (bytes)
        memcpy(out, bytes, len);
    else
        memset(out, 0, len);
}

static struct text reader_text(struct reader *r, size_t len, size_t max)
{
    reader_require(r, len <= max);
    const uint8_t *bytes = reader_take(r, len);
    if (!bytes || len == 0)
        return (struct text){NULL, 0};
    return (struct text){(const char *)bytes, len};
}

struct text reader_text8(struct reader *r, size_t max)
{
    return reader_text(r, reader_u8(r), max);
}

struct text reader_text16(struct reader *r, size_t max)
{
    return reader_text(r, reader_u16(r), max);
}

struct textlist reader_textlist(struct reader *r, size_t max)
{
    struct text packed = reader_text16(r, max);
    struct textlist list = {(const uint8_t *)packed.data, packed.len};
    if (!textlist_is_valid(list)) {
        reader_require(r, false);
        return (struct textlist){NULL, 0};
    }
    return list;
}

void reader_require(struct reader *r, bool cond)
{
    if (cond)
        return;
    r->failed = true;
    r->left = 0;
}

bool reader_finished(const struct reader *r)
{
    return !r->failed && r->left == 0;
}

void writer_init(struct writer *w, void *buffer, size_t capacity)
{
    *w = (struct writer){.start = buffer, .len = 0, .capacity = capacity, .failed = false};
}

/* Room for len bytes, or NULL. */
static uint8_t *writer_give(struct writer *w, size_t len)
{
    if (w->failed || w->capacity - w->len < len) {
        w->failed = true;
        return NULL;
    }
    uint8_t *bytes = w->start + w->len;
    w->len += len;
    return bytes;
}

/* Inline, so that len is a constant and the copy one store: an answer has a dozen of these. */
static inline void writer_number(struct writer *w, uint64_t v, size_t len)
{
    uint8_t *bytes = writer_give(w, len);
    uint64_t little = htole64(v);
    if (bytes)
        memcpy(bytes, &little, len);
}

void writer_u8(struct writer *w, uint8_t v)
{
    writer_number(w, v, 1);
}

void writer_u16(struct writer *w, uint16_t v)
{
    writer_number(w, v, 2);
}

void writer_u32(struct writer *w, uint32_t v)
{
    writer_number(w, v, 4);
}

void writer_u64(struct writer *w, uint64_t v)
{
    writer_number(w, v, 8);
}

void writer_i64(struct writer *w, int64_t v)
{
    writer_number(w, (uint64_t)v, 8);
}

void writer_bytes(struct writer *w, const void *bytes, size_t len)
{
    if (len == 0)
        return;
    uint8_t *room = writer_give(w, len);
    if (room)
        memcpy(room, bytes, len);
}

void writer_text8(struct writer *w, struct text t)
{
    if (t.len > UINT8_MAX)
        w->failed = true;
    writer_u8(w, (uint8_t)t.len);
    writer_bytes(w, t.data, t.len);
}

void writer_text16(struct writer *w, struct text t)
{
    if (t.len > UINT16_MAX)
        w->failed = true;
    writer_u16(w, (uint16_t)t.len);
    writer_bytes(w, t.data, t.len);
}

void writer_textlist(struct writer *w, struct textlist list)
{
    writer_text16(w, (struct text){(const char *)list.data, list.len});
}
