/* pool.h - the connections of one handle, shared by its threads and lost by its children
 *
 * A fixed number of places, each a state word and a connection. The state words stand in a page
 * that the kernel gives to a forked child filled with zeroes (MADV_WIPEONFORK): the child finds
 * every place empty, whatever its parent's threads were doing, and no mutex, atfork handler or pid
 * comparison is involved. The connections stand in ordinary memory, by which the child knows which
 * descriptors it inherited, and closes them when it first uses the handle. Lock-free.
 */
#ifndef STKGATE_CLIENT_POOL_H
#define STKGATE_CLIENT_POOL_H

#include "module/client/connection.h"

#define POOL_PLACES 16 /* a thread that finds none keeps its connection for one call only */

struct pool {
    struct pool_page *page;
    struct connection places[POOL_PLACES];
};

/* 0, -ENOMEM, or why the page can't be had. */
int pool_init(struct pool *pool);
/* Closes all. No other thread may use the pool. */
void pool_deinit(struct pool *pool);

/* A connection that was used before and still is ours, or NULL. */
struct connection *pool_take(struct pool *pool);

/* A place for a new connection: in the pool, or spare (the caller's) when there is none. */
struct connection *pool_place(struct pool *pool, struct connection *spare);

/* Both end the caller's hold. put: for the next who wants it; closes one without a place. drop:
 * closes it. */
void pool_put(struct pool *pool, struct connection *connection);
void pool_drop(struct pool *pool, struct connection *connection);

/* The incarnation of the daemon that this process got its view from, on a connection of its own; 0:
 * of none. A child has none to begin with, though it may have the view: the daemon counts who has
 * it. */
uint64_t pool_attached(const struct pool *pool);
void pool_set_attached(struct pool *pool, uint64_t incarnation);

#endif
