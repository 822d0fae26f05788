/* digest.c - see digest.h */

/* The functions of OpenSSL 3 that take the place of these, EVP_Digest...(), allocate memory for
 * each digest, may fail for want of it, and take twice the time. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "lib/core/digest.h"

#include <endian.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "lib/core/secret.h"

#define SHORT_MAX (SHA256_CBLOCK - 9) /* bytes */

_Static_assert(DIGEST_BYTES == SHA256_DIGEST_LENGTH, "a digest is one of SHA-256");

/* None of the three can fail: there is nothing that they need. */
static void digest_of(struct text prefix, struct text value, uint8_t ret[static DIGEST_BYTES])
{
    SHA256_CTX context;

    SHA256_Init(&context);
    if (prefix.len > 0)
        SHA256_Update(&context, prefix.data, prefix.len);
    if (value.len > 0)
        SHA256_Update(&context, value.data, value.len);
    SHA256_Final(ret, &context);
}

/* What fits into one block with its end mark and its length in bits (FIPS 180-4, 5.1.1), as a token
 * does: a third less than by the functions for any length. */
static void digest_of_short(struct text value, uint8_t ret[static DIGEST_BYTES])
{
    SHA256_CTX context;
    uint8_t block[SHA256_CBLOCK] = {0};

    memcpy(block, value.data, value.len);
    block[value.len] = 0x80;
    block[SHA256_CBLOCK - 2] = (uint8_t)(value.len >> 5);
    block[SHA256_CBLOCK - 1] = (uint8_t)(value.len << 3);
    SHA256_Init(&context);
    SHA256_Transform(&context, block);
    for (unsigned i = 0; i < DIGEST_BYTES / sizeof context.h[0]; i++) {
        uint32_t word = htobe32(context.h[i]);
        memcpy(ret + i * sizeof word, &word, sizeof word);
    }
    secret_wipe(block, sizeof block);
}

void digest_token(struct text token, uint8_t ret[static DIGEST_BYTES])
{
    if (token.len > 0 && token.len <= SHORT_MAX)
        digest_of_short(token, ret);
    else
        digest_of(TEXT(""), token, ret);
}

/* The prefix's NUL is hashed, too: no key can continue the prefix. */
void digest_legacy(struct text key, uint8_t ret[static DIGEST_BYTES])
{
    digest_of(TEXT("stkgate legacy key\0"), key, ret);
}

/* In halves: it has a way for sixteen bytes, and goes byte by byte through any other number. Both
 * are always compared. */
bool digest_equal(const uint8_t a[static DIGEST_BYTES], const uint8_t b[static DIGEST_BYTES])
{
    const size_t half = DIGEST_BYTES / 2;
    return CRYPTO_memcmp(a, b, half) + CRYPTO_memcmp(a + half, b + half, half) == 0;
}
