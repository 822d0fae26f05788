/* mapped.h - which views a process has in its memory, as /proc tells
 */
#ifndef STKGATE_TESTS_CROWD_MAPPED_H
#define STKGATE_TESTS_CROWD_MAPPED_H

#include <stdint.h>
#include <sys/types.h>

/* How many; *ret: the inode of the last one, 0 if there is none. Ends the program when the process
 * is gone. */
unsigned mapped_views(pid_t pid, uint64_t *ret);

#endif
