/* crc.c - see crc.h; the one file that uses zlib */
#include "lib/core/crc.h"

#include <string.h>

#include <zlib.h>

/* zlib takes 200 ns for a record. Processors multiply polynomials: 20. */
#if defined(__x86_64__)

#include <emmintrin.h>
#include <wmmintrin.h>

#define PRODUCTS __attribute__((target("pclmul")))
#define BLOCK    ((size_t)16)

/* Polynomials in the order of bits that the CRC has: x^0 is the highest bit of 33. P is the CRC's.
 * A product of what is in this order lacks one power of x, which these make up for. */
#define X_160 INT64_C(0x1751997d0) /* x^160 mod P */
#define X_96  INT64_C(0x0ccaa009e)
#define X_64  INT64_C(0x163cd6124)
#define P     INT64_C(0x1db710641)
#define MU    INT64_C(0x1f7011641) /* x^64 / P, without its remainder: for a division by P */

static __m128i block_at(const void *bytes)
{
    return _mm_loadu_si128(bytes);
}

/* What there is so far is multiplied by x^128, which the next block is behind. */
PRODUCTS static inline __m128i add_block(__m128i sum, __m128i next)
{
    const __m128i over_128 = _mm_set_epi64x(X_96, X_160);
    __m128i lower = _mm_clmulepi64_si128(sum, over_128, 0x00);
    __m128i upper = _mm_clmulepi64_si128(sum, over_128, 0x11);

    return _mm_xor_si128(next, _mm_xor_si128(lower, upper));
}

/* From 128 bits to 96, to 64, and by Barrett's way to 32: what is left of the multiple of P that is
 * nearest. */
PRODUCTS static uint32_t reduce(__m128i sum)
{
    const __m128i over_64 = _mm_set_epi64x(X_64, X_96), divisor = _mm_set_epi64x(MU, P);
    const __m128i low = _mm_set_epi32(0, -1, 0, -1);

    sum = _mm_xor_si128(_mm_srli_si128(sum, 8), _mm_clmulepi64_si128(sum, over_64, 0x00));
    __m128i lower = _mm_clmulepi64_si128(_mm_and_si128(sum, low), over_64, 0x10);
    sum = _mm_xor_si128(_mm_srli_si128(sum, 4), lower);
    __m128i times = _mm_clmulepi64_si128(_mm_and_si128(sum, low), divisor, 0x10);
    times = _mm_clmulepi64_si128(_mm_and_si128(times, low), divisor, 0x00);
    return ~(uint32_t)_mm_cvtsi128_si32(_mm_srli_si128(_mm_xor_si128(sum, times), 4));
}

/* Zero bytes in front of all change nothing, and make whole blocks of it. What the CRC begins with
 * is added to the first four bytes behind them. */
PRODUCTS static uint32_t crc32_by_products(const uint8_t *bytes, size_t len)
{
    size_t pad = -len % BLOCK, at = pad > 0 ? 2 * BLOCK - pad : BLOCK;
    uint8_t begin[2 * BLOCK] = {0};

    memcpy(begin + pad, bytes, at);
    for (size_t i = 0; i < 4; i++)
        begin[pad + i] ^= UINT8_MAX;
    __m128i sum = block_at(begin);
    if (pad > 0)
        sum = add_block(sum, block_at(begin + BLOCK));
    for (; at < len; at += BLOCK)
        sum = add_block(sum, block_at(bytes + at));
    return reduce(sum);
}

uint32_t crc32_of(const void *bytes, size_t len)
{
    if (len < BLOCK || !__builtin_cpu_supports("pclmul"))
        return (uint32_t)crc32_z(0, bytes, len);
    return crc32_by_products(bytes, len);
}

#else

uint32_t crc32_of(const void *bytes, size_t len)
{
    return (uint32_t)crc32_z(0, bytes, len);
}

#endif
