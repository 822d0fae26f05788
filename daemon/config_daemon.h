/* config_daemon.h - the keys of stkgate.conf, section [daemon], and their defaults; for config.c
 *
 * A limit without a key would be one that no operator can mend: each has its own here, and a
 * commented line in conf/stkgate.conf.
 */
#ifndef STKGATE_DAEMON_CONFIG_DAEMON_H
#define STKGATE_DAEMON_CONFIG_DAEMON_H

#include "daemon/config.h"
#include "daemon/config_file.h"

/* Into a config that is all zeroes. */
void config_daemon_init(struct config *config);

/* The table of keys; their target is a struct config. */
const struct config_key *config_daemon_keys(size_t *ret_count);

#endif
