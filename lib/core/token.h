/* token.h - the text of a storefront access token
 *
 * "stk_live_" or "stk_test_", 30 random base62 characters (178 bits), 6 base62 characters of
 * checksum: CRC-32 over the 30, big-endian digits of 0-9A-Za-z, left-padded with '0'. 45
 * characters, so that SHA-256 takes one block. Pure; thread-safe.
 */
#ifndef STKGATE_CORE_TOKEN_H
#define STKGATE_CORE_TOKEN_H

#include "lib/core/text.h"

#define TOKEN_LEN          45 /* characters */
#define TOKEN_PREFIX_LEN   9  /* "stk_live_" */
#define TOKEN_RANDOM_LEN   30
#define TOKEN_CHECKSUM_LEN 6
#define SECRET_PREFIX_LEN  (TOKEN_PREFIX_LEN + 4) /* what lists may show */

/* Also the kind of a record: a legacy key is no token, but stands in the same table. */
enum kind {
    KIND_NONE = 0,
    KIND_LIVE = 1,
    KIND_TEST = 2,
    KIND_LEGACY = 3,
};

/* "live", "test", "legacy" or "none". Static. */
const char *kind_name(enum kind kind);

/* Fills len bytes with random ones of cryptographic quality. 0 or -errno. */
typedef int (*token_random_fn)(void *bytes, size_t len, void *userdata);

/* Draw count base62 characters (no NUL is written): bytes of 248 and above are discarded, so that
 * each character is equally likely. 0, or what random returned (out is then wiped). */
int token_random_base62(token_random_fn random, void *userdata, char *out, size_t count);

/* Make a new token of kind KIND_LIVE or KIND_TEST, NUL-terminated. The caller wipes it. */
int token_generate(enum kind kind, token_random_fn random, void *userdata,
                   char ret[static TOKEN_LEN + 1]);

/* Whether all are of 0-9A-Za-z; true for the empty text. */
bool token_is_base62(struct text t);

/* The checksum of 30 characters; no NUL is written. */
void token_checksum(const char random[static TOKEN_RANDOM_LEN],
                    char ret[static TOKEN_CHECKSUM_LEN]);

/* KIND_LIVE or KIND_TEST for a well-formed token, else KIND_NONE. Looks at the text alone. */
enum kind token_parse(struct text t);

/* The same, without what not every processor has. */
enum kind token_parse_anywhere(struct text t);

/* Whether a token, or more of one than lists may show, stands somewhere in the text: such a text is
 * never stored or logged, whatever field an operator put it in by mistake. */
bool token_is_within(struct text t);

/* ---- key ids: public, random, no relation to the secret ---------------------------------------
 */

#define KEY_ID_LEN 20 /* "key_" and 16 base62 characters */

int key_id_generate(token_random_fn random, void *userdata, char ret[static KEY_ID_LEN + 1]);
bool key_id_is_valid(struct text t);

/* ---- legacy keys ------------------------------------------------------------------------------
 */

#define LEGACY_MIN 8
#define LEGACY_MAX 256

/* An API key of older days: LEGACY_MIN to LEGACY_MAX printable ASCII characters, no space, no
 * comma. */
bool legacy_is_valid(struct text t);

#endif
