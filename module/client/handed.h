/* handed.h - the descriptors that come along with an answer
 *
 * Close-on-exec from the first instant on. They are in the host program's table as soon as they are
 * received, and it may close and re-use any number at any time: each is known by the file it was,
 * as a connection is by its cookie.
 */
#ifndef STKGATE_CLIENT_HANDED_H
#define STKGATE_CLIENT_HANDED_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

#define HANDED_MAX 2

struct handed {
    int fds[HANDED_MAX];
    dev_t devices[HANDED_MAX]; /* at receipt */
    ino_t inodes[HANDED_MAX];
    unsigned count;
    bool refused; /* there was more, or something else */
};

/* Room in a control buffer for just as many. */
union handed_buffer {
    struct cmsghdr header; /* aligns it */
    char bytes[CMSG_SPACE(HANDED_MAX * sizeof(int))];
};

/* Takes over all descriptors of what recvmsg(2) received. ret begins as zeroes. */
void handed_take(struct msghdr *message, struct handed *ret);

/* Closes those that still are what they were; leaves none. */
void handed_close(struct handed *handed);

#endif
