/* kept.h - a service manager's descriptor store, for tests
 *
 * What is given to NOTIFY_SOCKET with FDSTORE=1 is kept, on a thread of its own, until it is
 * forgotten; kept_give() passes it on as systemd does with the next start. One for each program.
 */
#ifndef STKGATE_TESTS_DAEMON_KEPT_H
#define STKGATE_TESTS_DAEMON_KEPT_H

#include "daemon/fdstore.h"

void kept_begin(void); /* sets NOTIFY_SOCKET */
void kept_end(void);   /* closes all that is kept */

/* Copies of all that is kept by now, for the caller to close. */
void kept_give(struct fdstore *ret);

#endif
