#include "daemon/load.h"

#define USED_MAX_US UINT64_C(100000000000)

/* What is left of it: halved for each whole half-life, and along a straight line within one. */
static uint64_t left(const struct load *load, uint64_t now_us)
{
    uint64_t passed_us = now_us > load->at_us ? now_us - load->at_us : 0;
    uint64_t halvings = passed_us / LOAD_HALF_LIFE_US;

    if (halvings >= 64)
        return 0;
    uint64_t used_ns = load->used_ns >> halvings;
    uint64_t rest_us = passed_us % LOAD_HALF_LIFE_US;
    return used_ns - ((used_ns >> 1) * rest_us) / LOAD_HALF_LIFE_US;
}

void load_add(struct load *load, uint64_t now_us, uint64_t used_us)
{
    uint64_t sum_ns = left(load, now_us);

    /* So that no product above overflows. */
    if (used_us > USED_MAX_US)
        used_us = USED_MAX_US;
    load->used_ns = sum_ns + used_us * 1000;
    if (load->used_ns > USED_MAX_US * 1000)
        load->used_ns = USED_MAX_US * 1000;
    if (now_us > load->at_us)
        load->at_us = now_us;
}

uint64_t load_left_us(const struct load *load, uint64_t now_us)
{
    return left(load, now_us) / 1000;
}

unsigned load_level(const struct load *load, uint64_t now_us)
{
    uint64_t quiets = load_left_us(load, now_us) / LOAD_QUIET_US;

    if (quiets == 0)
        return 0;
    unsigned octave = 63u - (unsigned)__builtin_clzll(quiets);
    unsigned upper_half = octave > 0 ? (unsigned)(quiets >> (octave - 1)) & 1 : 0;
    return 1 + 2 * octave + upper_half;
}
