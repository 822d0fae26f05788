/* fuzz_rows.c - rows of the table beside records: audit entries, use counts, keys
 *
 * Each as it is, and with the CRC put right, so that the fields behind it are reached.
 */
#include <errno.h>
#include <string.h>

#include "daemon/store/audit.h"
#include "daemon/store/tables.h"
#include "daemon/store/usage.h"
#include "fuzz/target.h"
#include "lib/core/crc.h"
#include "lib/core/cursor.h"

FUZZ_TARGET("rows");

static void check_audit(const uint8_t *bytes, size_t len)
{
    struct audit_entry entry;
    struct reader r;
    uint8_t again[AUDIT_BYTES_MAX];
    size_t again_len;

    /* The seq that stands in the row, or none decodes. */
    reader_init(&r, bytes, len);
    (void)reader_u8(&r);
    (void)reader_u32(&r);
    uint64_t seq = reader_u64(&r);
    int error = audit_decode(seq, bytes, len, &entry);
    DEMAND(error == 0 || error == -EBADMSG || error == -EPROTONOSUPPORT);
    DEMAND(audit_decode(seq + 1, bytes, len, &entry) < 0);
    if (error < 0)
        return;
    DEMAND(audit_decode(seq, bytes, len, &entry) == 0);
    error = audit_encode(&entry, again, &again_len);
    DEMAND(error == 0 || seq == 0);
    if (error == 0)
        DEMAND(again_len == len && memcmp(again, bytes, len) == 0);
}

static void check_usage(const uint8_t *bytes, size_t len)
{
    struct usage usage, same;
    uint8_t again[USAGE_BYTES];

    int error = usage_decode(bytes, len, &usage);
    DEMAND(error == 0 || error == -EBADMSG);
    if (error < 0)
        return;
    usage_encode(&usage, again);
    DEMAND(usage_decode(again, sizeof again, &same) == 0);
    DEMAND(same.allowed == usage.allowed && same.refused == usage.refused);
    DEMAND(same.debt_ns == usage.debt_ns && same.saved_at_ns == usage.saved_at_ns);
    /* An older version is shorter; the present one has one form. */
    DEMAND(bytes[0] == 1 || (len == sizeof again && memcmp(again, bytes, len) == 0));
}

static void check_keys(const uint8_t *bytes, size_t len)
{
    struct text key_id;
    uint64_t seq;

    if (tables_site_key_id(tables_val(bytes, len), &key_id) == 0)
        DEMAND(key_id.len == KEY_ID_LEN && key_id.data + key_id.len == (const char *)bytes + len);
    if (tables_audit_seq(tables_val(bytes, len), &seq) == 0)
        DEMAND(len == TABLES_AUDIT_KEY_BYTES);
}

static void check_all(const uint8_t *bytes, size_t len)
{
    check_audit(bytes, len);
    check_usage(bytes, len);
    check_keys(bytes, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    check_all(bytes, len);
    if (len < 5)
        return 0;
    uint8_t *mended = malloc(len);
    if (!mended)
        return 0;
    memcpy(mended, bytes, len);
    mended[0] = bytes[0] == 2 ? 2 : 1;
    struct writer w;
    writer_init(&w, mended + 1, 4);
    writer_u32(&w, crc32_of(mended + 5, len - 5));
    check_all(mended, len);
    free(mended);
    return 0;
}
