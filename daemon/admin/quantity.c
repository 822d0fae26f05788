#include "daemon/admin/quantity.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

struct unit {
    uint64_t size;
    const char *name;
};

/* In the first unit that is not too large for it, with one digit behind the point. */
static void format(uint64_t value, const struct unit *units, char ret[static QUANTITY_TEXT_MAX])
{
    while (value < units->size && units->size > 1)
        units++;
    uint64_t size = units->size;
    if (size == 1)
        snprintf(ret, QUANTITY_TEXT_MAX, "%" PRIu64 " %s", value, units->name);
    else
        snprintf(ret, QUANTITY_TEXT_MAX, "%" PRIu64 ".%" PRIu64 " %s", value / size,
                 value % size * 10 / size, units->name);
}

void quantity_bytes(uint64_t bytes, char ret[static QUANTITY_TEXT_MAX])
{
    static const struct unit units[] = {{UINT64_C(1) << 40, "TiB"},
                                        {UINT64_C(1) << 30, "GiB"},
                                        {UINT64_C(1) << 20, "MiB"},
                                        {UINT64_C(1) << 10, "KiB"},
                                        {1, "B"}};
    format(bytes, units, ret);
}

void quantity_us(uint64_t us, char ret[static QUANTITY_TEXT_MAX])
{
    static const struct unit units[] = {{1000000, "s"}, {1000, "ms"}, {1, "us"}};
    format(us, units, ret);
}

uint64_t quantity_thousandths(uint64_t part, uint64_t whole)
{
    if (whole == 0)
        return 0;
    /* Divide first when it would overflow: a table is larger than a thousand bytes by far. */
    return part <= UINT64_MAX / 1000 ? part * 1000 / whole : part / (whole / 1000 + 1);
}

void quantity_uptime(uint64_t s, char ret[static QUANTITY_TEXT_MAX])
{
    static const struct unit units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    size_t i = 0;
    while (s < units[i].size && units[i].size > 1)
        i++;
    uint64_t rest = s % units[i].size;
    int len = snprintf(ret, QUANTITY_TEXT_MAX, "%" PRIu64 " %s", s / units[i].size, units[i].name);
    if (units[i].size > 1 && rest / units[i + 1].size > 0 && len > 0 && len < QUANTITY_TEXT_MAX)
        snprintf(ret + len, (size_t)(QUANTITY_TEXT_MAX - len), " %" PRIu64 " %s",
                 rest / units[i + 1].size, units[i + 1].name);
}
