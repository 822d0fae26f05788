/* both_paths.c - both_paths, with the configuration of tests/system/53-both-paths-agree.sh
 *
 * Each call is put twice: by a handle that decides from the view, and by one that asks the daemon.
 * The verdicts must be the same, field by field, and so must the header fields and the body that
 * are made of them. What runs on between the two calls, is compared with some slack and then taken
 * as the same. How many checks the daemon decided shows which handle asked.
 */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/crowd/admin_call.h"
#include "tests/crowd/both_rows.h"
#include "tests/crowd/crowd.h"

#define DEADLINE_MS 30000
#define RUNS_ON_NS  UINT64_C(60000000000) /* on the slowest machine */

static int admin_fd;
static const char *what = "";

/* ---- the credentials, each twice: a pair spends alike ------------------------------------------
 */

struct credential {
    char token[2][64], key_id[2][24];
};

static struct credential credentials[CREDENTIAL_COUNT];

static void post(const char *path, const char *body, char reply[static ADMIN_REPLY_MAX + 1])
{
    admin_call_post(admin_fd, path, body, reply);
}

static void verb(const char *key_id, const char *name, const char *body,
                 char reply[static ADMIN_REPLY_MAX + 1])
{
    char path[96];
    snprintf(path, sizeof path, "/v1/tokens/%s/%s", key_id, name);
    post(path, body, reply);
}

static void add_legacy(const struct made *as, const char *name, unsigned n, struct credential *ret)
{
    char body[512], reply[ADMIN_REPLY_MAX + 1];
    snprintf(ret->token[n], sizeof ret->token[n], "%s-%u", name, n);
    snprintf(body, sizeof body, "{\"site_id\":\"kasa\",\"api_key\":\"%s\"%s}", ret->token[n],
             as->members);
    post("/v1/legacy", body, reply);
    admin_call_member(reply, "key_id", ret->key_id[n], sizeof ret->key_id[n]);
}

static void make(const struct made *as, unsigned n, struct credential *ret)
{
    char body[512], reply[ADMIN_REPLY_MAX + 1];
    if (as->legacy) {
        add_legacy(as, as->legacy, n, ret);
    } else {
        snprintf(body, sizeof body, "{\"site_id\":\"%s\",\"name\":\"a twin\"%s}",
                 as->site ? as->site : "kasa", as->members);
        post("/v1/tokens", body, reply);
        admin_call_member(reply, "key_id", ret->key_id[n], sizeof ret->key_id[n]);
        admin_call_member(reply, "secret", ret->token[n], sizeof ret->token[n]);
    }
    if (as->verb)
        verb(ret->key_id[n], as->verb, as->body, reply);
    if (as->verb && as->takes_successor) {
        admin_call_member(reply, "key_id", ret->key_id[n], sizeof ret->key_id[n]);
        admin_call_member(reply, "secret", ret->token[n], sizeof ret->token[n]);
    }
}

/* ---- the handles -------------------------------------------------------------------------------
 */

enum way { BY_VIEW, BY_ASKING, WAYS };

static stkgate *gates[sizeof services / sizeof services[0]][WAYS];

static stkgate *open_gate(const char *service, enum way way)
{
    struct stkgate_options options = STKGATE_OPTIONS_INIT;
    stkgate *gate;
    options.deadline_ms = DEADLINE_MS;
    if (way == BY_ASKING)
        setenv("STKGATE_DIRECT", "no", 1);
    int r = stkgate_open(&gate, service, &options);
    if (r < 0)
        errx(2, "stkgate_open: %s", strerror(-r));
    unsetenv("STKGATE_DIRECT");
    return gate;
}

static uint64_t checks_of_daemon(void)
{
    char reply[ADMIN_REPLY_MAX + 1];
    uint64_t sum = 0;
    admin_call(admin_fd, "GET", "/v1/status", "", reply);
    const char *checks = strstr(reply, "\"checks\":");
    if (!checks)
        errx(2, "no checks in %s", reply);
    for (uint32_t reason = STKGATE_OK; reason <= STKGATE_UNAVAILABLE; reason++)
        sum += admin_call_number(checks, stkgate_reason_string(reason));
    return sum;
}

static struct stkgate_request request_of(const struct both_row *row, unsigned n, stkgate *gate)
{
    struct stkgate_request request = STKGATE_REQUEST_INIT;
    static char authorization[96];
    const struct credential *credential = &credentials[row->credential];
    if (row->text)
        request.token = stkgate_text(row->text);
    else if (row->credential != NO_CREDENTIAL && made[row->credential].legacy)
        request.api_key = stkgate_text(credential->token[n]);
    else if (row->credential != NO_CREDENTIAL && !row->authorization)
        request.token = stkgate_text(credential->token[n]);
    if (row->authorization) {
        snprintf(authorization, sizeof authorization, "%s %s", row->authorization,
                 credential->token[n]);
        request.authorization = stkgate_text(authorization);
    }
    request.site = stkgate_text(row->site ? row->site : "kasa");
    request.origin = stkgate_text(row->origin);
    request.cost = row->cost;
    if (row->scopes && stkgate_scope(gate, row->scopes, &request.scopes) < 0)
        errx(2, "%s: no scope %s", what, row->scopes);
    request.scopes |= row->scope_bits;
    return request;
}

/* Whether it is decided where it should be, is told by the daemon's count. */
static struct stkgate_verdict put(const struct both_row *row, unsigned n, enum way way, bool peek)
{
    struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;
    stkgate *gate = gates[row->service][way];
    struct stkgate_request request = request_of(row, n, gate);
    request.flags = peek ? STKGATE_PEEK : 0;
    uint64_t before = checks_of_daemon();
    int r = stkgate_check(gate, &request, &verdict);
    uint64_t asked = checks_of_daemon() - before;
    bool is_local = row->reason == STKGATE_MISSING_TOKEN || row->reason == STKGATE_MALFORMED_TOKEN;
    uint64_t should = is_local ? 0 : way == BY_ASKING || row->is_asked;
    if (r < 0)
        errx(1, "%s: %s", what, strerror(-r));
    if (asked != should)
        errx(1, "%s, %s: the daemon decided %" PRIu64 " checks, not %" PRIu64, what,
             way == BY_VIEW ? "by the view" : "by asking", asked, should);
    return verdict;
}

/* ---- comparing ---------------------------------------------------------------------------------
 */

#define SAME(field)                                                                                \
    if (a->field != b->field)                                                                      \
    errx(1, "%s: %s is %" PRIu64 " by the view and %" PRIu64 " by asking", what, #field,           \
         (uint64_t)a->field, (uint64_t)b->field)
#define SAME_TEXT(field)                                                                           \
    if (strcmp(a->field, b->field) != 0)                                                           \
    errx(1, "%s: %s is %s by the view and %s by asking", what, #field, a->field, b->field)

static void compare_running(const char *name, uint64_t a, uint64_t *b)
{
    uint64_t apart = a > *b ? a - *b : *b - a;
    if ((a == 0) != (*b == 0) || apart > RUNS_ON_NS)
        errx(1, "%s: %s is %" PRIu64 " by the view and %" PRIu64 " by asking", what, name, a, *b);
    *b = a;
}

struct fields {
    char text[2048];
    size_t len;
};

static int on_header(const char *name, const char *value, void *userdata)
{
    struct fields *fields = userdata;
    int len = snprintf(fields->text + fields->len, sizeof fields->text - fields->len, "%s: %s\n",
                       name, value);
    if (len < 0 || (size_t)len >= sizeof fields->text - fields->len)
        errx(2, "too many fields");
    fields->len += (size_t)len;
    return 0;
}

/* Each made by the handle that had the verdict. */
static void compare_answers(const struct both_row *row, const struct stkgate_verdict *a,
                            const struct stkgate_verdict *b)
{
    const struct stkgate_verdict *verdicts[WAYS] = {a, b};
    struct fields fields[WAYS] = {0};
    char problem[WAYS][1024] = {0};
    size_t len;
    for (unsigned way = 0; way < WAYS; way++) {
        stkgate *gate = gates[row->service][way];
        if (stkgate_verdict_headers(gate, verdicts[way], on_header, &fields[way]) != 0 ||
            stkgate_verdict_problem(gate, verdicts[way], problem[way], sizeof problem[way], &len) !=
                0)
            errx(1, "%s: no answer could be made of the verdict", what);
    }
    if (strcmp(fields[BY_VIEW].text, fields[BY_ASKING].text) != 0)
        errx(1, "%s: header fields by the view:\n%sand by asking:\n%s", what, fields[BY_VIEW].text,
             fields[BY_ASKING].text);
    if (strcmp(problem[BY_VIEW], problem[BY_ASKING]) != 0)
        errx(1, "%s: %s by the view, %s by asking", what, problem[BY_VIEW], problem[BY_ASKING]);
}

static void compare(const struct both_row *row, const struct stkgate_verdict *a,
                    struct stkgate_verdict *b)
{
    SAME(size);
    SAME(status);
    SAME(reason);
    SAME(kind);
    SAME(flags);
    SAME(scopes);
    SAME(needed);
    SAME(limit);
    SAME(window_ns);
    SAME(burst);
    SAME(remaining);
    SAME(deprecation);
    SAME(sunset);
    SAME_TEXT(key_id);
    SAME_TEXT(site);
    SAME_TEXT(link);
    compare_running("reset_ns", a->reset_ns, &b->reset_ns);
    compare_running("retry_after_ns", a->retry_after_ns, &b->retry_after_ns);
    compare_running("next_ns", a->next_ns, &b->next_ns);
    compare_answers(row, a, b);
}

static void expect(const struct both_row *row, const struct stkgate_verdict *verdict)
{
    if (verdict->reason != (uint32_t)row->reason)
        errx(1, "%s: %s, not %s", what, stkgate_reason_string(verdict->reason),
             stkgate_reason_string((uint32_t)row->reason));
    struct fields fields = {0};
    stkgate_verdict_headers(gates[row->service][BY_VIEW], verdict, on_header, &fields);
    if (row->field && !strstr(fields.text, row->field))
        errx(1, "%s: no %s in\n%s", what, row->field, fields.text);
}

/* ---- one row -----------------------------------------------------------------------------------
 */

static void peek_both(const struct both_row *row, unsigned n)
{
    struct stkgate_verdict a = put(row, n, BY_VIEW, true);
    struct stkgate_verdict b = put(row, n, BY_ASKING, true);
    compare(row, &a, &b);
}

/* The same is spent of twins, of each in another way; and each sees what the other has spent. */
static void spend_both(const struct both_row *row)
{
    struct stkgate_verdict a = put(row, 0, BY_VIEW, false);
    struct stkgate_verdict b = put(row, 1, BY_ASKING, false);
    expect(row, &a);
    memcpy(b.key_id, a.key_id, sizeof b.key_id);
    compare(row, &a, &b);
    peek_both(row, 0);
    peek_both(row, 1);
}

static void put_row(const struct both_row *row)
{
    what = row->what;
    peek_both(row, 0);
    for (unsigned i = 0; i <= row->repeated; i++)
        spend_both(row);
}

/* ---- all of it ---------------------------------------------------------------------------------
 */

/* It decides by itself, what is in the table and what is not. */
static void await_view(unsigned service)
{
    struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;
    struct stkgate_request request = STKGATE_REQUEST_INIT;
    stkgate *gate = gates[service][BY_VIEW];
    uint64_t until_ns = crowd_clock_ns() + DEADLINE_MS * UINT64_C(1000000), before, after;
    request.token = stkgate_text(UNKNOWN);
    request.site = stkgate_text("kasa");
    do {
        before = checks_of_daemon();
        int r = stkgate_check(gate, &request, &verdict);
        if (r < 0)
            errx(2, "%s: %s", services[service], strerror(-r));
        after = checks_of_daemon();
        if (crowd_clock_ns() > until_ns)
            errx(1, "%s: it never decides by the view", services[service]);
    } while (after != before);
}

/* What ends after a second has ended when the daemon says so; the handles go by the same clock. */
static void await_end(enum credential_name name)
{
    struct both_row row = {.credential = name};
    struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;
    stkgate *gate = gates[0][BY_ASKING];
    uint64_t until_ns = crowd_clock_ns() + DEADLINE_MS * UINT64_C(1000000);
    for (unsigned n = 0; n < 2; n++)
        do {
            struct stkgate_request request = request_of(&row, n, gate);
            request.flags = STKGATE_PEEK;
            if (stkgate_check(gate, &request, &verdict) < 0 || crowd_clock_ns() > until_ns)
                errx(1, "credential %d never ends", (int)name);
        } while (verdict.status == 200);
}

int main(void)
{
    char reply[ADMIN_REPLY_MAX + 1];
    const char *runtime = getenv("STKGATE_RUNTIME");
    if (!runtime)
        errx(64, "usage: STKGATE_RUNTIME=... both_paths");
    admin_fd = admin_call_dial(runtime);
    post("/v1/scopes", "{\"name\":\"wish:read\"}", reply);
    for (unsigned i = 1; i < CREDENTIAL_COUNT; i++)
        for (unsigned n = 0; n < 2; n++)
            make(&made[i], n, &credentials[i]);
    for (unsigned i = 0; i < sizeof services / sizeof services[0]; i++) {
        for (unsigned way = 0; way < WAYS; way++)
            gates[i][way] = open_gate(services[i], (enum way)way);
        await_view(i);
    }
    for (unsigned i = 1; i < CREDENTIAL_COUNT; i++)
        if (made[i].ends)
            await_end((enum credential_name)i);
    for (size_t i = 0; i < sizeof both_rows / sizeof both_rows[0]; i++)
        put_row(&both_rows[i]);
    for (unsigned i = 0; i < sizeof services / sizeof services[0]; i++)
        for (unsigned way = 0; way < WAYS; way++)
            stkgate_close(gates[i][way]);
    close(admin_fd);
    printf("%zu rows: both ways say the same\n", sizeof both_rows / sizeof both_rows[0]);
    return 0;
}
