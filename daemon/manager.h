/* manager.h - `stkgate daemon`: opens everything, wires it together, runs the loop, ends it in
 * order
 */
#ifndef STKGATE_DAEMON_MANAGER_H
#define STKGATE_DAEMON_MANAGER_H

#include <stdbool.h>

struct manager_options {
    const char *state;   /* directory of the table */
    const char *runtime; /* directory of the sockets that systemd did not pass */
    const char *config;  /* directory of stkgate.conf and services.d; NULL: defaults */
    bool trust_clock;    /* also where it is behind the table's last commit */
};

/* Returns when SIGTERM or SIGINT came: 0; or -errno, after having logged why. */
int manager_run(const struct manager_options *options);

#endif
