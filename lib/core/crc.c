/* crc.c - see crc.h; the one file that uses zlib */
#include "lib/core/crc.h"

#include <string.h>

#include <zlib.h>

/* zlib goes byte by byte through so few: a fifth of a check. Processors multiply polynomials. */
#if defined(__x86_64__)
#define HAS_PRODUCTS 1

#include <emmintrin.h>
#include <wmmintrin.h>

/* A token's characters, of which the checksum is. */
#define SHORT_LEN 30

/* Polynomials in the order of bits that the CRC has: x^0 is the highest bit of 33. P is the CRC's.
 * What is multiplied by one that is in this order gets one power of x more, which is left out here.
 */
#define X_160 INT64_C(0x1751997d0) /* x^160 mod P */
#define X_96  INT64_C(0x0ccaa009e)
#define X_64  INT64_C(0x163cd6124)
#define P     INT64_C(0x1db710641)
#define MU    INT64_C(0x1f7011641) /* x^64 / P, without its remainder: for a division by P */

/* Two words of 16 bytes, the first with two zero bytes in front, which change nothing: what the CRC
 * begins with, is added behind them. The first is multiplied by x^128, which the second is behind;
 * and so on down to 32 bits. */
__attribute__((target("pclmul"))) static uint32_t crc32_by_products(const uint8_t *bytes)
{
    const __m128i over_128 = _mm_set_epi64x(X_96, X_160), over_64 = _mm_set_epi64x(0, X_64);
    const __m128i divisor = _mm_set_epi64x(MU, P), low = _mm_set_epi32(0, -1, 0, -1);
    __m128i begin = _mm_slli_si128(_mm_cvtsi32_si128(-1), 2);
    __m128i first = _mm_slli_si128(_mm_loadu_si128((const __m128i *)(const void *)bytes), 2);
    __m128i last = _mm_loadu_si128((const __m128i *)(const void *)(bytes + SHORT_LEN - 16));

    first = _mm_xor_si128(first, begin);
    __m128i sum = _mm_xor_si128(last, _mm_clmulepi64_si128(first, over_128, 0x00));
    sum = _mm_xor_si128(sum, _mm_clmulepi64_si128(first, over_128, 0x11));
    sum = _mm_xor_si128(_mm_srli_si128(sum, 8), _mm_clmulepi64_si128(sum, over_128, 0x10));
    __m128i lower = _mm_clmulepi64_si128(_mm_and_si128(sum, low), over_64, 0x00);
    sum = _mm_xor_si128(_mm_srli_si128(sum, 4), lower);
    /* Barrett: the multiple of P that is nearest. */
    __m128i times = _mm_clmulepi64_si128(_mm_and_si128(sum, low), divisor, 0x10);
    times = _mm_clmulepi64_si128(_mm_and_si128(times, low), divisor, 0x00);
    sum = _mm_xor_si128(sum, times);
    return ~(uint32_t)_mm_cvtsi128_si32(_mm_srli_si128(sum, 4));
}
#endif

uint32_t crc32_of(const void *bytes, size_t len)
{
    if (len == 0)
        return 0;
#ifdef HAS_PRODUCTS
    if (len == SHORT_LEN && __builtin_cpu_supports("pclmul"))
        return crc32_by_products(bytes);
#endif
    return (uint32_t)crc32_z(0, bytes, len);
}
