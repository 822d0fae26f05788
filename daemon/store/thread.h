/* thread.h - start a thread beside the event loop's
 *
 * Signals are for the event loop's thread; but a fault's is for the thread that has it, and blocked
 * it would kill without a word.
 */
#ifndef STKGATE_DAEMON_STORE_THREAD_H
#define STKGATE_DAEMON_STORE_THREAD_H

#include <pthread.h>

/* -EAGAIN: no memory, or a limit. The caller joins it. */
int thread_start(pthread_t *ret, void *(*run)(void *userdata), void *userdata);

#endif
