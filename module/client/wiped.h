/* wiped.h - memory that a forked child finds full of zeroes
 *
 * MADV_WIPEONFORK: what one process has under way is not under way in its child, whatever the
 * parent's threads were doing when it was forked. No atfork handler, which dlclose(3) would leave
 * dangling, and no comparison of pids. Memory beside it, in the same mapping, is inherited as
 * usual.
 */
#ifndef STKGATE_CLIENT_WIPED_H
#define STKGATE_CLIENT_WIPED_H

#include <stddef.h>

/* len bytes of zeroes on pages of their own, of which the first wiped_len, rounded up to pages, are
 * wiped. *ret is to be given to wiped_free(). 0, -ENOMEM, or why it can't be had. */
int wiped_new(size_t wiped_len, size_t len, void **ret);
/* NULL is allowed. */
void wiped_free(void *memory, size_t len);

#endif
