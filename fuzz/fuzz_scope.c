/* fuzz_scope.c - a list of scope names, and a registry as it comes over the wire */
#include <errno.h>
#include <string.h>

#include "fuzz/target.h"
#include "lib/core/scope.h"

FUZZ_TARGET("scope");

static void check_list(const struct scope_registry *registry, struct text names)
{
    uint64_t mask = 0, again = 0;
    struct text bad = {NULL, 0};
    int r = scope_parse(registry, names, &mask, &bad);
    if (r < 0) {
        DEMAND(r == -EINVAL || r == -ENOENT);
        DEMAND(mask == 0 && bad.len > 0);
        DEMAND(scope_name_is_valid(bad) == (r == -ENOENT));
        return;
    }
    char text[SCOPE_TEXT_MAX];
    size_t len = scope_format(registry, mask, text);
    DEMAND(strlen(text) == len);
    DEMAND(scope_parse(registry, text_of(text), &again, NULL) == 0 && again == mask);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct scope_registry registry;
    scope_registry_init(&registry);
    check_list(&registry, (struct text){(const char *)bytes, len});

    struct reader r;
    reader_init(&r, bytes, len);
    scope_registry_read(&registry, &r);
    if (r.failed) {
        DEMAND(registry.count == 0);
        return 0;
    }
    uint8_t written[1 + SCOPE_TEXT_MAX];
    struct writer w;
    writer_init(&w, written, sizeof written);
    scope_registry_write(&registry, &w);
    DEMAND(!w.failed && w.len == len - r.left && memcmp(written, bytes, w.len) == 0);
    for (unsigned i = 0; i < registry.count; i++)
        DEMAND(scope_find(&registry, text_of(registry.names[i])) == UINT64_C(1) << i);
    check_list(&registry, (struct text){(const char *)r.at, r.left});
    return 0;
}
