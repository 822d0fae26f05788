/* mask.h - take secrets out of a line that is about to be logged
 *
 * nginx logs header fields by itself: all of them at level debug, one that it finds invalid at
 * level info. Pure.
 */
#ifndef STKGATE_NGINX_MASK_H
#define STKGATE_NGINX_MASK_H

#include <stddef.h>

/* Overwrite with dots, in place: what follows the first four characters behind "stk_live_" or
 * "stk_test_" (in any case, and with %5F for a hyphen of theirs), as far as no space, quote, comma
 * or the like ends it; and the value behind "X-API-Key:" and "X-Stella-Token:" (in any case, and
 * with underscores), whatever it is. A line may end anywhere within either. Other bytes, and the
 * length, stay. */
void mask_secrets(unsigned char *line, size_t len);

#endif
