#include "bench/published.h"

#include <err.h>
#include <stdlib.h>

#include "bench/numbered.h"

#define INCARNATION UINT64_C(0x57a4d14)
#define TOUCH_MAX   1000000

static void fill(struct published *published)
{
    struct token_entry entry;
    struct record record;
    uint64_t now_ns = stand_in_clock_ns();

    if (publish_new(NULL, published->tokens, INCARNATION, now_ns, &published->publish) < 0)
        errx(EXIT_FAILURE, "no view of %llu tokens", (unsigned long long)published->tokens);
    for (uint64_t i = 0; i < published->tokens; i++) {
        numbered_token(i, &entry);
        numbered_record(&entry, &record);
        if (publish_put(published->publish, &record, NULL, now_ns) < 0)
            errx(EXIT_FAILURE, "the view has no room for its tokens");
    }
    publish_set_complete(published->publish);
}

void published_check(const struct gate *gate, const struct token_entry *token, uint32_t reason)
{
    static struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;
    struct stkgate_request request = STKGATE_REQUEST_INIT;

    request.token = (struct stkgate_text){token->token, TOKEN_LEN};
    request.site = (struct stkgate_text){token->site, NUMBERED_SITE_LEN};
    request.origin = (struct stkgate_text){TOKEN_FILE_ORIGIN, sizeof TOKEN_FILE_ORIGIN - 1};
    request.scopes = gate->scopes;
    int r = stkgate_check(gate->handle, &request, &verdict);
    if (r < 0)
        errx(EXIT_FAILURE, "a check failed: %s", strerror(-r));
    if (verdict.reason != reason)
        errx(EXIT_FAILURE, "%s instead of %s", stkgate_reason_string(verdict.reason),
             stkgate_reason_string(reason));
}

void published_touch(const struct published *published)
{
    uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
    struct token_entry entry;
    bool all = published->tokens <= TOUCH_MAX;

    for (uint64_t i = 0; i < (all ? published->tokens : TOUCH_MAX); i++) {
        numbered_token(all ? i : numbered_draw(&state) % published->tokens, &entry);
        published_check(&published->gate, &entry, STKGATE_OK);
    }
}

void published_open(struct published *published, uint64_t tokens)
{
    published->tokens = tokens;
    fill(published);
    stand_in_start(&published->stand_in, published->publish);
    gate_open(&published->gate, published->stand_in.runtime, GATE_DIRECT);
    published_touch(published);
    published_require_direct(published);
}

void published_require_direct(const struct published *published)
{
    /* The first call of each process is asked, and comes back with the view. */
    if (atomic_load(&published->stand_in.checks) > STAND_IN_CONNECTIONS)
        errx(EXIT_FAILURE, "checks were asked that should have been decided here");
}

void published_close(struct published *published)
{
    published_require_direct(published);
    gate_close(&published->gate);
    stand_in_stop(&published->stand_in);
    published->publish = publish_free(published->publish);
}

double published_bytes_each(const struct published *published)
{
    struct view_stats stats;

    publish_stats(published->publish, stand_in_clock_ns(), &stats);
    return (double)stats.resident_bytes / (double)published->tokens;
}
