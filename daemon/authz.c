#include "daemon/authz.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Supplementary groups as they were when the peer connected. A peer in more groups than fit is left
 * with none: fewer rights, never more. */
static int read_groups(int fd, struct peer *peer)
{
    socklen_t len = sizeof peer->groups;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, peer->groups, &len) == 0) {
        peer->group_count = (unsigned)(len / sizeof(gid_t));
        return 0;
    }
    peer->group_count = 0;
    return errno == ERANGE ? 0 : -errno;
}

int peer_of_socket(int fd, struct peer *ret)
{
    struct ucred cred;
    socklen_t len = sizeof cred;
    struct peer peer = {0};

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
        return -errno;
    if (len != sizeof cred)
        return -EINVAL;
    peer.uid = cred.uid;
    peer.gid = cred.gid;
    peer.pid = cred.pid;
    int r = read_groups(fd, &peer);
    if (r < 0)
        return r;
    *ret = peer;
    return 0;
}

/* Only digits, and not the -1 that system calls take for "no change". */
static bool parse_id(const char *name, unsigned *ret)
{
    char *end;

    if (name[0] < '0' || name[0] > '9')
        return false;
    errno = 0;
    unsigned long id = strtoul(name, &end, 10);
    if (errno != 0 || *end != '\0' || id >= UINT32_MAX)
        return false;
    *ret = (unsigned)id;
    return true;
}

static int add_group(struct principals *principals, const char *name)
{
    gid_t gid;

    if (!parse_id(name, &gid)) {
        const struct group *group = getgrnam(name);
        if (!group)
            return -ENOENT;
        gid = group->gr_gid;
    }
    if (principals->group_count == PRINCIPALS_MAX)
        return -ENOSPC;
    principals->groups[principals->group_count++] = gid;
    return 0;
}

static int add_user(struct principals *principals, const char *name)
{
    uid_t uid;

    if (!parse_id(name, &uid)) {
        const struct passwd *user = getpwnam(name);
        if (!user)
            return -ENOENT;
        uid = user->pw_uid;
    }
    if (uid == UID_NOBODY)
        return -EPERM;
    if (principals->user_count == PRINCIPALS_MAX)
        return -ENOSPC;
    principals->users[principals->user_count++] = uid;
    return 0;
}

int principals_add(struct principals *principals, const char *name)
{
    if (name[0] == '@' || name[0] == '%')
        return name[1] ? add_group(principals, name + 1) : -EINVAL;
    return name[0] ? add_user(principals, name) : -EINVAL;
}

static bool in_group(const struct peer *peer, gid_t gid)
{
    if (peer->gid == gid)
        return true;
    for (unsigned i = 0; i < peer->group_count; i++)
        if (peer->groups[i] == gid)
            return true;
    return false;
}

bool principals_have(const struct principals *principals, const struct peer *peer)
{
    if (principals->any)
        return true;
    if (peer->uid == UID_NOBODY)
        return false;
    for (unsigned i = 0; i < principals->user_count; i++)
        if (principals->users[i] == peer->uid)
            return true;
    for (unsigned i = 0; i < principals->group_count; i++)
        if (in_group(peer, principals->groups[i]))
            return true;
    return false;
}

/* Named in the list; or root, or the daemon's own user, who have the table in their hands anyway.
 */
static bool may(const struct principals *listed, const struct peer *peer)
{
    if (peer->uid == UID_NOBODY)
        return false;
    return peer->uid == 0 || peer->uid == geteuid() || principals_have(listed, peer);
}

bool authz_may_admin(const struct principals *admins, const struct peer *peer)
{
    return may(admins, peer);
}

bool authz_may_map(const struct principals *direct, const struct peer *peer)
{
    return may(direct, peer);
}
