#include "tests/lib/wire/golden.h"

#include "lib/core/origin.h"
#include "tests/suite.h"

/* Where in the frame things stand. */
enum { AT_FORM = 8, AT_KIND = 9, AT_FLAGS = 10 };

static int read_check(struct frame *frame)
{
    struct query query;
    return check_read(frame, &query);
}

static struct query token_query(void)
{
    struct query query = {
        .form = CREDENTIAL_TOKEN,
        .kind = KIND_LIVE,
        .site = TEXT("kasa"),
        .origin = TEXT("https://shop.example"),
        .scopes = 6,
        .cost = 2,
    };
    for (unsigned i = 0; i < DIGEST_BYTES; i++)
        query.digest[i] = (uint8_t)(0xe0 + i);
    return query;
}

static struct query legacy_query(void)
{
    struct query query = token_query();
    query.form = CREDENTIAL_LEGACY;
    query.kind = KIND_LEGACY;
    query.origin = TEXT("");
    query.cost = 0;
    query.peek = true;
    return query;
}

static void round_trip(const struct query *query, struct query *ret,
                       uint8_t buffer[static WIRE_FRAME_MAX])
{
    struct frame frame;
    size_t len = check_write(buffer, CHECK_FRAME_MAX, 9, query);
    ck_assert_uint_gt(len, 0);
    ck_assert_int_eq(frame_open(buffer, len, &frame), 0);
    ck_assert_uint_eq(frame.id, 9);
    ck_assert_int_eq(check_read(&frame, ret), 0);
}

START_TEST(writes_the_bytes_of_old)
{
    uint8_t buffer[WIRE_FRAME_MAX];
    struct query query = token_query();
    golden_expect("check", buffer, check_write(buffer, sizeof buffer, 2, &query));
    query = legacy_query();
    golden_expect("check-legacy", buffer, check_write(buffer, sizeof buffer, 3, &query));
}
END_TEST

START_TEST(reads_what_was_written)
{
    const struct query queries[] = {token_query(), legacy_query()};
    for (size_t i = 0; i < 2; i++) {
        uint8_t buffer[WIRE_FRAME_MAX];
        struct query got;
        round_trip(&queries[i], &got, buffer);
        ck_assert_int_eq(got.form, queries[i].form);
        ck_assert_int_eq(got.kind, queries[i].kind);
        ck_assert_mem_eq(got.digest, queries[i].digest, DIGEST_BYTES);
        ck_assert(text_equal(got.site, queries[i].site));
        ck_assert(text_equal(got.origin, queries[i].origin));
        ck_assert_uint_eq(got.scopes, queries[i].scopes);
        ck_assert_uint_eq(got.cost, queries[i].cost);
        ck_assert_int_eq(got.peek, queries[i].peek);
    }
}
END_TEST

START_TEST(refuses_all_but_the_whole_frame)
{
    const char *const names[] = {"check", "check-legacy"};
    for (size_t i = 0; i < 2; i++) {
        struct golden golden;
        golden_load(names[i], &golden);
        golden_refuse_every_truncation(&golden, read_check);
        golden_refuse_every_extension(&golden, read_check);
        golden_refuse_other_types(&golden, read_check);
        golden_survive_every_byte(&golden, read_check);
    }
}
END_TEST

START_TEST(refuses_forms_that_do_not_fit_their_kind)
{
    struct golden golden;
    golden_load("check", &golden);
    for (unsigned form = 0; form < 256; form++) {
        for (unsigned kind = 0; kind < 256; kind++) {
            bool fits = (form == CREDENTIAL_TOKEN && (kind == KIND_LIVE || kind == KIND_TEST)) ||
                        (form == CREDENTIAL_LEGACY && kind == KIND_LEGACY);
            golden.bytes[AT_FORM] = (uint8_t)form;
            golden.bytes[AT_KIND] = (uint8_t)kind;
            ck_assert_int_eq(golden_try(golden.bytes, golden.len, read_check), fits ? 0 : -EBADMSG);
        }
    }
}
END_TEST

START_TEST(refuses_flags_that_it_does_not_know)
{
    struct golden golden;
    golden_load("check", &golden);
    for (unsigned flags = 2; flags < 256; flags++)
        golden_refuse_with(&golden, AT_FLAGS, (uint8_t)flags, read_check);
}
END_TEST

START_TEST(cuts_what_is_too_long_to_match_and_keeps_it_so)
{
    static char bytes[1 << 20];
    uint8_t buffer[WIRE_FRAME_MAX];
    struct query query = token_query();
    struct query got;
    memset(bytes, 'a', sizeof bytes);

    query.site = (struct text){bytes, SITE_MAX};
    query.origin = (struct text){bytes, ORIGIN_MAX};
    round_trip(&query, &got, buffer);
    ck_assert_uint_eq(got.site.len, SITE_MAX);
    ck_assert_uint_eq(got.origin.len, ORIGIN_MAX);

    query.site = (struct text){bytes, sizeof bytes};
    query.origin = (struct text){bytes, sizeof bytes};
    round_trip(&query, &got, buffer);
    ck_assert_uint_eq(got.site.len, SITE_MAX + 1);
    ck_assert_uint_eq(got.origin.len, ORIGIN_MAX + 1);
}
END_TEST

/* Another client than ours may not have cut. */
START_TEST(refuses_what_was_not_cut)
{
    struct frame frame;
    for (int origin = 0; origin < 2; origin++) {
        uint8_t buffer[WIRE_FRAME_MAX];
        static const char bytes[ORIGIN_MAX + 2] = {0};
        struct writer w;
        frame_begin(&w, buffer, sizeof buffer, WIRE_CHECK, 1);
        writer_u8(&w, CREDENTIAL_TOKEN);
        writer_u8(&w, KIND_LIVE);
        writer_u8(&w, 0);
        writer_bytes(&w, bytes, DIGEST_BYTES);
        writer_u64(&w, 0);
        writer_u64(&w, 0);
        writer_text8(&w, (struct text){bytes, origin ? 0 : SITE_MAX + 2});
        writer_text16(&w, (struct text){bytes, origin ? ORIGIN_MAX + 2 : 0});
        ck_assert_int_eq(frame_open(buffer, frame_end(&w), &frame), 0);
        ck_assert_int_eq(read_check(&frame), -EBADMSG);
    }
}
END_TEST

START_TEST(has_no_length_when_it_does_not_fit)
{
    uint8_t buffer[WIRE_FRAME_MAX];
    struct query query = token_query();
    size_t len = check_write(buffer, sizeof buffer, 1, &query);
    for (size_t capacity = 0; capacity < len; capacity++)
        ck_assert_uint_eq(check_write(buffer, capacity, 1, &query), 0);
}
END_TEST

SUITE_MAIN("check", writes_the_bytes_of_old, reads_what_was_written,
           refuses_all_but_the_whole_frame, refuses_forms_that_do_not_fit_their_kind,
           refuses_flags_that_it_does_not_know, cuts_what_is_too_long_to_match_and_keeps_it_so,
           refuses_what_was_not_cut, has_no_length_when_it_does_not_fit)
