#include "lib/wire/frame.h"

#include <errno.h>

#include "tests/suite.h"

static const uint8_t empty_hello[] = {0x53, 0x47, 1, WIRE_HELLO, 0x78, 0x56, 0x34, 0x12};

START_TEST(begins_with_the_header_that_it_documents)
{
    uint8_t buffer[WIRE_FRAME_MAX];
    struct writer w;
    frame_begin(&w, buffer, sizeof buffer, WIRE_HELLO, 0x12345678);
    ck_assert_uint_eq(frame_end(&w), WIRE_HEADER_BYTES);
    ck_assert_mem_eq(buffer, empty_hello, sizeof empty_hello);
}
END_TEST

START_TEST(opens_what_was_begun)
{
    struct frame frame;
    ck_assert_int_eq(frame_open(empty_hello, sizeof empty_hello, &frame), 0);
    ck_assert_uint_eq(frame.type, WIRE_HELLO);
    ck_assert_uint_eq(frame.id, 0x12345678);
    ck_assert_uint_eq(frame.payload.left, 0);
    ck_assert_int_eq(frame_close(&frame, WIRE_HELLO), 0);
    ck_assert_int_eq(frame_close(&frame, WIRE_CHECK), -EBADMSG);
}
END_TEST

START_TEST(refuses_a_frame_without_a_whole_header)
{
    struct frame frame;
    for (size_t len = 0; len < WIRE_HEADER_BYTES; len++)
        ck_assert_int_eq(frame_open(empty_hello, len, &frame), -EBADMSG);
}
END_TEST

START_TEST(refuses_a_frame_that_is_too_long)
{
    static uint8_t bytes[WIRE_FRAME_MAX + 1];
    struct frame frame;
    memcpy(bytes, empty_hello, sizeof empty_hello);
    ck_assert_int_eq(frame_open(bytes, WIRE_FRAME_MAX, &frame), 0);
    ck_assert_int_eq(frame_open(bytes, WIRE_FRAME_MAX + 1, &frame), -EBADMSG);
}
END_TEST

START_TEST(refuses_another_magic)
{
    struct frame frame;
    for (size_t at = 0; at < 2; at++) {
        uint8_t bytes[sizeof empty_hello];
        memcpy(bytes, empty_hello, sizeof bytes);
        bytes[at] ^= 1;
        ck_assert_int_eq(frame_open(bytes, sizeof bytes, &frame), -EBADMSG);
    }
}
END_TEST

START_TEST(tells_another_version_and_its_id)
{
    for (unsigned version = 0; version < 256; version++) {
        uint8_t bytes[sizeof empty_hello];
        struct frame frame = {0};
        memcpy(bytes, empty_hello, sizeof bytes);
        bytes[2] = (uint8_t)version;
        ck_assert_int_eq(frame_open(bytes, sizeof bytes, &frame),
                         version == WIRE_VERSION ? 0 : -EPROTONOSUPPORT);
        ck_assert_uint_eq(frame.id, 0x12345678);
    }
}
END_TEST

START_TEST(closes_only_what_was_read_to_the_last_byte)
{
    uint8_t bytes[sizeof empty_hello + 1] = {0};
    struct frame frame;
    memcpy(bytes, empty_hello, sizeof empty_hello);
    ck_assert_int_eq(frame_open(bytes, sizeof bytes, &frame), 0);
    ck_assert_int_eq(frame_close(&frame, WIRE_HELLO), -EBADMSG);
    reader_u8(&frame.payload);
    ck_assert_int_eq(frame_close(&frame, WIRE_HELLO), 0);
    reader_u8(&frame.payload);
    ck_assert_int_eq(frame_close(&frame, WIRE_HELLO), -EBADMSG);
}
END_TEST

START_TEST(has_no_length_when_it_does_not_fit)
{
    uint8_t buffer[WIRE_HEADER_BYTES + 1];
    struct writer w;
    for (size_t capacity = 0; capacity <= sizeof buffer; capacity++) {
        frame_begin(&w, buffer, capacity, WIRE_HELLO, 1);
        writer_u8(&w, 0);
        ck_assert_uint_eq(frame_end(&w), capacity == sizeof buffer ? capacity : 0);
    }
}
END_TEST

START_TEST(never_writes_a_frame_that_is_too_long)
{
    static uint8_t buffer[2 * WIRE_FRAME_MAX];
    static const uint8_t payload[WIRE_FRAME_MAX];
    struct writer w;
    frame_begin(&w, buffer, sizeof buffer, WIRE_HELLO, 1);
    writer_bytes(&w, payload, WIRE_FRAME_MAX - WIRE_HEADER_BYTES);
    ck_assert_uint_eq(frame_end(&w), WIRE_FRAME_MAX);
    writer_u8(&w, 0);
    ck_assert_uint_eq(frame_end(&w), 0);
}
END_TEST

SUITE_MAIN("frame", begins_with_the_header_that_it_documents, opens_what_was_begun,
           refuses_a_frame_without_a_whole_header, refuses_a_frame_that_is_too_long,
           refuses_another_magic, tells_another_version_and_its_id,
           closes_only_what_was_read_to_the_last_byte, has_no_length_when_it_does_not_fit,
           never_writes_a_frame_that_is_too_long)
