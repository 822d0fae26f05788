/* authz.h - who is at the other end of a socket, and what that user may do
 *
 * From SO_PEERCRED and SO_PEERGROUPS alone. A pid is never a basis for a decision: it may have been
 * re-used. uid 65534 is what the kernel says of a user that it can't name (another user namespace):
 * it is never allowed anything by name.
 */
#ifndef STKGATE_DAEMON_AUTHZ_H
#define STKGATE_DAEMON_AUTHZ_H

#include <stdbool.h>
#include <sys/types.h>

#define PEER_GROUPS_MAX 64
#define UID_NOBODY      65534

struct peer {
    uid_t uid;
    gid_t gid;
    pid_t pid;
    unsigned group_count; /* supplementary; those above PEER_GROUPS_MAX are not seen: refused, not
                             admitted */
    gid_t groups[PEER_GROUPS_MAX];
};

/* 0 or -errno; ret is untouched on failure. */
int peer_of_socket(int fd, struct peer *ret);

/* A set of users and groups, as an operator names them. */
#define PRINCIPALS_MAX 32
struct principals {
    bool any; /* everybody who reaches the socket */
    unsigned user_count, group_count;
    uid_t users[PRINCIPALS_MAX];
    gid_t groups[PRINCIPALS_MAX];
};

/* Add "user", "@group" (also "%group"), or a number for either. -ENOENT no such user or group;
 * -EPERM the user that is never admitted, whom to name is a mistake; -ENOSPC; -EINVAL. Asks NSS: at
 * configuration time only. */
int principals_add(struct principals *principals, const char *name);

bool principals_have(const struct principals *principals, const struct peer *peer);

/* root, the daemon's own user, and the principals that the configuration names (by default the
 * members of group stkgate-admin, where there is one). */
bool authz_may_admin(const struct principals *admins, const struct peer *peer);

/* Whether it may be given the view of the table, with buckets that it can write: direct (a
 * service's, that it may ask as), and root and the daemon's own user, who could anyway. */
bool authz_may_map(const struct principals *direct, const struct peer *peer);

#endif
