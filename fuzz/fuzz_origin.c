/* fuzz_origin.c - an origin as an operator may write it */
#include <string.h>

#include "fuzz/target.h"
#include "lib/core/origin.h"

FUZZ_TARGET("origin");

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct text given = {(const char *)bytes, len};
    char canonical[ORIGIN_MAX + 1], again[ORIGIN_MAX + 1];
    size_t canonical_len = 12345, again_len;
    enum origin_error error = origin_canonicalise(given, canonical, &canonical_len);
    if (error != ORIGIN_OK) {
        DEMAND(canonical_len == 12345);
        DEMAND(strlen(origin_error_string(error)) > 0);
        return 0;
    }
    struct text t = {canonical, canonical_len};
    DEMAND(canonical_len <= ORIGIN_MAX && strlen(canonical) == canonical_len);
    DEMAND(origin_canonicalise(t, again, &again_len) == ORIGIN_OK);
    DEMAND(text_equal(t, (struct text){again, again_len}));
    /* What a browser never sends is in no canonical form. */
    DEMAND(strpbrk(canonical, "ABCDEFGHIJKLMNOPQRSTUVWXYZ @,*%?#\\\t\r\n") == NULL);
    DEMAND(strchr(strstr(canonical, "://") + 3, '/') == NULL);

    uint8_t packed[ORIGIN_MAX + 1];
    size_t packed_len = 0;
    DEMAND(textlist_append(packed, sizeof packed, &packed_len, t) == 0);
    struct textlist allowed = {packed, packed_len};
    DEMAND(origin_matches(allowed, t));
    /* Byte for byte: the given spelling matches only where it is the canonical one. */
    DEMAND(origin_matches(allowed, given) == text_equal(given, t));
    return 0;
}
