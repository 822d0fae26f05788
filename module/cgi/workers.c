#include "module/cgi/workers.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct worker {
    struct workers *all;
    pthread_t thread;
    pthread_mutex_t lock; /* over the next two */
    int connection;       /* -1: none at hand */
    time_t until;         /* CLOCK_MONOTONIC */
};

struct workers {
    int fd, stop; /* the socket; readable when all are to end */
    workers_serve_fn serve;
    void *userdata;
    unsigned count;
    struct worker *list;
    pthread_mutex_t lock; /* over the next */
    int error;            /* why nothing can be taken any more */
};

static time_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec;
}

static void pause_briefly(void)
{
    static const struct timespec tenth = {.tv_nsec = 100000000};
    nanosleep(&tenth, NULL);
}

/* ---- one worker ---------------------------------------------------------------------------- */

static void hold(struct worker *worker, int connection)
{
    pthread_mutex_lock(&worker->lock);
    worker->connection = connection;
    worker->until = now() + WORKERS_CONNECTION_S;
    pthread_mutex_unlock(&worker->lock);
}

/* The connection is closed when nobody can shut it down any more: its number may be another's. */
static void serve(struct worker *worker, int connection)
{
    hold(worker, connection);
    worker->all->serve(connection, worker->all->userdata);
    hold(worker, -1);
    close(connection);
}

static bool passes_by_itself(int error)
{
    switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM: pause_briefly(); return true;
    case EBADF:
    case EINVAL:
    case ENOTSOCK:
    case EOPNOTSUPP: return false;
    default: return true; /* another worker was faster, or the client has gone */
    }
}

static void end_all(struct workers *all, int error)
{
    pthread_mutex_lock(&all->lock);
    if (all->error == 0)
        all->error = error;
    pthread_mutex_unlock(&all->lock);
    kill(getpid(), SIGTERM);
}

static void *work(void *userdata)
{
    struct worker *worker = userdata;
    struct workers *all = worker->all;
    for (;;) {
        struct pollfd wait[] = {{.fd = all->stop, .events = POLLIN},
                                {.fd = all->fd, .events = POLLIN}};
        if (poll(wait, 2, -1) < 0 && errno != EINTR)
            pause_briefly();
        if (wait[0].revents)
            return NULL;
        if (!wait[1].revents)
            continue;
        int connection = accept4(all->fd, NULL, NULL, SOCK_CLOEXEC);
        if (connection >= 0) {
            serve(worker, connection);
        } else if (!passes_by_itself(errno)) {
            end_all(all, -errno);
            return NULL;
        }
    }
}

/* ---- all ----------------------------------------------------------------------------------- */

static void shut_down_the_late(struct workers *all)
{
    for (unsigned i = 0; i < all->count; i++) {
        struct worker *worker = &all->list[i];
        pthread_mutex_lock(&worker->lock);
        if (worker->connection >= 0 && now() >= worker->until)
            shutdown(worker->connection, SHUT_RDWR);
        pthread_mutex_unlock(&worker->lock);
    }
}

/* Until one of the signals. */
static void watch(struct workers *all, const sigset_t *signals)
{
    static const struct timespec second = {.tv_sec = 1};
    while (sigtimedwait(signals, NULL, &second) < 0)
        shut_down_the_late(all);
}

static int start(struct workers *all, unsigned count)
{
    for (; all->count < count; all->count++) {
        struct worker *worker = &all->list[all->count];
        *worker = (struct worker){.all = all, .connection = -1};
        pthread_mutex_init(&worker->lock, NULL);
        int error = pthread_create(&worker->thread, NULL, work, worker);
        if (error) {
            pthread_mutex_destroy(&worker->lock);
            return -error;
        }
    }
    return 0;
}

/* How many are still at work is not known here, only until when each must have ended. */
static void end(struct workers *all)
{
    for (unsigned i = 0; i < all->count; i++) {
        struct worker *worker = &all->list[i];
        struct timespec soon;
        do {
            shut_down_the_late(all);
            clock_gettime(CLOCK_REALTIME, &soon);
            soon.tv_sec++;
        } while (pthread_timedjoin_np(worker->thread, NULL, &soon) != 0);
    }
    for (unsigned i = 0; i < all->count; i++)
        pthread_mutex_destroy(&all->list[i].lock);
}

int workers_run(int fd, unsigned count, workers_serve_fn serve_one, void *userdata)
{
    struct workers all = {.fd = fd, .serve = serve_one, .userdata = userdata};
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    all.list = calloc(count, sizeof *all.list);
    all.stop = eventfd(0, EFD_CLOEXEC);
    if (!all.list || all.stop < 0) {
        int error = all.list ? -errno : -ENOMEM;
        free(all.list);
        return error;
    }
    pthread_mutex_init(&all.lock, NULL);
    int r = start(&all, count);
    if (r == 0)
        watch(&all, &signals);
    eventfd_write(all.stop, 1);
    end(&all);
    if (r == 0)
        r = all.error;
    pthread_mutex_destroy(&all.lock);
    close(all.stop);
    free(all.list);
    return r;
}
