/* gates.h - the handles of this server: one for each service and socket
 *
 * What a request is guarded by is merged from several sections when it comes; but of which services
 * and sockets is known when the configuration was read. A handle for each pair is opened then, in
 * the parent, and used by its children alone: it connects to nothing before that, so that nothing
 * that the parent may see as root is handed down.
 *
 * One set for the process, which belongs to the pool of the configuration: with that it is closed.
 */
#ifndef STKGATE_APACHE_GATES_H
#define STKGATE_APACHE_GATES_H

#include <apr_pools.h>
#include <stdbool.h>

#include "stkgate.h"

#define GATES_SERVICE "default" /* where no StkgateService applies */

/* Begin a set, with the service and socket that apply where nothing is said. */
void gates_begin(apr_pool_t *pconf);

/* A service, or the directory of a socket, that the configuration names. 0, or a negative errno
 * value: no service's name, or too long. The text must live as long as the set. */
int gates_add_service(const char *service);
int gates_add_runtime(const char *runtime);

/* How long a call may wait for the daemon at most, in milliseconds; 0: as the library has it. Of
 * all handles, those that are opened after it. */
void gates_set_deadline(uint32_t deadline_ms);

/* Open all. 0, or as stkgate_open(). */
int gates_open(void);

/* The one for this pair; runtime NULL: the library's own. NULL: there is none. Any thread, any
 * child, once gates_open() has returned. */
stkgate *gates_find(const char *service, const char *runtime);

/* Whether these scope names are registered, with handles of its own, which it closes. 0; -ENXIO,
 * -EINVAL: nobody knows one of them; or why nobody could be asked. */
int gates_know_scopes(const char *names);

#endif
