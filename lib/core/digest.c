/* digest.c - see digest.h */
#include "lib/core/digest.h"

#include <errno.h>
#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

struct digester {
    EVP_MD *sha256; /* fetched once: looking it up costs twice what hashing a token does */
    EVP_MD_CTX *context;
};

/* Its NUL is hashed, too: no key can continue the prefix. */
static const char legacy_prefix[] = "stkgate legacy key";

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
    *ret = d;
    return 0;
}

struct digester *digester_free(struct digester *d)
{
    if (!d)
        return NULL;
    EVP_MD_CTX_free(d->context);
    EVP_MD_free(d->sha256);
    free(d);
    return NULL;
}

static int digest_parts(struct digester *d, struct text prefix, struct text value,
                        uint8_t ret[static DIGEST_BYTES])
{
    uint8_t digest[DIGEST_BYTES];
    if (!EVP_DigestInit_ex2(d->context, d->sha256, NULL))
        return -ENOMEM;
    if (prefix.len > 0 && !EVP_DigestUpdate(d->context, prefix.data, prefix.len))
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
    return digest_parts(d, (struct text){NULL, 0}, token, ret);
}

int digest_legacy(struct digester *d, struct text key, uint8_t ret[static DIGEST_BYTES])
{
    return digest_parts(d, (struct text){legacy_prefix, sizeof legacy_prefix}, key, ret);
}

bool digest_equal(const uint8_t a[static DIGEST_BYTES], const uint8_t b[static DIGEST_BYTES])
{
    return CRYPTO_memcmp(a, b, DIGEST_BYTES) == 0;
}
