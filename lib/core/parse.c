/* parse.c - the reading of a token (see token.h)
 *
 * Who sends garbage is to cost little. The checksum is looked at first, whatever the characters
 * are: what is no token hardly ever has it right, and then they need not be looked at.
 */
#include "lib/core/crc.h"
#include "lib/core/token.h"

#define BODY_LEN (TOKEN_RANDOM_LEN + TOKEN_CHECKSUM_LEN) /* what follows the prefix */

/* ---- characters --------------------------------------------------------------------------------
 */

static uint64_t word_of(const char text[static 8])
{
    uint64_t word;
    memcpy(&word, text, sizeof word);
    return word;
}

/* A word and a character, where memcmp(3) would be called twice. */
static inline enum kind kind_of_prefix(const char text[static TOKEN_PREFIX_LEN])
{
    uint64_t word = word_of(text);
    if (text[TOKEN_PREFIX_LEN - 1] != '_')
        return KIND_NONE;
    return word == word_of("stk_live")   ? KIND_LIVE
           : word == word_of("stk_test") ? KIND_TEST
                                         : KIND_NONE;
}

typedef uint8_t chunk __attribute__((vector_size(16)));

static inline chunk chunk_is_base62(const char *at)
{
    chunk c;
    memcpy(&c, at, sizeof c);
    chunk lower = c | 0x20;
    return (chunk)((chunk)(c - '0') < 10) | (chunk)((chunk)(lower - 'a') < 26);
}

/* Sixteen at a time: they overlap. */
static inline bool body_is_base62(const char body[static BODY_LEN])
{
    chunk all = chunk_is_base62(body) & chunk_is_base62(body + sizeof(chunk)) &
                chunk_is_base62(body + BODY_LEN - sizeof(chunk));
    uint64_t halves[2];
    memcpy(halves, &all, sizeof halves);
    return (halves[0] & halves[1]) == UINT64_MAX;
}

/* ---- on any processor --------------------------------------------------------------------------
 */

/* 0 for what is not base62. */
static const uint8_t digits[256] = {
    ['0'] = 0, 1,  2,  3,  4,          5,  6,  7,  8,  9,  ['A'] = 10, 11, 12, 13, 14, 15,
    16,        17, 18, 19, 20,         21, 22, 23, 24, 25, 26,         27, 28, 29, 30, 31,
    32,        33, 34, 35, ['a'] = 36, 37, 38, 39, 40, 41, 42,         43, 44, 45, 46, 47,
    48,        49, 50, 51, 52,         53, 54, 55, 56, 57, 58,         59, 60, 61,
};

/* As a number, which takes no division: it has one spelling of this length. */
static bool holds_anywhere(const char body[static BODY_LEN])
{
    uint64_t number = 0;
    for (size_t i = TOKEN_RANDOM_LEN; i < BODY_LEN; i++)
        number = number * 62 + digits[(uint8_t)body[i]];
    return number == crc32_of(body, TOKEN_RANDOM_LEN);
}

enum kind token_parse_anywhere(struct text t)
{
    if (t.len != TOKEN_LEN)
        return KIND_NONE;
    enum kind kind = kind_of_prefix(t.data);
    const char *body = t.data + TOKEN_PREFIX_LEN;
    if (kind == KIND_NONE || !holds_anywhere(body) || !body_is_base62(body))
        return KIND_NONE;
    return kind;
}

#if defined(__x86_64__)

#include <immintrin.h>

#define VECTORS __attribute__((target("avx,pclmul")))

/* ---- on a processor that multiplies polynomials ------------------------------------------------
 */

static inline __m128i sixteen_at(const char *text)
{
    return _mm_loadu_si128((const __m128i *)(const void *)text);
}

/* In the upper half, the number that the last six of these are, below 2^38. */
VECTORS static inline __m128i number_of(__m128i characters)
{
    /* What makes a digit of a character, by the character's upper four bits. */
    const __m128i to_digit = _mm_setr_epi8(0, 0, 0, -'0', 10 - 'A', 10 - 'A', 36 - 'a', 36 - 'a', 0,
                                           0, 0, 0, 0, 0, 0, 0);
    const __m128i four_bits = _mm_set1_epi8(15);
    const __m128i pairs = _mm_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 62, 1, 62, 1, 62, 1);
    const __m128i fours = _mm_setr_epi16(0, 0, 0, 0, 0, 1, 62 * 62, 1);
    const __m128i first_pair = _mm_setr_epi32(0, 0, 62 * 62 * 62 * 62, 0);

    __m128i upper = _mm_and_si128(_mm_srli_epi16(characters, 4), four_bits);
    __m128i digits_of = _mm_add_epi8(characters, _mm_shuffle_epi8(to_digit, upper));
    __m128i both = _mm_madd_epi16(_mm_maddubs_epi16(digits_of, pairs), fours);
    return _mm_add_epi64(_mm_mul_epu32(both, first_pair), _mm_srli_epi64(both, 32));
}

/* Polynomials in the order of bits that the CRC has: x^0 is the highest, of 33 here. P is that of
 * the CRC, 0x1DB710641. */
#define X_224 INT64_C(0x15a546366) /* x^224 mod P */
#define X_160 INT64_C(0x1751997d0)
#define X_96  INT64_C(0x0ccaa009e)
#define X_64  INT64_C(0x163cd6124)
/* P times this is 1 mod x^64, the lowest bit being x^0. */
#define P_INVERSE INT64_C(-0x4b1a4fda08fee9bf)

/* Bytes that thirty lack of two blocks of sixteen. Zeros in front add nothing. */
#define PAD 2

/* 64 bits that leave the same remainder as 30 bytes and a CRC of zeros: their four parts of 64
 * bits, each but the last times the power of x that it stands at, are 96 bits; and the highest 32
 * of those, times theirs, are 64. */
VECTORS static inline __m128i folded(const char bytes[static TOKEN_RANDOM_LEN])
{
    const __m128i upper_two = _mm_set_epi64x(X_160, X_224), rest = _mm_set_epi64x(X_64, X_96);
    const __m128i complement = _mm_set_epi64x(0, INT64_C(0x0000ffffffff0000)); /* of the first 4 */
    const __m128i highest_32 = _mm_set_epi32(0, 0, 0, -1);

    __m128i a = _mm_xor_si128(_mm_slli_si128(sixteen_at(bytes), PAD), complement);
    __m128i b = sixteen_at(bytes + sizeof b - PAD);
    __m128i sum = _mm_xor_si128(_mm_clmulepi64_si128(a, upper_two, 0x00),
                                _mm_clmulepi64_si128(a, upper_two, 0x11));
    sum = _mm_xor_si128(sum, _mm_clmulepi64_si128(b, rest, 0x00));
    sum = _mm_xor_si128(sum, _mm_srli_si128(b, 8));
    __m128i times = _mm_clmulepi64_si128(_mm_and_si128(sum, highest_32), rest, 0x10);
    return _mm_xor_si128(_mm_srli_si128(sum, 4), times);
}

/* With the number in place of the zeros it has to be a multiple of P. What 64 bits are P times, is
 * below 2^32; of what else there is, the inverse makes something larger. */
VECTORS static inline bool holds_by_vectors(const char body[static BODY_LEN])
{
    const __m128i complement = _mm_set_epi64x(0, INT64_C(-0x100000000)); /* of the CRC */
    const __m128i inverse = _mm_set_epi64x(0, P_INVERSE);

    __m128i number = number_of(sixteen_at(body + BODY_LEN - sizeof number));
    __m128i as_crc = _mm_srli_si128(_mm_slli_epi64(number, 32), 8);
    __m128i all = _mm_xor_si128(folded(body), _mm_xor_si128(as_crc, complement));
    uint64_t multiple = (uint64_t)_mm_cvtsi128_si64(_mm_clmulepi64_si128(all, inverse, 0x00));
    if (multiple > UINT32_MAX)
        return false;
    return (uint64_t)_mm_cvtsi128_si64(_mm_srli_si128(number, 8)) <= UINT32_MAX;
}

VECTORS static enum kind parse_by_vectors(const char text[static TOKEN_LEN])
{
    enum kind kind = kind_of_prefix(text);
    const char *body = text + TOKEN_PREFIX_LEN;
    if (kind == KIND_NONE || !holds_by_vectors(body) || !body_is_base62(body))
        return KIND_NONE;
    return kind;
}

enum kind token_parse(struct text t)
{
    if (!__builtin_cpu_supports("avx") || !__builtin_cpu_supports("pclmul"))
        return token_parse_anywhere(t);
    return t.len == TOKEN_LEN ? parse_by_vectors(t.data) : KIND_NONE;
}

#else

enum kind token_parse(struct text t)
{
    return token_parse_anywhere(t);
}

#endif
