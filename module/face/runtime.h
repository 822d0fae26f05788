/* runtime.h - the `socket` of a server's configuration, as the library wants it
 *
 * Operators name the socket; stkgate_options.runtime is the directory where it stands. Pure.
 */
#ifndef STKGATE_FACE_RUNTIME_H
#define STKGATE_FACE_RUNTIME_H

#include <stddef.h>

/* Of "/run/stkgate/check.sock", or "/run/stkgate", the directory: to ret, with its NUL. 0; -EINVAL:
 * not an absolute path, or another socket of the daemon's (http.sock, admin.sock);
 * -ENAMETOOLONG: longer than capacity. ret is untouched then. */
int runtime_of_socket(const char *path, char *ret, size_t capacity);

#endif
