/* crc.c - see crc.h; the one file that uses zlib */
#include "lib/core/crc.h"

#include <stdbool.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif
#include <zlib.h>

/* zlib goes byte by byte through what is shorter than this: twice as long for a token's 30
 * characters, a tenth of each check. */
#define SHORT_MAX 47

/* A CRC is linear: that of a byte with zeroes behind it is the sum of those of its bits. A row has
 * all sums of four. */
#define ROW(a, b, c, d)                                                                            \
    {                                                                                              \
        0, (a), (b), (a) ^ (b), (c), (a) ^ (c), (b) ^ (c), (a) ^ (b) ^ (c), (d), (a) ^ (d),        \
            (b) ^ (d), (a) ^ (b) ^ (d), (c) ^ (d), (a) ^ (c) ^ (d), (b) ^ (c) ^ (d),               \
            (a) ^ (b) ^ (c) ^ (d)                                                                  \
    }

/* Of a byte with i zero bytes behind it: row 2 * i has its lower half, the next its upper one. One
 * kibibyte, where tables by the byte would take eight out of the caches. */
static const uint32_t sums[16][16] = {
    ROW(0x77073096, 0xee0e612c, 0x076dc419, 0x0edb8832),
    ROW(0x1db71064, 0x3b6e20c8, 0x76dc4190, 0xedb88320),
    ROW(0x191b3141, 0x32366282, 0x646cc504, 0xc8d98a08),
    ROW(0x4ac21251, 0x958424a2, 0xf0794f05, 0x3b83984b),
    ROW(0x01c26a37, 0x0384d46e, 0x0709a8dc, 0x0e1351b8),
    ROW(0x1c26a370, 0x384d46e0, 0x709a8dc0, 0xe1351b80),
    ROW(0xb8bc6765, 0xaa09c88b, 0x8f629757, 0xc5b428ef),
    ROW(0x5019579f, 0xa032af3e, 0x9b14583d, 0xed59b63b),
    ROW(0x3d6029b0, 0x7ac05360, 0xf580a6c0, 0x30704bc1),
    ROW(0x60e09782, 0xc1c12f04, 0x58f35849, 0xb1e6b092),
    ROW(0xcb5cd3a5, 0x4dc8a10b, 0x9b914216, 0xec53826d),
    ROW(0x03d6029b, 0x07ac0536, 0x0f580a6c, 0x1eb014d8),
    ROW(0xa6770bb4, 0x979f1129, 0xf44f2413, 0x33ef4e67),
    ROW(0x67de9cce, 0xcfbd399c, 0x440b7579, 0x8816eaf2),
    ROW(0xccaa009e, 0x4225077d, 0x844a0efa, 0xd3e51bb5),
    ROW(0x7cbb312b, 0xf9766256, 0x299dc2ed, 0x533b85da),
};

/* That of byte i of eight. */
static inline uint32_t of_byte(uint64_t word, size_t i)
{
    const uint32_t(*rows)[16] = &sums[2 * (7 - i)];
    return rows[0][word >> 8 * i & 0xf] ^ rows[1][word >> (8 * i + 4) & 0xf];
}

/* Eight bytes, the first in the lowest place. Zero bytes in front of the rest change nothing. The
 * look-ups of the last four do not wait for the CRC so far. */
static uint32_t crc_of_word(uint64_t word)
{
    uint32_t behind = of_byte(word, 7) ^ of_byte(word, 6) ^ of_byte(word, 5) ^ of_byte(word, 4);
    /* Or gcc makes one chain of all sixteen. */
    __asm__("" : "+r"(behind));
    uint32_t front = of_byte(word, 3) ^ of_byte(word, 2) ^ of_byte(word, 1) ^ of_byte(word, 0);
    return front ^ behind;
}

/* The last few bytes, at most seven, of all that there are: whatever precedes them is cut off. */
static uint64_t last_of(const uint8_t *all, size_t all_len, size_t few)
{
    uint64_t word = 0;
    if (all_len >= sizeof word) {
        memcpy(&word, all + all_len - sizeof word, sizeof word);
        return word >> (64 - 8 * few);
    }
    for (size_t i = 0; i < few; i++)
        word |= (uint64_t)all[all_len - few + i] << 8 * i;
    return word;
}

/* From the byte at on. The CRC so far is added to the bytes that follow; what of it is longer than
 * they are, is left over. */
static uint32_t go_on(uint32_t crc, const uint8_t *bytes, size_t len, size_t at)
{
    for (; len - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, bytes + at, sizeof word);
        crc = crc_of_word(word ^ crc);
    }
    size_t rest = len - at;
    if (rest > 0) {
        uint64_t word = last_of(bytes, len, rest) ^ crc;
        uint32_t left_over = rest < 4 ? crc >> 8 * rest : 0;
        crc = crc_of_word(word << (64 - 8 * rest)) ^ left_over;
    }
    return crc;
}

static uint32_t crc32_of_short(const uint8_t *bytes, size_t len)
{
    return ~go_on(UINT32_MAX, bytes, len, 0);
}

/* A record of some 200 bytes took zlib 200 ns, a fifth of all that is done to publish it. */
#if defined(__x86_64__)
static bool has_product(void)
{
    return __builtin_cpu_supports("pclmul");
}

/* Sixteen bytes that have sixteen others behind them are multiplied by x^128, and added to those:
 * eight by x^160, eight by x^96, modulo the polynomial. These are reflected, and a bit higher,
 * since a product of what is reflected is a bit lower. At the end there are sixteen bytes that have
 * the CRC of all. */
__attribute__((target("pclmul"))) static uint32_t crc32_of_long(const uint8_t *bytes, size_t len)
{
    const __m128i fold = _mm_set_epi64x(0xccaa009e, 0x1751997d0);
    __m128i sum = _mm_loadu_si128((const __m128i *)(const void *)bytes);
    size_t at = 16;

    sum = _mm_xor_si128(sum, _mm_cvtsi32_si128(-1));
    for (; len - at >= 16; at += 16) {
        const __m128i next = _mm_loadu_si128((const __m128i *)(const void *)(bytes + at));
        sum = _mm_xor_si128(_mm_clmulepi64_si128(sum, fold, 0x00),
                            _mm_clmulepi64_si128(sum, fold, 0x11));
        sum = _mm_xor_si128(sum, next);
    }
    uint32_t crc = crc_of_word((uint64_t)_mm_cvtsi128_si64(sum));
    crc = crc_of_word((uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(sum, sum)) ^ crc);
    return ~go_on(crc, bytes, len, at);
}
#else
static bool has_product(void)
{
    return false;
}

static uint32_t crc32_of_long(const uint8_t *bytes, size_t len)
{
    return (uint32_t)crc32_z(0, bytes, len);
}
#endif

uint32_t crc32_of(const void *bytes, size_t len)
{
    if (len == 0)
        return 0;
    if (len <= SHORT_MAX)
        return crc32_of_short(bytes, len);
    return has_product() ? crc32_of_long(bytes, len) : (uint32_t)crc32_z(0, bytes, len);
}
