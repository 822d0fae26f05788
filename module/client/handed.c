#include "module/client/handed.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool identify(int fd, dev_t *ret_device, ino_t *ret_inode)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return false;
    *ret_device = st.st_dev;
    *ret_inode = st.st_ino;
    return true;
}

static void take(int fd, struct handed *ret)
{
    unsigned i = ret->count;
    if (i == HANDED_MAX) {
        /* There is no room for it in the buffer, either. */
        ret->refused = true;
        close(fd);
    } else if (identify(fd, &ret->devices[i], &ret->inodes[i])) {
        ret->fds[i] = fd;
        ret->count++;
    } else {
        ret->refused = true; /* closed already, by somebody else */
    }
}

void handed_take(struct msghdr *message, struct handed *ret)
{
    if ((message->msg_flags & MSG_CTRUNC) != 0)
        ret->refused = true;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
            ret->refused = true;
            continue;
        }
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            take(fd, ret);
        }
    }
}

void handed_close(struct handed *handed)
{
    for (unsigned i = 0; i < handed->count; i++) {
        dev_t device;
        ino_t inode;
        if (identify(handed->fds[i], &device, &inode) && device == handed->devices[i] &&
            inode == handed->inodes[i])
            close(handed->fds[i]);
    }
    handed->count = 0;
}
