/* digest.h - SHA-256 of secrets (FIPS 180-4); the one file that uses OpenSSL
 *
 * Right for a random secret of at least 128 bits: nobody can guess it, so nothing slower is needed,
 * and the digest can be the index of the table. A legacy key is digested with a prefix of its own,
 * so that no legacy key can stand for a token or the reverse.
 */
#ifndef STKGATE_CORE_DIGEST_H
#define STKGATE_CORE_DIGEST_H

#include "lib/core/text.h"

#define DIGEST_BYTES 32

/* A re-usable context: 84 ns per token against 314 ns for the one-shot call. One thread at a time;
 * works on in a forked child. */
struct digester;

/* -ENOMEM, or -EIO when the crypto library has no SHA-256, or no memory to look for it. */
int digester_new(struct digester **ret);
struct digester *digester_free(struct digester *d); /* returns NULL */

/* ret is untouched on failure (-ENOMEM: of a digest that was found, nothing else can fail). */
int digest_token(struct digester *d, struct text token, uint8_t ret[static DIGEST_BYTES]);
int digest_legacy(struct digester *d, struct text key, uint8_t ret[static DIGEST_BYTES]);

/* In constant time. Thread-safe. */
bool digest_equal(const uint8_t a[static DIGEST_BYTES], const uint8_t b[static DIGEST_BYTES]);

#endif
