/* wiping.h - memory of libcurl and jansson is wiped before it is given back
 *
 * Both libraries copy what passes through them, and a mint's answer or a legacy key passes through
 * both. Their allocators are replaced, so that no copy outlives its use.
 */
#ifndef STKGATE_ADMIN_WIPING_H
#define STKGATE_ADMIN_WIPING_H

#include <stddef.h>

/* Replace the allocators and initialise libcurl. Once per process, before either library is used
 * and while there is one thread. 0 or -ENOMEM. */
int wiping_install(void);

/* For memory that is handed to or came from the two libraries, and for other buffers that hold
 * secrets. NULL is allowed in free. */
void *wiping_malloc(size_t size);
void *wiping_realloc(void *memory, size_t size);
void wiping_free(void *memory);

#endif
