/* digest.c - see digest.h */

/* The functions of OpenSSL 3 that take the place of these, EVP_Digest...(), allocate memory for
 * each digest, may fail for want of it, and take twice the time. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "lib/core/digest.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

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

void digest_token(struct text token, uint8_t ret[static DIGEST_BYTES])
{
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
