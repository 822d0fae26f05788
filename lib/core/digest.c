/* digest.c - see digest.h */
#include "lib/core/digest.h"

#include <errno.h>
#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

/* Fetched once: looking it up costs twice what hashing a token does. And begun once: a copy of what
 * was begun takes 73 ns with all that follows, where to begin anew takes 101. */
struct digester {
    EVP_MD *sha256;
    EVP_MD_CTX *context;
    EVP_MD_CTX *begun, *begun_legacy; /* nothing was hashed yet, or the prefix */
};

/* Its NUL is hashed, too: no key can continue the prefix. */
static const char legacy_prefix[] = "stkgate legacy key";

static int begin_all(struct digester *d)
{
    d->begun = EVP_MD_CTX_new();
    d->begun_legacy = EVP_MD_CTX_new();
    if (!d->begun || !d->begun_legacy || !EVP_DigestInit_ex2(d->begun, d->sha256, NULL) ||
        !EVP_DigestInit_ex2(d->begun_legacy, d->sha256, NULL) ||
        !EVP_DigestUpdate(d->begun_legacy, legacy_prefix, sizeof legacy_prefix))
        return -ENOMEM;
    return 0;
}

int digester_new(struct digester **ret)
{
    struct digester *d = calloc(1, sizeof *d);
    if (!d)
        return -ENOMEM;
    /* EVP_MD_fetch() of OpenSSL 3.0 crashes when it finds no memory for its first context. */
    if (OSSL_LIB_CTX_get0_global_default())
        d->context = EVP_MD_CTX_new();
    if (!d->context) {
        digester_free(d);
        return -ENOMEM;
    }
    d->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (!d->sha256 || EVP_MD_get_size(d->sha256) != DIGEST_BYTES) {
        digester_free(d);
        return -EIO;
    }
    int r = begin_all(d);
    if (r < 0) {
        digester_free(d);
        return r;
    }
    *ret = d;
    return 0;
}

struct digester *digester_free(struct digester *d)
{
    if (!d)
        return NULL;
    EVP_MD_CTX_free(d->context);
    EVP_MD_CTX_free(d->begun);
    EVP_MD_CTX_free(d->begun_legacy);
    EVP_MD_free(d->sha256);
    free(d);
    return NULL;
}

static int digest_from(struct digester *d, const EVP_MD_CTX *begun, struct text value,
                       uint8_t ret[static DIGEST_BYTES])
{
    uint8_t digest[DIGEST_BYTES];
    if (!EVP_MD_CTX_copy_ex(d->context, begun))
        return -ENOMEM;
    if (value.len > 0 && !EVP_DigestUpdate(d->context, value.data, value.len))
        return -ENOMEM;
    if (!EVP_DigestFinal_ex(d->context, digest, NULL))
        return -ENOMEM;
    memcpy(ret, digest, DIGEST_BYTES);
    return 0;
}

int digest_token(struct digester *d, struct text token, uint8_t ret[static DIGEST_BYTES])
{
    return digest_from(d, d->begun, token, ret);
}

int digest_legacy(struct digester *d, struct text key, uint8_t ret[static DIGEST_BYTES])
{
    return digest_from(d, d->begun_legacy, key, ret);
}

/* In halves: it has a way for sixteen bytes, and goes byte by byte through any other number. Both
 * are always compared. */
bool digest_equal(const uint8_t a[static DIGEST_BYTES], const uint8_t b[static DIGEST_BYTES])
{
    const size_t half = DIGEST_BYTES / 2;
    return CRYPTO_memcmp(a, b, half) + CRYPTO_memcmp(a + half, b + half, half) == 0;
}
