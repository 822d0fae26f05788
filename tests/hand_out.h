/* hand_out.h - send a packet along with the view, as the daemon does: for who has its place */
#ifndef STKGATE_TESTS_HAND_OUT_H
#define STKGATE_TESTS_HAND_OUT_H

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/publish.h"

/* What sendmsg() returns. */
static inline ssize_t hand_out_send(int fd, const void *bytes, size_t len,
                                    const struct handout *handout)
{
    const int fds[] = {handout->view_fd, handout->buckets_fd};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof fds)];
    } control = {0};
    struct iovec iovec = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};
    struct msghdr message = {
        .msg_iov = &iovec,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof control.bytes,
    };

    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof fds);
    memcpy(CMSG_DATA(&control.header), fds, sizeof fds);
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

#endif
