/* config_service.h - the keys of services.d/NAME.conf, and their defaults; for config.c
 */
#ifndef STKGATE_DAEMON_CONFIG_SERVICE_H
#define STKGATE_DAEMON_CONFIG_SERVICE_H

#include "daemon/config.h"
#include "daemon/config_file.h"

/* name: at most SERVICE_MAX bytes. */
void config_service_init(struct service_config *service, const char *name);

/* The table of keys; their target is a struct service_config. */
const struct config_key *config_service_keys(size_t *ret_count);

#endif
