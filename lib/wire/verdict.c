#include "lib/core/moment.h"
#include "lib/wire/message.h"

_Static_assert(WIRE_HEADER_BYTES + 8 + 2 + 9 * 8 + 2 * 8 + 3 + KEY_ID_LEN + SITE_MAX +
                       LINK_MAX_LEN <=
                   VERDICT_FRAME_MAX,
               "a VERDICT fits");

size_t verdict_write(void *buffer, size_t capacity, uint32_t id, uint64_t generation,
                     const struct verdict *verdict)
{
    struct writer w;
    frame_begin(&w, buffer, capacity, WIRE_VERDICT, id);
    writer_u64(&w, generation);
    writer_u8(&w, (uint8_t)verdict->reason);
    writer_u8(&w, (uint8_t)verdict->kind);
    writer_u64(&w, verdict->scopes);
    writer_u64(&w, verdict->needed);
    writer_u64(&w, verdict->limit);
    writer_u64(&w, verdict->window_ns);
    writer_u64(&w, verdict->burst);
    writer_u64(&w, verdict->remaining);
    writer_u64(&w, verdict->reset_ns);
    writer_u64(&w, verdict->retry_ns);
    writer_u64(&w, verdict->next_ns);
    writer_i64(&w, verdict->deprecation_at);
    writer_i64(&w, verdict->sunset_at);
    writer_text8(&w, text_of(verdict->key_id));
    writer_text8(&w, text_of(verdict->site));
    writer_text8(&w, text_of(verdict->link));
    return frame_end(&w);
}

static void read_numbers(struct reader *r, struct verdict *ret)
{
    ret->scopes = reader_u64(r);
    ret->needed = reader_u64(r);
    ret->limit = reader_u64(r);
    ret->window_ns = reader_u64(r);
    ret->burst = reader_u64(r);
    ret->remaining = reader_u64(r);
    ret->reset_ns = reader_u64(r);
    ret->retry_ns = reader_u64(r);
    ret->next_ns = reader_u64(r);
}

static int64_t read_moment(struct reader *r)
{
    int64_t unix_s = reader_i64(r);
    reader_require(r, unix_s >= 0 && unix_s <= MOMENT_MAX_S);
    return unix_s;
}

/* These end up in logs and header fields: nothing but their own characters may be in them. */
static void read_texts(struct reader *r, struct verdict *ret)
{
    struct text key_id = reader_text8(r, KEY_ID_LEN);
    struct text site = reader_text8(r, SITE_MAX);
    struct text link = reader_text8(r, LINK_MAX_LEN);
    reader_require(r, key_id.len == 0 || key_id_is_valid(key_id));
    reader_require(r, site.len == 0 || text_is_site(site));
    reader_require(r, link.len == 0 || text_is_link(link));
    reader_require(r, text_copy(key_id, ret->key_id, sizeof ret->key_id));
    reader_require(r, text_copy(site, ret->site, sizeof ret->site));
    reader_require(r, text_copy(link, ret->link, sizeof ret->link));
}

int verdict_read(struct frame *frame, uint64_t *ret_generation, struct verdict *ret)
{
    struct reader *r = &frame->payload;
    *ret_generation = reader_u64(r);
    uint8_t reason = reader_u8(r);
    uint8_t kind = reader_u8(r);
    reader_require(r, reason < REASON_COUNT);
    reader_require(r, kind <= KIND_LEGACY);
    ret->reason = (enum reason)reason;
    ret->kind = (enum kind)kind;
    read_numbers(r, ret);
    ret->deprecation_at = read_moment(r);
    ret->sunset_at = read_moment(r);
    read_texts(r, ret);
    return frame_close(frame, WIRE_VERDICT);
}
