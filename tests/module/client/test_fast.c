#include "module/client/fast.h"

#include <errno.h>

#include "tests/module/client/call.h"
#include "tests/module/client/fake_view.h"
#include "tests/suite.h"

#define PATIENT_MS 20000

static struct fake fake;
static struct fake_view view;
static struct view_bucket *bucket;

/* A daemon that hands out a view with CALL_TOKEN in it, and a handle on it. */
static stkgate *begin(void)
{
    struct record record = fake_view_record(CALL_TOKEN);
    fake_view_make(&view, 4);
    bucket = fake_view_put(&view, &record);
    fake_view_lease(&view, 5);
    fake_init(&fake);
    fake.direct = true;
    fake_view_hand_out(&view, &fake);
    fake_start(&fake);
    return call_open(&fake, PATIENT_MS);
}

static void end(stkgate *gate)
{
    stkgate_close(gate);
    fake_deinit(&fake);
    fake_view_free(&view);
}

START_TEST(asks_once_and_decides_by_itself_from_then_on)
{
    struct stkgate_request request = call_request();
    struct stkgate_verdict verdict;
    stkgate *gate = begin();
    ck_assert_int_eq(call_check(gate), 0);
    ck_assert_uint_eq(fake.checks, 1);
    ck_assert_uint_eq(fake.attaches, 1);
    request.cost = 7;
    ck_assert_int_eq(call_put(gate, &request, &verdict), 0);
    ck_assert_uint_eq(verdict.status, 200);
    ck_assert_uint_eq(verdict.remaining, 53);
    ck_assert_str_eq(verdict.key_id, "key_0123456789ABCDEF");
    ck_assert_str_eq(verdict.site, "kasa");
    ck_assert_uint_eq(fake.checks, 1);
    ck_assert_uint_eq(bucket->allowed, 1);
    ck_assert_uint_eq(bucket->refused, 0);
    end(gate);
}
END_TEST

SUITE_MAIN("fast", asks_once_and_decides_by_itself_from_then_on)
