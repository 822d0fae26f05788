/* service_pending.h - a change under way, for the files that submit some; private to service*.c
 */
#ifndef STKGATE_DAEMON_SERVICE_PENDING_H
#define STKGATE_DAEMON_SERVICE_PENDING_H

#include "daemon/service_state.h"

struct pending {
    struct service *service;
    service_done_fn done;
    void *userdata;
    char secret[TOKEN_LEN + 1]; /* of mint and rotate */
};

/* -ENOMEM. */
int service_pending_new(struct service *service, service_done_fn done, void *userdata,
                        struct pending **ret);
/* Wipes the secret. NULL is allowed; returns NULL. */
struct pending *service_pending_free(struct pending *pending);

/* Date the change and submit it. Takes pending, also on failure. As committer_submit(). */
int service_submit(struct service *service, struct change *change, struct pending *pending);

#endif
