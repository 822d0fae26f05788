#include "module/face/kind.h"

#include "stkgate.h"

const char *face_kind_name(uint32_t kind)
{
    switch (kind) {
    case STKGATE_KIND_LIVE: return "live";
    case STKGATE_KIND_TEST: return "test";
    case STKGATE_KIND_LEGACY: return "legacy";
    default: return "";
    }
}
