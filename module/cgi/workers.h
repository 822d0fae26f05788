/* workers.h - threads that take connections from one listening socket, until the program is to end
 */
#ifndef STKGATE_MODULE_CGI_WORKERS_H
#define STKGATE_MODULE_CGI_WORKERS_H

/* How long one connection may take, whatever its peer does, in seconds. */
#define WORKERS_CONNECTION_S 10

/* Serve a connection; it is closed by the caller. */
typedef void (*workers_serve_fn)(int connection, void *userdata);

/* Take connections from fd, which is non-blocking, in count threads, and serve each with serve().
 * SIGTERM and SIGINT end it: no further connection is taken, and it returns when those at hand are
 * done. One that takes longer than WORKERS_CONNECTION_S is shut down. 0; or -errno: no thread could
 * be started, or nothing can be taken from fd any more. To be called before any other thread is
 * started: it blocks these signals, and SIGPIPE is ignored from then on. */
int workers_run(int fd, unsigned count, workers_serve_fn serve, void *userdata);

#endif
