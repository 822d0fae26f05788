/* cursor.h - bounded reading and writing of bytes, with an error that sticks
 *
 * Untrusted bytes go through here. A reader or writer that once ran out of room stays failed: reads
 * give zeroes and empty texts, writes do nothing; test once, at the end. Numbers are little-endian.
 * Pure; one cursor belongs to one thread.
 */
#ifndef STKGATE_CORE_CURSOR_H
#define STKGATE_CORE_CURSOR_H

#include "lib/core/text.h"

struct reader {
    const uint8_t *at;
    size_t left; /* bytes */
    bool failed;
};

void reader_init(struct reader *r, const void *bytes, size_t len);
uint8_t reader_u8(struct reader *r);
uint16_t reader_u16(struct reader *r);
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);
int64_t reader_i64(struct reader *r);
/* Copies len bytes to out, or zeroes it. */
void reader_bytes(struct reader *r, void *out, size_t len);
/* A length byte (text8) or two (text16), then that many bytes; longer than max fails. The text
 * points into the bytes that the reader was given. */
struct text reader_text8(struct reader *r, size_t max);
struct text reader_text16(struct reader *r, size_t max);
/* A packed list, preceded by its length in bytes (16 bits); fails unless textlist_is_valid(). */
struct textlist reader_textlist(struct reader *r, size_t max);
/* Fails unless cond: for ranges of values. */
void reader_require(struct reader *r, bool cond);
/* Nothing failed and nothing is left over. */
bool reader_finished(const struct reader *r);

struct writer {
    uint8_t *start;
    size_t len;      /* bytes written */
    size_t capacity; /* bytes */
    bool failed;
};

void writer_init(struct writer *w, void *buffer, size_t capacity);
void writer_u8(struct writer *w, uint8_t v);
void writer_u16(struct writer *w, uint16_t v);
void writer_u32(struct writer *w, uint32_t v);
void writer_u64(struct writer *w, uint64_t v);
void writer_i64(struct writer *w, int64_t v);
void writer_bytes(struct writer *w, const void *bytes, size_t len);
/* A text too long for its length prefix fails. */
void writer_text8(struct writer *w, struct text t);
void writer_text16(struct writer *w, struct text t);
void writer_textlist(struct writer *w, struct textlist list);

#endif
