/* fdstore.h - descriptors that systemd keeps while the daemon is restarted
 *
 * FDSTORE=1 of sd_notify(3): what is given away by a name comes back with the next start, in any
 * order. Without systemd nothing is kept, and none of this fails.
 */
#ifndef STKGATE_DAEMON_FDSTORE_H
#define STKGATE_DAEMON_FDSTORE_H

/* Names of ours begin with this; a socket's name never does. */
#define FDSTORE_PREFIX   "view-"
#define FDSTORE_MAX      12 /* FileDescriptorStoreMax= of stkgate.service */
#define FDSTORE_NAME_MAX 31

/* name: FDSTORE_PREFIX, then letters, digits and '-', at most FDSTORE_NAME_MAX bytes. The
 * descriptor stays the caller's. systemd keeps what came before by the same name, too: forget that
 * first. */
void fdstore_keep(const char *name, int fd);
/* All that is kept by this name. */
void fdstore_forget(const char *name);

/* What came back: sockets_inherit() fills it. Who takes one over sets its fd to -1. */
struct fdstore_file {
    char name[FDSTORE_NAME_MAX + 1];
    int fd; /* close-on-exec */
};
struct fdstore {
    unsigned count;
    struct fdstore_file files[FDSTORE_MAX];
};

/* Add what systemd passed; takes fd on success. -ENOSPC: there is no room for one more;
 * -ENAMETOOLONG. */
int fdstore_add(struct fdstore *store, const char *name, int fd);

/* Close what nobody took over, and have systemd forget it: it is of another version, say, and would
 * come back for ever. Whoever keeps something by the same name does so after this. */
void fdstore_drop(struct fdstore *store);

/* Close it, and systemd goes on keeping it: for whoever can't start, since the next one may. */
void fdstore_close(struct fdstore *store);

#endif
