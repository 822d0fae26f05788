#include "lib/core/cursor.h"

#include "tests/suite.h"

START_TEST(writes_little_endian)
{
    uint8_t buffer[64];
    struct writer w;
    writer_init(&w, buffer, sizeof buffer);
    writer_u8(&w, 0x01);
    writer_u16(&w, 0x0302);
    writer_u32(&w, 0x07060504);
    writer_u64(&w, UINT64_C(0x0f0e0d0c0b0a0908));
    writer_i64(&w, -2);
    writer_bytes(&w, "xy", 2);
    writer_text8(&w, TEXT("ab"));
    writer_text16(&w, TEXT("c"));
    writer_textlist(&w, (struct textlist){(const uint8_t *)"\1d", 2});
    static const uint8_t expected[] = {
        1,    2,    3,    4,    5,    6,   7,   8, 9,   10,  11, 12, 13,  14, 15, 0xfe, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 'x', 'y', 2, 'a', 'b', 1,  0,  'c', 2,  0,  1,    'd'};
    ck_assert(!w.failed);
    ck_assert_uint_eq(w.len, sizeof expected);
    ck_assert_mem_eq(buffer, expected, sizeof expected);
}
END_TEST

START_TEST(reads_what_was_written)
{
    uint8_t buffer[64], raw[2];
    struct writer w;
    writer_init(&w, buffer, sizeof buffer);
    writer_u8(&w, 0xff);
    writer_u16(&w, 0xfffe);
    writer_u32(&w, 0xfffffffd);
    writer_u64(&w, UINT64_C(0xfffffffffffffffc));
    writer_i64(&w, INT64_MIN);
    writer_bytes(&w, "xy", 2);
    writer_text8(&w, TEXT("a\0b"));
    writer_text16(&w, (struct text){NULL, 0});
    writer_textlist(&w, (struct textlist){(const uint8_t *)"\1d\2ef", 5});

    struct reader r;
    reader_init(&r, buffer, w.len);
    ck_assert_uint_eq(reader_u8(&r), 0xff);
    ck_assert_uint_eq(reader_u16(&r), 0xfffe);
    ck_assert_uint_eq(reader_u32(&r), 0xfffffffd);
    ck_assert_uint_eq(reader_u64(&r), UINT64_C(0xfffffffffffffffc));
    ck_assert_int_eq(reader_i64(&r), INT64_MIN);
    reader_bytes(&r, raw, sizeof raw);
    ck_assert_mem_eq(raw, "xy", 2);
    ck_assert(text_equal(reader_text8(&r, 3), TEXT("a\0b")));
    ck_assert_uint_eq(reader_text16(&r, 0).len, 0);
    ck_assert(!reader_finished(&r));
    ck_assert(textlist_contains(reader_textlist(&r, 5), TEXT("ef")));
    ck_assert(reader_finished(&r));
}
END_TEST

START_TEST(a_failed_read_gives_zeroes_and_sticks)
{
    uint8_t raw[4] = {1, 2, 3, 4};
    struct reader r;
    reader_init(&r, "\1\2\3", 3);
    ck_assert_uint_eq(reader_u32(&r), 0);
    ck_assert(r.failed);
    /* one byte would have been there */
    ck_assert_uint_eq(reader_u8(&r), 0);
    ck_assert_uint_eq(reader_u16(&r), 0);
    ck_assert_uint_eq(reader_u64(&r), 0);
    reader_bytes(&r, raw, sizeof raw);
    ck_assert_mem_eq(raw, "\0\0\0\0", 4);
    ck_assert_uint_eq(reader_text8(&r, 10).len, 0);
    ck_assert_uint_eq(reader_textlist(&r, 10).len, 0);
    ck_assert(!reader_finished(&r));
}
END_TEST

START_TEST(reads_of_every_size_stay_within_bounds)
{
    struct reader r;
    for (size_t len = 0; len < 8; len++) {
        reader_init(&r, "\7\0\0\0\0\0\0\0", len);
        ck_assert_uint_eq(reader_u64(&r), 0);
        ck_assert(r.failed);
        reader_init(&r, "\7\0\0\0\0\0\0\0", len);
        ck_assert_uint_eq(reader_text8(&r, 255).len, 0);
        ck_assert(r.failed);
    }
    reader_init(&r, NULL, 0);
    ck_assert(reader_finished(&r));
    ck_assert_uint_eq(reader_u8(&r), 0);
    ck_assert(r.failed);
}
END_TEST

START_TEST(a_text_longer_than_allowed_fails)
{
    struct reader r;
    reader_init(&r, "\3abc", 4);
    ck_assert_uint_eq(reader_text8(&r, 2).len, 0);
    ck_assert(r.failed);
    reader_init(&r, "\3\0abc", 5);
    ck_assert_uint_eq(reader_text16(&r, 2).len, 0);
    ck_assert(r.failed);
}
END_TEST

START_TEST(a_damaged_list_fails)
{
    struct reader r;
    reader_init(&r, "\2\0\2a", 4);
    ck_assert_uint_eq(reader_textlist(&r, 10).len, 0);
    ck_assert(r.failed);
    reader_init(&r, "\1\0\0", 3);
    ck_assert_uint_eq(reader_textlist(&r, 10).len, 0);
    ck_assert(r.failed);
}
END_TEST

START_TEST(what_is_left_over_is_not_finished)
{
    struct reader r;
    reader_init(&r, "\1\2", 2);
    reader_u8(&r);
    ck_assert(!r.failed);
    ck_assert(!reader_finished(&r));
    reader_require(&r, true);
    reader_u8(&r);
    ck_assert(reader_finished(&r));
    reader_require(&r, false);
    ck_assert(!reader_finished(&r));
}
END_TEST

START_TEST(a_full_writer_writes_nothing_more)
{
    uint8_t buffer[4] = {9, 9, 9, 9};
    struct writer w;
    writer_init(&w, buffer, 3);
    writer_u16(&w, 0x0201);
    writer_u16(&w, 0x0403);
    ck_assert(w.failed);
    writer_u8(&w, 5); /* would fit, but a gap must not arise */
    writer_bytes(&w, "x", 1);
    ck_assert_uint_eq(w.len, 2);
    ck_assert_mem_eq(buffer, "\1\2\11\11", 4);
}
END_TEST

START_TEST(a_text_too_long_for_its_prefix_fails)
{
    static uint8_t buffer[70000];
    static char long_text[65536];
    struct writer w;
    writer_init(&w, buffer, sizeof buffer);
    writer_text8(&w, (struct text){long_text, 255});
    ck_assert(!w.failed);
    writer_text8(&w, (struct text){long_text, 256});
    ck_assert(w.failed);
    writer_init(&w, buffer, sizeof buffer);
    writer_text16(&w, (struct text){long_text, 65535});
    ck_assert(!w.failed);
    writer_init(&w, buffer, sizeof buffer);
    writer_text16(&w, (struct text){long_text, 65536});
    ck_assert(w.failed);
    ck_assert_uint_eq(w.len, 0);
}
END_TEST

SUITE_MAIN("cursor", writes_little_endian, reads_what_was_written,
           a_failed_read_gives_zeroes_and_sticks, reads_of_every_size_stay_within_bounds,
           a_text_longer_than_allowed_fails, a_damaged_list_fails,
           what_is_left_over_is_not_finished, a_full_writer_writes_nothing_more,
           a_text_too_long_for_its_prefix_fails)
