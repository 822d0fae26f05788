/* config_case.h - a configuration with one file in it: for the targets config and service
 */
#ifndef STKGATE_FUZZ_CONFIG_CASE_H
#define STKGATE_FUZZ_CONFIG_CASE_H

#include "daemon/config.h"
#include "fuzz/target.h"

/* Load a configuration whose file of this path (such as "stkgate.conf") has these bytes, and which
 * has no other. To be freed by the caller; NULL when it was refused, with a message as it must be.
 * The same path each time; the directory below $TMPDIR is removed at exit. */
struct config *config_case_load(const char *path, const uint8_t *bytes, size_t len);

#endif
