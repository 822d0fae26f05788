#include "lib/core/origin.h"
#include "lib/wire/message.h"

#define FLAG_PEEK 1u

_Static_assert(WIRE_HEADER_BYTES + 3 + DIGEST_BYTES + 16 + 1 + SITE_MAX + 1 + 2 + ORIGIN_MAX + 1 <=
                   CHECK_FRAME_MAX,
               "a CHECK fits");

/* One byte more than any that could match: still no match, but no longer as long as a remote
 * caller pleases. */
static struct text cut(struct text t, size_t max)
{
    return (struct text){t.data, t.len <= max ? t.len : max + 1};
}

size_t check_write(void *buffer, size_t capacity, uint32_t id, const struct query *query)
{
    struct writer w;
    frame_begin(&w, buffer, capacity, WIRE_CHECK, id);
    writer_u8(&w, (uint8_t)query->form);
    writer_u8(&w, (uint8_t)query->kind);
    writer_u8(&w, query->peek ? FLAG_PEEK : 0);
    writer_bytes(&w, query->digest, DIGEST_BYTES);
    writer_u64(&w, query->scopes);
    writer_u64(&w, query->cost);
    writer_text8(&w, cut(query->site, SITE_MAX));
    writer_text16(&w, cut(query->origin, ORIGIN_MAX));
    return frame_end(&w);
}

static bool form_fits_kind(uint8_t form, uint8_t kind)
{
    if (form == CREDENTIAL_TOKEN)
        return kind == KIND_LIVE || kind == KIND_TEST;
    return form == CREDENTIAL_LEGACY && kind == KIND_LEGACY;
}

int check_read(struct frame *frame, struct query *ret)
{
    struct reader *r = &frame->payload;
    uint8_t form = reader_u8(r);
    uint8_t kind = reader_u8(r);
    uint8_t flags = reader_u8(r);
    reader_require(r, form_fits_kind(form, kind));
    reader_require(r, (flags & ~FLAG_PEEK) == 0);
    ret->form = (enum credential_form)form;
    ret->kind = (enum kind)kind;
    ret->peek = flags & FLAG_PEEK;
    reader_bytes(r, ret->digest, DIGEST_BYTES);
    ret->scopes = reader_u64(r);
    ret->cost = reader_u64(r);
    ret->site = reader_text8(r, SITE_MAX + 1);
    ret->origin = reader_text16(r, ORIGIN_MAX + 1);
    return frame_close(frame, WIRE_CHECK);
}
