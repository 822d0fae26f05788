#include "tests/lib/wire/golden.h"

#include "tests/suite.h"

enum { AT_ERROR = 8 };

static int read_error(struct frame *frame)
{
    enum wire_error error;
    return error_read(frame, &error);
}

START_TEST(writes_the_bytes_of_old)
{
    uint8_t buffer[WIRE_FRAME_MAX];
    golden_expect("error", buffer, error_write(buffer, sizeof buffer, 6, WIRE_ERROR_NOT_ALLOWED));
}
END_TEST

START_TEST(reads_what_was_written)
{
    for (int error = WIRE_ERROR_VERSION; error <= WIRE_ERROR_INTERNAL; error++) {
        uint8_t buffer[WIRE_FRAME_MAX];
        struct frame frame;
        enum wire_error got;
        size_t len = error_write(buffer, sizeof buffer, 6, (enum wire_error)error);
        ck_assert_int_eq(frame_open(buffer, len, &frame), 0);
        ck_assert_int_eq(error_read(&frame, &got), 0);
        ck_assert_int_eq(got, error);
    }
}
END_TEST

START_TEST(refuses_all_but_the_whole_frame)
{
    struct golden golden;
    golden_load("error", &golden);
    golden_refuse_every_truncation(&golden, read_error);
    golden_refuse_every_extension(&golden, read_error);
    golden_refuse_other_types(&golden, read_error);
    golden_survive_every_byte(&golden, read_error);
}
END_TEST

START_TEST(refuses_errors_that_there_are_not)
{
    struct golden golden;
    golden_load("error", &golden);
    golden_refuse_with(&golden, AT_ERROR, 0, read_error);
    for (unsigned error = WIRE_ERROR_INTERNAL + 1; error < 256; error++)
        golden_refuse_with(&golden, AT_ERROR, (uint8_t)error, read_error);
}
END_TEST

START_TEST(has_no_length_when_it_does_not_fit)
{
    uint8_t buffer[WIRE_FRAME_MAX];
    size_t len = error_write(buffer, sizeof buffer, 1, WIRE_ERROR_BUSY);
    for (size_t capacity = 0; capacity < len; capacity++)
        ck_assert_uint_eq(error_write(buffer, capacity, 1, WIRE_ERROR_BUSY), 0);
}
END_TEST

SUITE_MAIN("error", writes_the_bytes_of_old, reads_what_was_written,
           refuses_all_but_the_whole_frame, refuses_errors_that_there_are_not,
           has_no_length_when_it_does_not_fit)
