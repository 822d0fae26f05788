/* call.h - calls that tests make, and what must hold after any of them
 */
#ifndef STKGATE_TESTS_MODULE_CLIENT_CALL_H
#define STKGATE_TESTS_MODULE_CLIENT_CALL_H

#include <check.h>
#include <sched.h>
#include <time.h>

#include <stkgate.h>

#include "tests/module/client/fake.h"

#define CALL_TOKEN  "stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"
#define CALL_LEGACY "old-api-key-of-kasa"
/* Far above every deadline that tests set, far below what a hang takes. */
#define CALL_BOUND_S 5

static inline double call_clock_s(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static inline stkgate *call_open(const struct fake *fake, uint32_t deadline_ms)
{
    struct stkgate_options options = STKGATE_OPTIONS_INIT;
    stkgate *gate = NULL;
    options.runtime = fake->runtime;
    options.deadline_ms = deadline_ms;
    ck_assert_int_eq(stkgate_open(&gate, "storefront", &options), 0);
    return gate;
}

static inline struct stkgate_request call_request(void)
{
    struct stkgate_request request = STKGATE_REQUEST_INIT;
    request.token = stkgate_text(CALL_TOKEN);
    request.site = stkgate_text("kasa");
    request.origin = stkgate_text("https://shop.example");
    request.cost = 1;
    return request;
}

/* A refusal of 503 that says nothing about anybody. */
static inline void call_expect_refusal(const struct stkgate_verdict *verdict)
{
    static const struct stkgate_verdict refusal = STKGATE_VERDICT_INIT;
    ck_assert_uint_eq(verdict->status, 503);
    ck_assert_mem_eq(verdict, &refusal, offsetof(struct stkgate_verdict, key_id));
    ck_assert_str_eq(verdict->key_id, "");
    ck_assert_str_eq(verdict->site, "");
    ck_assert_str_eq(verdict->link, "");
}

/* Makes a call into a verdict that looked allowed before. Whatever it returns, the verdict fits,
 * and it took no longer than it may. */
static inline int call_put(stkgate *gate, const struct stkgate_request *request,
                           struct stkgate_verdict *ret)
{
    memset(ret, 0xff, sizeof *ret);
    ret->size = sizeof *ret;
    ret->status = 200;
    ret->reason = STKGATE_OK;
    double start_s = call_clock_s();
    int r = stkgate_check(gate, request, ret);
    ck_assert_double_lt(call_clock_s() - start_s, CALL_BOUND_S);
    ck_assert_uint_eq(ret->size, sizeof *ret);
    if (r < 0)
        call_expect_refusal(ret);
    return r;
}

static inline int call_check(stkgate *gate)
{
    struct stkgate_request request = call_request();
    struct stkgate_verdict verdict;
    int r = call_put(gate, &request, &verdict);
    ck_assert(r < 0 || verdict.status == 200);
    return r;
}

/* Call until it is answered: the next attempt may not be due yet. */
static inline void call_until_answered(stkgate *gate)
{
    double start_s = call_clock_s();
    while (call_check(gate) < 0) {
        ck_assert_double_lt(call_clock_s() - start_s, 4 * CALL_BOUND_S);
        sched_yield();
    }
}

#endif
