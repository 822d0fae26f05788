/* fuzz_record.c - a record of the table: as it is, and with its version and CRC put right, so that
 * the fields behind them are reached
 */
#include <errno.h>
#include <string.h>

#include "fuzz/target.h"
#include "lib/core/crc.h"
#include "lib/core/decide.h"

FUZZ_TARGET("record");

static bool origins_are_canonical(struct textlist origins)
{
    struct text origin;
    for (size_t at = 0; textlist_next(origins, &at, &origin);) {
        char canonical[ORIGIN_MAX + 1];
        size_t len;
        if (origin_canonicalise(origin, canonical, &len) != ORIGIN_OK ||
            !text_equal(origin, (struct text){canonical, len}))
            return false;
    }
    return true;
}

static bool tells_a_token(const struct record *record)
{
    return token_is_within(record->site) || token_is_within(record->name) ||
           token_is_within(record->reason) || token_is_within(record->link);
}

/* Whatever can be decoded can be decided about. */
static void check_decide(const struct record *record)
{
    struct policy policy;
    policy_init(&policy);
    policy.accept |= ACCEPT(KIND_TEST);
    struct query query = {.form =
                              record->kind == KIND_LEGACY ? CREDENTIAL_LEGACY : CREDENTIAL_TOKEN,
                          .kind = record->kind,
                          .site = record->site,
                          .scopes = 1};
    memcpy(query.digest, record->digest, DIGEST_BYTES);
    struct clock_reading now = {UINT64_C(1) << 50, 1700000000};
    _Atomic uint64_t tat = 0;
    struct verdict verdict;
    decide(&policy, &query, record, &tat, now, &verdict);
    DEMAND(verdict.reason < REASON_UNAVAILABLE && verdict.reason != REASON_UNKNOWN_TOKEN);
    DEMAND((verdict.reason == REASON_OK) == (tat != 0));
    if (record_state_at(record, now.wall_s) != RECORD_ACTIVE)
        DEMAND(reason_status(verdict.reason) == 401);
}

static void check_bytes(const uint8_t *bytes, size_t len)
{
    struct record record;
    int r = record_decode(bytes, len, &record);
    if (r < 0) {
        DEMAND(r == -EBADMSG || r == -EPROTONOSUPPORT);
        return;
    }
    static uint8_t again[RECORD_BYTES_MAX];
    size_t again_len;
    r = record_encode(&record, again, &again_len);
    DEMAND((r == 0) == (origins_are_canonical(record.origins) && !tells_a_token(&record)));
    if (r == 0)
        DEMAND(again_len == len && memcmp(again, bytes, len) == 0);
    check_decide(&record);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    check_bytes(bytes, len);
    if (len < 5)
        return 0;
    uint8_t *mended = malloc(len);
    if (!mended)
        return 0;
    memcpy(mended, bytes, len);
    mended[0] = RECORD_VERSION;
    struct writer w;
    writer_init(&w, mended + 1, 4);
    writer_u32(&w, crc32_of(mended + 5, len - 5));
    check_bytes(mended, len);
    free(mended);
    return 0;
}
