/* fdstore.h - descriptors that systemd keeps while the daemon is restarted
 *
 * FDSTORE=1 of sd_notify(3): what is given away by a name comes back with the next start, in any
 * order. Without systemd nothing is kept, and none of this fails.
 */
#ifndef STKGATE_DAEMON_FDSTORE_H
#define STKGATE_DAEMON_FDSTORE_H

/* Names of ours begin with this; a socket's name never does. */
#define FDSTORE_PREFIX "view-"
#define FDSTORE_MAX    12

/* name: FDSTORE_PREFIX, then letters, digits and '-'. The descriptor stays the caller's. */
void fdstore_keep(const char *name, int fd);
void fdstore_forget(const char *name);

struct fdstore_file {
    char name[32];
    int fd; /* close-on-exec */
};
struct fdstore {
    unsigned count;
    struct fdstore_file files[FDSTORE_MAX];
};

#endif
