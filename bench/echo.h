/* echo.h - a bare SEQPACKET ping-pong: what two processes can do at best over a socket
 *
 * The server is a process of its own that blocks in recv(2), takes a packet of the question's size
 * and sends one of the answer's size; nothing else. It ends with its parent.
 *
 * With as_check, it makes the system calls that a check makes: the server waits in epoll_wait(2),
 * as one must that has many connections, and the client asks for the socket's cookie before it
 * sends, as a library must that does not own the descriptor table. What a check takes beyond that
 * is stkgate's own.
 */
#ifndef STKGATE_BENCH_ECHO_H
#define STKGATE_BENCH_ECHO_H

#include <stdbool.h>
#include <sys/types.h>

#include "bench/token_file.h"

struct echo {
    bool as_check;
    int fd;
    pid_t server;
    size_t question_bytes, answer_bytes;
};

/* Set as_check and the sizes before. All end the program on failure. */
void echo_start(struct echo *echo);
void echo_call(void *echo, const struct token_entry *token); /* struct subject's call */
void echo_stop(struct echo *echo);

#endif
