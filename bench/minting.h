/* minting.h - operators who mint without pause
 *
 * Processes that each put one mint after the other on a connection of their own to admin.sock, the
 * next as soon as the answer to the last is there: with several of them there always is one queued
 * while another is being committed. They end with their parent.
 */
#ifndef STKGATE_BENCH_MINTING_H
#define STKGATE_BENCH_MINTING_H

#include <stdatomic.h>
#include <sys/types.h>

#define MINTING_PROCESSES 4

struct minting {
    const char *runtime;
    _Atomic unsigned *minted; /* shared with the processes */
    pid_t processes[MINTING_PROCESSES];
};

/* Returns when the first mints are committed. Both end the program on failure. */
void minting_start(struct minting *minting, const char *runtime);
unsigned minting_count(const struct minting *minting);
void minting_stop(struct minting *minting);

#endif
