/* http_connection.h - one connection of an HTTP socket; for http*.c alone
 *
 * Each has a libmicrohttpd of its own, without thread or listening socket: MHD_run() serves all
 * connections of its daemon that are ready, and a user with many would have everybody wait for all
 * of them. That way each is a turn of its own (turns.h).
 */
#ifndef STKGATE_DAEMON_HTTP_CONNECTION_H
#define STKGATE_DAEMON_HTTP_CONNECTION_H

#include "daemon/http_request.h"
#include "daemon/turns.h"

struct http_server {
    struct http_options options;
    sd_event *event;
    struct turns *own_turns; /* when the options bring none */
    struct turn listener;
    sd_event_source *rest;  /* of the listener, when descriptors or memory have run out */
    sd_event_source *sweep; /* looks for connections whose time is over */
    struct http_connection *connections;
    unsigned connection_count;
    bool closing; /* no handler is called any more */
};

struct http_connection {
    struct http_server *server;
    struct http_connection *next, *prev; /* in the server's list */
    struct MHD_Daemon *mhd;
    struct turn turn;
    struct peer peer;
    struct quota_user *user;      /* NULL: not counted */
    uint64_t quota_bytes;         /* that the connection holds of the user's share */
    struct http_request *request; /* under way */
    uint64_t close_at_us;         /* CLOCK_MONOTONIC; UINT64_MAX: it waits for us */
    bool served;                  /* a request before this one */
    bool resumed;                 /* since MHD ran last */
    bool closed;                  /* MHD has closed it */
};

/* There may be room for another connection: let the listener look. */
void http_server_rearm(struct http_server *server);
/* There is a connection whose time will be over. */
void http_server_watch(struct http_server *server);

/* How many bytes a connection holds while it is open, beside bodies: MHD's memory. */
uint64_t http_connection_bytes(const struct http_limits *limits);

/* Takes fd, also when it fails; takes what user was charged on success. 0, or -errno: -EMFILE,
 * -ENFILE, -ENOMEM, -EIO. */
struct http_arrival {
    int fd;
    struct peer peer;
    struct quota_user *user; /* NULL: not counted */
    uint64_t quota_bytes;
};
int http_connection_new(struct http_server *server, const struct http_arrival *arrival);
/* Not from within one of MHD's calls. A request that its handler has yet to answer lives on. */
void http_connection_free(struct http_connection *connection);

/* Let MHD run, when it is the connection's turn: a request of it was resumed. */
void http_connection_wake(struct http_connection *connection);

/* Let MHD run now. May free the connection. */
void http_connection_run(struct http_connection *connection);

#endif
