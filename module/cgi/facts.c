#include "module/cgi/facts.h"

#include <inttypes.h>
#include <stdio.h>

#include "module/face/kind.h"

int facts_walk(stkgate *gate, const struct stkgate_verdict *verdict, stkgate_header_fn fn,
               void *userdata)
{
    char scopes[STKGATE_SCOPES_MAX], remaining[24];
    size_t len;
    int r = stkgate_scope_names(gate, verdict->scopes, scopes, sizeof scopes, &len);
    if (r < 0)
        return r;
    snprintf(remaining, sizeof remaining, "%" PRIu64, verdict->remaining);
    const char *const facts[FACTS_COUNT][2] = {
        {"STKGATE_KEY_ID", verdict->key_id}, {"STKGATE_SITE", verdict->site},
        {"STKGATE_SCOPES", scopes},          {"STKGATE_KIND", face_kind_name(verdict->kind)},
        {"STKGATE_REMAINING", remaining},
    };
    for (unsigned i = 0; r == 0 && i < FACTS_COUNT; i++)
        r = fn(facts[i][0], facts[i][1], userdata);
    return r;
}
