/* keeper.h - in systemd's place: starts a daemon, hears that it is READY, and keeps descriptors
 *
 * What the daemon gives away with FDSTORE=1 is passed on at the next start, as LISTEN_FDS says. All
 * of it ends the program on failure.
 */
#ifndef STKGATE_BENCH_KEEPER_H
#define STKGATE_BENCH_KEEPER_H

#include <stdint.h>
#include <sys/types.h>

#include "daemon/fdstore.h"

struct keeper {
    int fd; /* NOTIFY_SOCKET */
    struct fdstore kept;
    pid_t pid;
};

void keeper_open(struct keeper *keeper);
/* Returns when it is READY. argv ends with NULL. */
void keeper_start(struct keeper *keeper, char *argv[]);
/* Returns when it has ended. */
void keeper_stop(struct keeper *keeper);
/* The descriptors are lost, as by a boot. */
void keeper_forget(struct keeper *keeper);

/* Wait until the daemon's view has all of its table, as GET /v1/status on admin.sock says. */
void keeper_await_complete(const char *runtime);

#endif
