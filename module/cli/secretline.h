/* secretline.h - read one line that may be a secret
 *
 * From a pipe or file it takes no byte behind the newline, so that several lines can be read one
 * after another by several programs. On a terminal it asks, on stderr, and echoes nothing; the
 * terminal is as before when the call returns, when a signal ends the program, and while it is
 * stopped.
 */
#ifndef STKGATE_MODULE_CLI_SECRETLINE_H
#define STKGATE_MODULE_CLI_SECRETLINE_H

#include <stddef.h>

/* Into line, at most capacity - 1 bytes (capacity > 0), without the newline (or CR and newline) and
 * with a NUL behind; *ret_len bytes, which may have a NUL among them. The end of the file ends a
 * line, too. 0; -EMSGSIZE: too long; or -errno of the reading. On failure line is wiped. The
 * caller wipes it otherwise. One thread: it changes signal handlers for the time of the call. */
int secretline_read(int fd, const char *prompt, char *line, size_t capacity, size_t *ret_len);

#endif
