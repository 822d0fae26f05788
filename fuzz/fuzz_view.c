/* fuzz_view.c - a view from a hostile hand, for whoever maps it: patches laid over a sound one
 *
 * Each patch is an offset (u16, little-endian), a length (u8) and so many bytes. Whatever the view
 * says: nothing is read beyond it, each lookup ends, and what decide() makes of it is a verdict
 * that follows from the record that was found.
 */
#include <errno.h>
#include <string.h>

#include "daemon/publish_slots.h"
#include "fuzz/target.h"
#include "lib/core/decide.h"
#include "lib/view/lease.h"

FUZZ_TARGET("view");

#define GROUPS      2
#define HEAP_BYTES  4096
#define CREDENTIALS 6
#define NOW_NS      (UINT64_C(1) << 50)
#define WALL_S      1700000000

static uint8_t digests[CREDENTIALS + 1][DIGEST_BYTES]; /* the last one is nobody's */
static void *sound, *hostile;
static struct view_bucket *buckets, *own;
static size_t view_bytes;

static void *pages(size_t len)
{
    void *memory = aligned_alloc(VIEW_PAGE, (len + VIEW_PAGE - 1) / VIEW_PAGE * VIEW_PAGE);
    DEMAND(memory);
    memset(memory, 0, len);
    return memory;
}

/* One of each shape: plain, with origins, with a long site, of a legacy key, suspended, revoked. */
static struct record record_of(unsigned n)
{
    static const uint8_t origins[] = "\x14https://shop.example";
    static char key_id[] = "key_0123456789ABCDE0";
    struct record record = {.kind = KIND_LIVE,
                            .scopes = 15,
                            .limit = {60, UINT64_C(60000000000), 60},
                            .site = TEXT("kasa"),
                            .name = TEXT("one"),
                            .secret_prefix = TEXT("stk_live_abcd")};
    key_id[sizeof key_id - 2] = (char)('0' + n);
    record.key_id = text_of(key_id);
    record.suspended = n == 4;
    record.revoked = n == 5;
    if (n == 1)
        record.origins = (struct textlist){origins, sizeof origins - 1};
    if (n == 2)
        record.site = TEXT("a-site-that-has-no-room-in-a-slot-of-the-view");
    if (n == 3) {
        record.kind = KIND_LEGACY;
        record.secret_prefix = TEXT("");
        record.sunset_at = WALL_S + 1;
        record.link = TEXT("https://docs.example/tokens");
    }
    memcpy(record.digest, digests[n], DIGEST_BYTES);
    return record;
}

static void set_up(void)
{
    struct publisher publisher = {0};
    view_bytes = view_geometry(GROUPS, HEAP_BYTES).bytes;
    sound = pages(view_bytes);
    hostile = pages(view_bytes);
    buckets = pages(GROUPS * VIEW_GROUP_SLOTS * sizeof *buckets);
    own = pages(GROUPS * VIEW_GROUP_SLOTS * sizeof *own);
    publisher_make(sound, GROUPS, HEAP_BYTES, 1);
    DEMAND(publisher_open(sound, view_bytes, buckets, own, &publisher) == 0);
    for (unsigned n = 0; n <= CREDENTIALS; n++)
        memset(digests[n], (int)(17 * (n + 1)), DIGEST_BYTES);
    for (unsigned n = 0; n < CREDENTIALS; n++) {
        struct record record = record_of(n);
        DEMAND(publisher_put(&publisher, &record, NULL, NOW_NS, NULL) == 0);
    }
}

static void lay_over(const uint8_t *bytes, size_t len)
{
    memcpy(hostile, sound, view_bytes);
    while (len > 3) {
        size_t offset = bytes[0] | (size_t)bytes[1] << 8, count = bytes[2];
        bytes += 3, len -= 3;
        count = count < len ? count : len;
        if (offset < view_bytes)
            memcpy((uint8_t *)hostile + offset, bytes,
                   count < view_bytes - offset ? count : view_bytes - offset);
        bytes += count, len -= count;
    }
}

static void check_verdict(const struct view_reading *reading, const uint8_t *digest)
{
    const struct record *record = &reading->record;
    struct policy policy;
    struct query query = {.form =
                              record->kind == KIND_LEGACY ? CREDENTIAL_LEGACY : CREDENTIAL_TOKEN,
                          .kind = record->kind,
                          .site = TEXT("kasa"),
                          .scopes = 1};
    struct clock_reading now = {NOW_NS, WALL_S};
    _Atomic uint64_t tat = 0;
    struct verdict verdict;

    policy_init(&policy);
    memcpy(query.digest, digest, DIGEST_BYTES);
    decide(&policy, &query, record, &tat, now, &verdict);
    DEMAND(verdict.reason < REASON_COUNT);
    if (verdict.reason != REASON_OK)
        return;
    DEMAND(memcmp(record->digest, digest, DIGEST_BYTES) == 0);
    DEMAND(!record->revoked && !record->suspended && text_equal(record->site, query.site));
    DEMAND(tat > NOW_NS && verdict.remaining < record->limit.burst);
}

static void look_up(const struct view *view, const uint8_t *digest)
{
    struct view_reading reading;
    enum view_answer answer = view_read(view, digest, &reading);

    DEMAND(answer == VIEW_NONE || answer == VIEW_FOUND || answer == VIEW_UNSURE);
    if (answer != VIEW_FOUND)
        return;
    DEMAND(reading.slot < view_slots(view));
    check_verdict(&reading, digest);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct view view;
    struct lease lease;

    if (!sound)
        set_up();
    lay_over(bytes, len);
    int r = view_open(hostile, view_bytes, &view);
    if (r < 0) {
        DEMAND(r == -EBADMSG || r == -EPROTONOSUPPORT);
        return 0;
    }
    view.buckets = buckets;
    lease_read(&view, &lease);
    DEMAND(!lease_holds(&lease, NOW_NS) || lease.valid_until_ns <= NOW_NS + LEASE_NS);
    for (unsigned n = 0; n <= CREDENTIALS; n++)
        look_up(&view, digests[n]);
    return 0;
}
