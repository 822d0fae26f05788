/* The view: what of the service publishes the table, and hands it out. */
#include "daemon/service_state.h"

#include <errno.h>

int service_handout(const struct service *service, struct handout *ret)
{
    return -ENOENT;
}

void service_view_stats(const struct service *service, struct view_stats *ret)
{
    *ret = (struct view_stats){0};
}
