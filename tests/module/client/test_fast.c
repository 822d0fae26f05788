#include "config.h"

#include "module/client/fast.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "lib/view/lease.h"
#include "tests/module/client/direct.h"
#include "tests/suite.h"

#define OTHER_TOKEN "stk_test_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"

static struct view_header *header(void)
{
    return view.publisher.header;
}

/* ---- deciding ------------------------------------------------------------------------------ */

START_TEST(asks_once_and_decides_by_itself_from_then_on)
{
    struct stkgate_request request = call_request();
    struct stkgate_verdict verdict;
    stkgate *gate = direct_begin_attached(DIRECT_PATIENT_MS);
    request.cost = 7;
    request.scopes = 2;
    ck_assert_int_eq(call_put(gate, &request, &verdict), 0);
    ck_assert_uint_eq(verdict.status, 200);
    ck_assert_uint_eq(verdict.reason, STKGATE_OK);
    ck_assert_uint_eq(verdict.kind, STKGATE_KIND_LIVE);
    ck_assert_uint_eq(verdict.scopes, 15);
    ck_assert_uint_eq(verdict.needed, 2);
    ck_assert_uint_eq(verdict.limit, 60);
    ck_assert_uint_eq(verdict.window_ns, UINT64_C(60000000000));
    ck_assert_uint_eq(verdict.burst, 60);
    ck_assert_uint_eq(verdict.remaining, 53);
    ck_assert_str_eq(verdict.key_id, "key_0123456789ABCDEF");
    ck_assert_str_eq(verdict.site, "kasa");
    ck_assert_str_eq(verdict.link, "");
    direct_expect_asked(1, 1);
    direct_expect_alone(gate);
    direct_end(gate);
}
END_TEST

/* The bucket is the daemon's, too: what one spends, the other sees. */
START_TEST(spends_from_the_shared_bucket)
{
    struct stkgate_request request = call_request();
    struct stkgate_verdict verdict;
    stkgate *gate = direct_begin_attached(DIRECT_PATIENT_MS);
    request.cost = 60;
    ck_assert_int_eq(call_put(gate, &request, &verdict), 0);
    ck_assert_uint_eq(verdict.status, 200);
    ck_assert_uint_gt(atomic_load(&bucket->tat), fake_view_clock_ns() + UINT64_C(50) * 1000000000);
    ck_assert_int_eq(call_put(gate, &request, &verdict), 0);
    ck_assert_uint_eq(verdict.status, 429);
    atomic_store(&bucket->tat, 0);
    ck_assert_int_eq(call_put(gate, &request, &verdict), 0);
    ck_assert_uint_eq(verdict.status, 200);
    direct_expect_asked(1, 1);
    direct_end(gate);
}
END_TEST

/* A token is known again, but never what was said of it. */
START_TEST(goes_by_the_view_as_it_is_for_a_token_that_it_knows)
{
    struct stkgate_request request = call_request(), other = call_request();
    struct stkgate_verdict verdict;
    stkgate *gate = direct_begin_attached(DIRECT_PATIENT_MS);
    struct record record = fake_view_record(CALL_TOKEN);
    char blank[64];

    direct_expect_alone(gate);
    record.suspended = true;
    fake_view_put(&view, &record);
    ck_assert_int_eq(call_put(gate, &request, &verdict), 0);
    ck_assert_uint_eq(verdict.reason, STKGATE_SUSPENDED_TOKEN);
    record.suspended = false;
    record.scopes = 1; /* an edit is another slot */
    fake_view_put(&view, &record);
    request.scopes = 2;
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(call_put(gate, &request, &verdict), 0);
        ck_assert_uint_eq(verdict.reason, STKGATE_INSUFFICIENT_SCOPE);
    }
    record.revoked = true;
    fake_view_put(&view, &record);
    ck_assert_int_eq(call_put(gate, &request, &verdict), 0);
    ck_assert_uint_eq(verdict.reason, STKGATE_REVOKED_TOKEN);
    /* Another text of the same length, and the same with a blank. */
    other.token = stkgate_text("stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ4WZ4EQ");
    ck_assert_int_eq(call_put(gate, &other, &verdict), 0);
    ck_assert_uint_ne(verdict.reason, STKGATE_REVOKED_TOKEN);
    snprintf(blank, sizeof blank, " %s", CALL_TOKEN);
    other.token = stkgate_text(blank);
    ck_assert_int_eq(call_put(gate, &other, &verdict), 0);
    ck_assert_uint_eq(verdict.reason, STKGATE_REVOKED_TOKEN);
    publisher_remove(&view.publisher, record.digest);
    ck_assert_int_eq(call_put(gate, &request, &verdict), 0);
    ck_assert_uint_eq(verdict.reason, STKGATE_UNKNOWN_TOKEN);
    direct_expect_asked(1, 1);
    direct_end(gate);
}
END_TEST

static void ask_for(stkgate *gate, const struct stkgate_request *request, uint32_t reason)
{
    struct stkgate_verdict verdict;
    ck_assert_int_eq(call_put(gate, request, &verdict), 0);
    ck_assert_uint_eq(verdict.reason, reason);
}

START_TEST(refuses_for_each_reason_that_the_table_has)
{
    stkgate *gate = direct_begin_attached(DIRECT_PATIENT_MS);
    struct record record = fake_view_record(CALL_TOKEN);
    struct stkgate_request request = call_request();

    request.token = stkgate_text(NULL);
    ask_for(gate, &request, STKGATE_MISSING_TOKEN);
    request.token = stkgate_text("stk_live_x");
    ask_for(gate, &request, STKGATE_MALFORMED_TOKEN);
    request.token = stkgate_text(OTHER_TOKEN);
    ask_for(gate, &request, STKGATE_UNKNOWN_TOKEN);
    request = call_request();
    request.site = stkgate_text("lumen");
    ask_for(gate, &request, STKGATE_SITE_MISMATCH);
    request = call_request();
    request.scopes = 16;
    ask_for(gate, &request, STKGATE_INSUFFICIENT_SCOPE);
    request = call_request();
    request.cost = 61;
    ask_for(gate, &request, STKGATE_COST_EXCEEDS_BURST);
    request.cost = 60;
    ask_for(gate, &request, STKGATE_OK);
    ask_for(gate, &request, STKGATE_RATE_LIMITED);
    ck_assert_uint_eq(bucket->allowed, 1);
    ck_assert_uint_eq(bucket->refused, 4);

    record.suspended = true;
    fake_view_put(&view, &record);
    ask_for(gate, &request, STKGATE_SUSPENDED_TOKEN);
    record.revoked = true;
    fake_view_put(&view, &record);
    ask_for(gate, &request, STKGATE_REVOKED_TOKEN);
    ck_assert_uint_eq(bucket->refused, 6);
    direct_expect_asked(1, 1);
    direct_end(gate);
}
END_TEST

START_TEST(judges_origins_and_legacy_keys)
{
    static const uint8_t origins[] = "\x14https://shop.example";
    stkgate *gate = direct_begin_attached(DIRECT_PATIENT_MS);
    struct record record = fake_view_record(CALL_TOKEN);
    struct stkgate_request request = call_request();
    struct stkgate_verdict verdict;

    record.origins = (struct textlist){origins, sizeof origins - 1};
    fake_view_put(&view, &record);
    ask_for(gate, &request, STKGATE_OK);
    request.origin = stkgate_text("https://evil.example");
    ask_for(gate, &request, STKGATE_ORIGIN_DENIED);

    record = fake_view_record(CALL_TOKEN);
    record.kind = KIND_LEGACY;
    record.secret_prefix = TEXT("");
    record.deprecation_at = 1700000000;
    record.sunset_at = 4000000000;
    record.link = TEXT("https://docs.example/tokens");
    digest_legacy(TEXT(CALL_LEGACY), record.digest);
    fake_view_put(&view, &record);
    request = call_request();
    request.token = stkgate_text(NULL);
    request.api_key = stkgate_text(CALL_LEGACY);
    ck_assert_int_eq(call_put(gate, &request, &verdict), 0);
    ck_assert_uint_eq(verdict.reason, STKGATE_OK);
    ck_assert_uint_eq(verdict.kind, STKGATE_KIND_LEGACY);
    ck_assert_int_eq(verdict.deprecation, 1700000000);
    ck_assert_int_eq(verdict.sunset, 4000000000);
    ck_assert_str_eq(verdict.link, "https://docs.example/tokens");
    record.sunset_at = 1700000001;
    fake_view_put(&view, &record);
    ask_for(gate, &request, STKGATE_LEGACY_SUNSET);
    direct_expect_asked(1, 1);
    direct_end(gate);
}
END_TEST

/* The view's word for the time of day counts when the system's clock is behind it. */
START_TEST(goes_by_the_later_of_two_times_of_day)
{
    stkgate *gate = direct_begin_attached(DIRECT_PATIENT_MS);
    struct record record = fake_view_record(CALL_TOKEN);
    struct stkgate_request request = call_request();
    int64_t now_s = time(NULL);

    record.expires_at = now_s - 1;
    fake_view_put(&view, &record);
    ask_for(gate, &request, STKGATE_EXPIRED_TOKEN);
    record.expires_at = now_s + 1000;
    struct view_bucket *own = fake_view_put(&view, &record);
    ask_for(gate, &request, STKGATE_OK);
    ck_assert_uint_ge(own->last_used_s, (uint32_t)now_s);
    ck_assert_uint_lt(own->last_used_s, (uint32_t)now_s + 100);
    direct_set(&header()->wall_floor_s, (uint64_t)now_s + 999);
    ask_for(gate, &request, STKGATE_OK);
    ck_assert_uint_eq(own->last_used_s, (uint32_t)now_s + 999);
    direct_set(&header()->wall_floor_s, (uint64_t)now_s + 1000);
    ask_for(gate, &request, STKGATE_EXPIRED_TOKEN);
    direct_set(&header()->wall_floor_s, 0);
    record.expires_at = 0;
    record.grace_until = now_s - 1;
    fake_view_put(&view, &record);
    ask_for(gate, &request, STKGATE_REVOKED_TOKEN);
    record.grace_until = now_s + 1000;
    fake_view_put(&view, &record);
    ask_for(gate, &request, STKGATE_OK);
    direct_set(&header()->wall_floor_s, (uint64_t)now_s + 1000);
    ask_for(gate, &request, STKGATE_REVOKED_TOKEN);
    direct_expect_asked(1, 1);
    direct_end(gate);
}
END_TEST

START_TEST(counts_what_it_decides_but_not_a_peek)
{
    stkgate *gate = direct_begin_attached(DIRECT_PATIENT_MS);
    struct stkgate_request request = call_request();
    struct stkgate_verdict verdict;
    int64_t now_s = time(NULL);

    request.flags = STKGATE_PEEK;
    ck_assert_int_eq(call_put(gate, &request, &verdict), 0);
    ck_assert_uint_eq(verdict.remaining, 59);
    request.site = stkgate_text("lumen");
    ask_for(gate, &request, STKGATE_SITE_MISMATCH);
    ck_assert_uint_eq(bucket->tat, 0);
    ck_assert_uint_eq(bucket->allowed, 0);
    ck_assert_uint_eq(bucket->refused, 0);
    ck_assert_uint_eq(bucket->last_used_s, 0);
    request.flags = 0;
    ask_for(gate, &request, STKGATE_SITE_MISMATCH);
    ck_assert_uint_eq(bucket->refused, 1);
    ck_assert_uint_eq(bucket->last_used_s, 0);
    request = call_request();
    ask_for(gate, &request, STKGATE_OK);
    ask_for(gate, &request, STKGATE_OK);
    ck_assert_uint_eq(bucket->allowed, 2);
    ck_assert_uint_eq(bucket->refused, 1);
    ck_assert_uint_ge(bucket->last_used_s + 1, (uint32_t)now_s);
    direct_expect_asked(1, 1);
    direct_end(gate);
}
END_TEST

/* ---- asking -------------------------------------------------------------------------------- */

/* The daemon is asked each time, and not for the view; without it there is no verdict. */
static void expect_asks(stkgate *gate)
{
    unsigned checks = fake.checks, attaches = fake.attaches;
    ck_assert_int_eq(call_check(gate), 0);
    ck_assert_int_eq(call_check(gate), 0);
    direct_expect_asked(checks + 2, attaches);
    fake.on_check = FAKE_CLOSE;
    ck_assert_int_eq(call_check(gate), -ECONNRESET);
    fake.on_check = FAKE_ANSWER;
    call_until_answered(gate);
}

START_TEST(asks_for_strict_tokens)
{
    stkgate *gate = direct_begin_attached(DIRECT_PATIENT_MS);
    struct record record = fake_view_record(CALL_TOKEN);
    record.strict = true;
    fake_view_put(&view, &record);
    expect_asks(gate);
    direct_end(gate);
}
END_TEST

START_TEST(asks_for_what_has_moved)
{
    stkgate *gate = direct_begin_attached(DIRECT_PATIENT_MS);
    uint64_t tats[] = {VIEW_TAT_UNMOVED, VIEW_TAT_FROZEN};
    for (int i = 0; i < 2; i++) {
        direct_set(&bucket->tat, tats[i]);
        expect_asks(gate);
        ck_assert_uint_eq(bucket->tat, tats[i]);
    }
    direct_set(&bucket->tat, 0);
    direct_expect_alone(gate);
    struct record record = fake_view_record(CALL_TOKEN);
    publisher_hide(&view.publisher, record.digest);
    expect_asks(gate);
    direct_end(gate);
}
END_TEST

START_TEST(asks_for_the_unknown_while_the_view_is_not_complete)
{
    stkgate *gate = direct_begin_attached(DIRECT_PATIENT_MS);
    struct stkgate_request request = call_request();
    struct stkgate_verdict verdict;
    direct_set(&header()->flags, VIEW_CURRENT);
    direct_expect_alone(gate);
    request.token = stkgate_text(OTHER_TOKEN);
    ck_assert_int_eq(call_put(gate, &request, &verdict), 0);
    ck_assert_uint_eq(verdict.status, 200); /* so says the fake daemon */
    direct_expect_asked(2, 1);
    direct_set(&header()->flags, VIEW_CURRENT | VIEW_COMPLETE);
    ask_for(gate, &request, STKGATE_UNKNOWN_TOKEN);
    direct_expect_asked(2, 1);
    direct_end(gate);
}
END_TEST

/* What is no limit, or no record, is not decided from. */
START_TEST(asks_when_the_view_holds_nonsense)
{
    stkgate *gate = direct_begin_attached(DIRECT_PATIENT_MS);
    uint32_t slot = (uint32_t)(bucket - view.shared);
    _Atomic uint64_t *words = view.publisher.slots[slot].words;
    uint64_t window = words[VIEW_WORD_WINDOW], heap = words[VIEW_WORD_HEAP];
    direct_set(&words[VIEW_WORD_WINDOW], 0);
    expect_asks(gate);
    direct_set(&words[VIEW_WORD_WINDOW], window);
    direct_set(&words[VIEW_WORD_HEAP], UINT64_MAX);
    expect_asks(gate);
    direct_set(&words[VIEW_WORD_HEAP], heap);
    direct_expect_alone(gate);
    direct_end(gate);
}
END_TEST

/* ---- the lease ----------------------------------------------------------------------------- */

/* Which no process of this daemon could have written. */
START_TEST(asks_when_the_lease_is_over_or_impossible)
{
    stkgate *gate = direct_begin_attached(DIRECT_PATIENT_MS);
    uint64_t now_ns = fake_view_clock_ns();
    uint64_t leases[] = {0, now_ns, now_ns + LEASE_NS + UINT64_C(1000000000000), UINT64_MAX};
    for (size_t i = 0; i < sizeof leases / sizeof leases[0]; i++) {
        unsigned checks = fake.checks;
        direct_set(&header()->valid_until_ns, leases[i]);
        ck_assert_int_eq(call_check(gate), 0);
        ck_assert_uint_eq(fake.checks, checks + 1);
    }
    fake_view_lease(&view, 4);
    direct_expect_alone(gate);
    direct_end(gate);
}
END_TEST

static void put_off_generation(uint64_t generation)
{
    fake.generation = generation;
    direct_set(&header()->generation, generation);
}

START_TEST(says_hello_again_when_the_generation_has_changed)
{
    stkgate *gate = direct_begin_attached(DIRECT_PATIENT_MS);
    struct stkgate_request request = call_request();
    put_off_generation(2);
    ck_assert_int_eq(call_check(gate), 0);
    ck_assert_uint_eq(fake.checks, 2);
    ck_assert_int_eq(call_check(gate), 0);
    ck_assert_uint_eq(fake.hellos, 2);
    ck_assert_uint_eq(fake.checks, 3);
    direct_expect_alone(gate);

    /* By the new policy from then on. */
    fake.welcome.policy.scopes = 16;
    put_off_generation(3);
    ck_assert_int_eq(call_check(gate), 0);
    ck_assert_int_eq(call_check(gate), 0);
    ask_for(gate, &request, STKGATE_INSUFFICIENT_SCOPE);
    direct_end(gate);
}
END_TEST

/* It would be decided by a policy of old. */
START_TEST(fails_without_a_daemon_when_the_generation_has_changed)
{
    stkgate *gate = direct_begin_attached(DIRECT_PATIENT_MS);
    put_off_generation(2);
    fake_stop(&fake);
    ck_assert_int_lt(call_check(gate), 0);
    ck_assert_int_lt(call_check(gate), 0);
    put_off_generation(1);
    direct_expect_alone(gate);
    direct_end(gate);
}
END_TEST

START_TEST(gives_the_view_back_when_it_may_not_have_it_any_more)
{
    stkgate *gate = direct_begin_attached(DIRECT_PATIENT_MS);
    ck_assert_uint_eq(direct_views_mapped(), 1);
    fake.direct = false;
    put_off_generation(2);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_int_eq(call_check(gate), 0);
    direct_expect_asked(5, fake.attaches);
    ck_assert_uint_eq(direct_views_mapped(), 0);
    unsigned attaches = fake.attaches;
    fake.direct = true;
    put_off_generation(3);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_int_eq(call_check(gate), 0);
    ck_assert_uint_eq(fake.attaches, attaches + 1);
    direct_expect_alone(gate);
    direct_end(gate);
}
END_TEST

/* ---- without a daemon ---------------------------------------------------------------------- */

START_TEST(decides_on_while_the_daemon_is_gone_and_the_lease_holds)
{
    stkgate *gate = direct_begin_attached(DIRECT_PATIENT_MS);
    fake_stop(&fake);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(call_check(gate), 0);
    ck_assert_uint_eq(bucket->allowed, 5);
    fake_view_lease(&view, -0.001);
    for (int i = 0; i < 5; i++)
        ck_assert_int_lt(call_check(gate), 0);
    ck_assert_uint_eq(bucket->allowed, 5);
    fake_view_lease(&view, 4);
    ck_assert_int_eq(call_check(gate), 0);
    direct_end(gate);
}
END_TEST

static stkgate *begin_with_last_known(uint64_t span_ns)
{
    struct record record = fake_view_record(CALL_TOKEN);
    fake_view_make(&view, 4);
    bucket = fake_view_put(&view, &record);
    fake_view_lease(&view, 4);
    fake_init(&fake);
    fake.direct = true;
    fake.handout = &view.handout;
    fake.welcome.policy.last_known_ns = span_ns;
    fake_start(&fake);
    stkgate *gate = call_open(&fake, DIRECT_PATIENT_MS);
    ck_assert_int_eq(call_check(gate), 0);
    ck_assert_ptr_nonnull(mappings_current(&gate->mappings));
    return gate;
}

START_TEST(goes_by_what_was_known_last_if_the_policy_says_so)
{
    stkgate *gate = begin_with_last_known(UINT64_C(100000000000));
    /* The daemon has the first word. */
    fake_view_lease(&view, -99);
    ck_assert_int_eq(call_check(gate), 0);
    ck_assert_uint_eq(fake.checks, 2);
    ck_assert_uint_eq(bucket->allowed, 0);
    fake_stop(&fake);
    fake_view_lease(&view, -60);
    ck_assert_int_eq(call_check(gate), 0);
    ck_assert_uint_eq(bucket->allowed, 1);
    fake_view_lease(&view, -100.001);
    ck_assert_int_lt(call_check(gate), 0);
    /* Taken back, or replaced. */
    direct_set(&header()->valid_until_ns, 0);
    ck_assert_int_lt(call_check(gate), 0);
    fake_view_lease(&view, -60);
    direct_set(&header()->flags, VIEW_COMPLETE | VIEW_SUPERSEDED);
    ck_assert_int_lt(call_check(gate), 0);
    ck_assert_uint_eq(bucket->allowed, 1);
    direct_end(gate);
}
END_TEST

/* A daemon that lives, and says no: that is no want of a daemon. */
START_TEST(heeds_a_daemon_that_does_not_let_it_ask)
{
    stkgate *gate = direct_begin_attached(DIRECT_PATIENT_MS);
    direct_set(&header()->incarnation, 7);
    fake.on_check = FAKE_ERROR + WIRE_ERROR_NOT_ALLOWED;
    ck_assert_int_eq(call_check(gate), -EPERM);
    ck_assert_int_eq(call_check(gate), -EPERM);
    ck_assert_uint_eq(bucket->allowed, 0);
    direct_end(gate);
}
END_TEST

/* ---- without the kernel -------------------------------------------------------------------- */

#define QUIET_CHECKS 1000000

/* A sanitizer makes system calls of its own: there the same checks are made, and the kernel lets
 * them. */
#ifdef STKGATE_SANITIZED
#define IS_WATCHED false
#else
#define IS_WATCHED true
#endif

/* From here on any system call but those that end a process, ends it by SIGSYS; one more may be
 * allowed. */
static bool forbid_system_calls(unsigned allowed)
{
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof rules / sizeof rules[0], .filter = rules};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* Where the kernel has no clock that a process can read by itself, each reading is a system call.
 */
static bool clock_is_a_system_call(void)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        if (!forbid_system_calls(SYS_exit_group))
            _exit(1);
        (void)fake_view_clock_ns();
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    return WIFSIGNALED(status);
}

/* Not one in a million checks, allowed and refused. */
START_TEST(makes_no_system_call)
{
    unsigned allowed = clock_is_a_system_call() ? SYS_clock_gettime : SYS_exit_group;
    stkgate *gate = direct_begin(DIRECT_PATIENT_MS);
    struct record record = fake_view_record(CALL_TOKEN);
    record.limit = (struct rate_limit){10000000, UINT64_C(1000000000), 2 * QUIET_CHECKS};
    record.expires_at = time(NULL) + 1000;
    bucket = fake_view_put(&view, &record);
    pid_t pid = fork();
    if (pid == 0) {
        struct stkgate_request good = call_request(), other = call_request();
        struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;
        other.site = stkgate_text("lumen");
        DIRECT_DEMAND(direct_check_in_child(gate) == 0);
        DIRECT_DEMAND(mappings_current(&gate->mappings) != NULL);
        DIRECT_DEMAND(!IS_WATCHED || forbid_system_calls(allowed));
        for (int i = 0; i < QUIET_CHECKS / 2; i++) {
            if (stkgate_check(gate, &good, &verdict) != 0 || verdict.status != 200)
                _exit(2);
            if (stkgate_check(gate, &other, &verdict) != 0 || verdict.status != 401)
                _exit(3);
            /* As the daemon does each second. */
            if (i % 1024 == 0)
                fake_view_lease(&view, 4);
        }
        _exit(0);
    }
    direct_expect_child_ends_well(pid);
    ck_assert_uint_eq(bucket->allowed, QUIET_CHECKS / 2);
    ck_assert_uint_eq(bucket->refused, QUIET_CHECKS / 2);
    direct_expect_asked(1, 1);
    direct_end(gate);
}
END_TEST

SUITE_MAIN("fast", asks_once_and_decides_by_itself_from_then_on,
           goes_by_the_view_as_it_is_for_a_token_that_it_knows, spends_from_the_shared_bucket,
           refuses_for_each_reason_that_the_table_has, judges_origins_and_legacy_keys,
           goes_by_the_later_of_two_times_of_day, counts_what_it_decides_but_not_a_peek,
           asks_for_strict_tokens, asks_for_what_has_moved,
           asks_for_the_unknown_while_the_view_is_not_complete, asks_when_the_view_holds_nonsense,
           asks_when_the_lease_is_over_or_impossible,
           says_hello_again_when_the_generation_has_changed,
           fails_without_a_daemon_when_the_generation_has_changed,
           gives_the_view_back_when_it_may_not_have_it_any_more,
           decides_on_while_the_daemon_is_gone_and_the_lease_holds,
           goes_by_what_was_known_last_if_the_policy_says_so,
           heeds_a_daemon_that_does_not_let_it_ask, makes_no_system_call)
