/* config_value.h - values of configuration files, taken into a member of the target and shown again
 *
 * Functions for struct config_key: key->offset is the member, of the type that each says, and min
 * and max are its range.
 */
#ifndef STKGATE_DAEMON_CONFIG_VALUE_H
#define STKGATE_DAEMON_CONFIG_VALUE_H

#include "daemon/config_file.h"

/* unsigned: a whole number. */
const char *config_take_count(const struct config_key *key, void *target, const char *value,
                              char why[static CONFIG_WHY_MAX]);
void config_show_count(const struct config_key *key, const void *target, char *ret,
                       size_t capacity);

/* uint64_t, a whole number; or of bytes, with K, M, G or T (powers of 1024) behind it. */
const char *config_take_number(const struct config_key *key, void *target, const char *value,
                               char why[static CONFIG_WHY_MAX]);
void config_show_number(const struct config_key *key, const void *target, char *ret,
                        size_t capacity);
const char *config_take_size(const struct config_key *key, void *target, const char *value,
                             char why[static CONFIG_WHY_MAX]);
void config_show_size(const struct config_key *key, const void *target, char *ret, size_t capacity);

/* uint64_t, nanoseconds: "500ms". */
const char *config_take_span(const struct config_key *key, void *target, const char *value,
                             char why[static CONFIG_WHY_MAX]);
void config_show_span(const struct config_key *key, const void *target, char *ret, size_t capacity);

/* bool: yes or no. */
const char *config_take_bool(const struct config_key *key, void *target, const char *value,
                             char why[static CONFIG_WHY_MAX]);
void config_show_bool(const struct config_key *key, const void *target, char *ret, size_t capacity);

/* struct principals: users, and groups with a @ in front; shown as numbers. A list. */
const char *config_take_principals(const struct config_key *key, void *target, const char *value,
                                   char why[static CONFIG_WHY_MAX]);
void config_show_principals(const struct config_key *key, const void *target, char *ret,
                            size_t capacity);

#endif
