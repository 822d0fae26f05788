#include "daemon/store/thread.h"

#include <signal.h>

int thread_start(pthread_t *ret, void *(*run)(void *userdata), void *userdata)
{
    sigset_t all, before;

    sigfillset(&all);
    sigdelset(&all, SIGBUS);
    int rc = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (rc != 0)
        return -rc;
    rc = pthread_create(ret, NULL, run, userdata);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -rc;
}
