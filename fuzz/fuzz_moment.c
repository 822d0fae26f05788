/* fuzz_moment.c - points and spans of time, as an operator writes them */
#include <errno.h>
#include <string.h>

#include "fuzz/target.h"
#include "lib/core/moment.h"

FUZZ_TARGET("moment");

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct text given = {(const char *)bytes, len};
    int64_t unix_s, again_s;
    if (moment_parse(given, &unix_s) == 0) {
        char text[MOMENT_TEXT_MAX];
        DEMAND(unix_s >= 0 && unix_s <= MOMENT_MAX_S);
        moment_rfc3339(unix_s, text);
        DEMAND(moment_parse(text_of(text), &again_s) == 0 && again_s == unix_s);
        moment_imf(unix_s, text);
        DEMAND(strlen(text) == strlen("Sun, 30 Jun 2024 23:59:59 GMT"));
    }
    uint64_t ns, again_ns;
    int r = span_parse(given, &ns);
    DEMAND(r == 0 || r == -EINVAL || r == -ERANGE);
    if (r == 0) {
        char text[SPAN_TEXT_MAX];
        DEMAND(ns <= INT64_MAX);
        span_format(ns, text);
        DEMAND(span_parse(text_of(text), &again_ns) == 0 && again_ns == ns);
    }
    return 0;
}
