/* echo.h - a bare SEQPACKET ping-pong: what two processes can do at best over a socket
 *
 * The server is a process of its own that blocks in recv(2), takes a packet of the question's size
 * and sends one of the answer's size; nothing else. It ends with its parent.
 */
#ifndef STKGATE_BENCH_ECHO_H
#define STKGATE_BENCH_ECHO_H

#include <sys/types.h>

#include "bench/token_file.h"

struct echo {
    int fd;
    pid_t server;
    size_t question_bytes, answer_bytes;
};

/* Set the sizes before. All end the program on failure. */
void echo_start(struct echo *echo);
void echo_call(void *echo, const struct token_entry *token); /* struct subject's call */
void echo_stop(struct echo *echo);

#endif
