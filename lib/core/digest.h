/* digest.h - SHA-256 of secrets (FIPS 180-4); the one file that uses OpenSSL
 *
 * Right for a random secret of at least 128 bits: nobody can guess it, so nothing slower is needed,
 * and the digest can be the index of the table. A legacy key is digested with a prefix of its own,
 * so that no legacy key can stand for a token or the reverse. Pure; thread-safe.
 */
#ifndef STKGATE_CORE_DIGEST_H
#define STKGATE_CORE_DIGEST_H

#include "lib/core/text.h"

#define DIGEST_BYTES 32

void digest_token(struct text token, uint8_t ret[static DIGEST_BYTES]);
void digest_legacy(struct text key, uint8_t ret[static DIGEST_BYTES]);

/* In constant time. */
bool digest_equal(const uint8_t a[static DIGEST_BYTES], const uint8_t b[static DIGEST_BYTES]);

#endif
