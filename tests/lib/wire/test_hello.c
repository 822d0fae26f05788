#include "tests/lib/wire/golden.h"

#include "tests/suite.h"

static int read_hello(struct frame *frame)
{
    struct hello hello;
    return hello_read(frame, &hello);
}

static size_t write_service(uint8_t buffer[static WIRE_FRAME_MAX], struct text service)
{
    struct hello hello = {.service = service};
    return hello_write(buffer, WIRE_FRAME_MAX, 1, &hello);
}

START_TEST(writes_the_bytes_of_old)
{
    uint8_t buffer[WIRE_FRAME_MAX];
    golden_expect("hello", buffer, write_service(buffer, TEXT("storefront")));
}
END_TEST

START_TEST(reads_what_was_written)
{
    struct golden golden;
    struct frame frame;
    struct hello hello;
    golden_load("hello", &golden);
    ck_assert_int_eq(frame_open(golden.bytes, golden.len, &frame), 0);
    ck_assert_int_eq(hello_read(&frame, &hello), 0);
    ck_assert(text_equal(hello.service, TEXT("storefront")));
}
END_TEST

START_TEST(refuses_all_but_the_whole_frame)
{
    struct golden golden;
    golden_load("hello", &golden);
    golden_refuse_every_truncation(&golden, read_hello);
    golden_refuse_every_extension(&golden, read_hello);
    golden_refuse_other_types(&golden, read_hello);
    golden_survive_every_byte(&golden, read_hello);
}
END_TEST

START_TEST(refuses_what_is_no_service_name)
{
    static const char long_name[SERVICE_MAX + 1] =
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const struct text names[] = {
        TEXT(""),     TEXT("../secret"), TEXT("Storefront"),
        TEXT("a\0b"), TEXT("a b"),       {long_name, sizeof long_name},
    };
    uint8_t buffer[WIRE_FRAME_MAX];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t len = write_service(buffer, names[i]);
        ck_assert_uint_gt(len, 0);
        ck_assert_int_eq(golden_try(buffer, len, read_hello), -EBADMSG);
    }
    size_t len = write_service(buffer, (struct text){long_name, SERVICE_MAX});
    ck_assert_int_eq(golden_try(buffer, len, read_hello), 0);
}
END_TEST

START_TEST(has_no_length_when_it_does_not_fit)
{
    uint8_t buffer[WIRE_FRAME_MAX];
    struct hello hello = {.service = TEXT("storefront")};
    size_t len = hello_write(buffer, sizeof buffer, 1, &hello);
    for (size_t capacity = 0; capacity < len; capacity++)
        ck_assert_uint_eq(hello_write(buffer, capacity, 1, &hello), 0);
}
END_TEST

SUITE_MAIN("hello", writes_the_bytes_of_old, reads_what_was_written,
           refuses_all_but_the_whole_frame, refuses_what_is_no_service_name,
           has_no_length_when_it_does_not_fit)
