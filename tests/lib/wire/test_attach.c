#include "tests/lib/wire/golden.h"

#include "tests/suite.h"

static int read_attached(struct frame *frame)
{
    struct attached attached;
    return attached_read(frame, &attached);
}

static const struct attached attached = {
    .clock_ns = UINT64_C(0x1122334455667788),
    .view_bytes = UINT64_C(0xd12000),
    .bucket_bytes = UINT64_C(0x200000),
};

START_TEST(writes_the_bytes_of_old)
{
    uint8_t buffer[WIRE_FRAME_MAX];
    const struct attached none = {.clock_ns = attached.clock_ns};
    golden_expect("attach", buffer, attach_write(buffer, sizeof buffer, 8));
    golden_expect("attached", buffer, attached_write(buffer, sizeof buffer, 9, &attached));
    golden_expect("attached-none", buffer, attached_write(buffer, sizeof buffer, 10, &none));
}
END_TEST

START_TEST(reads_what_was_written)
{
    struct golden golden;
    struct frame frame;
    struct attached read;
    golden_load("attached", &golden);
    ck_assert_uint_eq(golden.len, ATTACHED_FRAME_BYTES);
    ck_assert_int_eq(frame_open(golden.bytes, golden.len, &frame), 0);
    ck_assert_uint_eq(frame.id, 9);
    ck_assert_int_eq(attached_read(&frame, &read), 0);
    ck_assert_uint_eq(read.clock_ns, attached.clock_ns);
    ck_assert_uint_eq(read.view_bytes, attached.view_bytes);
    ck_assert_uint_eq(read.bucket_bytes, attached.bucket_bytes);

    golden_load("attached-none", &golden);
    ck_assert_int_eq(frame_open(golden.bytes, golden.len, &frame), 0);
    ck_assert_int_eq(attached_read(&frame, &read), 0);
    ck_assert_uint_eq(read.clock_ns, attached.clock_ns);
    ck_assert_uint_eq(read.view_bytes, 0);
    ck_assert_uint_eq(read.bucket_bytes, 0);
}
END_TEST

START_TEST(refuses_all_but_the_whole_frame)
{
    static const struct {
        const char *name;
        golden_read_fn read;
    } frames[] = {
        {"attach", attach_read}, {"attached", read_attached}, {"attached-none", read_attached}};
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        struct golden golden;
        golden_load(frames[i].name, &golden);
        golden_refuse_every_truncation(&golden, frames[i].read);
        golden_refuse_every_extension(&golden, frames[i].read);
        golden_refuse_other_types(&golden, frames[i].read);
        golden_survive_every_byte(&golden, frames[i].read);
    }
}
END_TEST

START_TEST(refuses_a_view_without_buckets_and_buckets_without_a_view)
{
    uint8_t buffer[WIRE_FRAME_MAX];
    struct attached half = attached;
    half.bucket_bytes = 0;
    size_t len = attached_write(buffer, sizeof buffer, 1, &half);
    ck_assert_int_eq(golden_try(buffer, len, read_attached), -EBADMSG);
    half = attached;
    half.view_bytes = 0;
    len = attached_write(buffer, sizeof buffer, 1, &half);
    ck_assert_int_eq(golden_try(buffer, len, read_attached), -EBADMSG);
}
END_TEST

START_TEST(has_no_length_when_it_does_not_fit)
{
    uint8_t buffer[WIRE_FRAME_MAX];
    for (size_t capacity = 0; capacity < WIRE_HEADER_BYTES; capacity++)
        ck_assert_uint_eq(attach_write(buffer, capacity, 1), 0);
    for (size_t capacity = 0; capacity < ATTACHED_FRAME_BYTES; capacity++)
        ck_assert_uint_eq(attached_write(buffer, capacity, 1, &attached), 0);
}
END_TEST

SUITE_MAIN("attach", writes_the_bytes_of_old, reads_what_was_written,
           refuses_all_but_the_whole_frame,
           refuses_a_view_without_buckets_and_buckets_without_a_view,
           has_no_length_when_it_does_not_fit)
