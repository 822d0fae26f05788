/* config_file.h - one configuration file: lines of key = value, each handed to a table of keys
 *
 * libinih does the reading; what is added here: bounds, the line number of the first mistake, keys
 * that are unknown or given twice, and lists that may go on in indented lines.
 */
#ifndef STKGATE_DAEMON_CONFIG_FILE_H
#define STKGATE_DAEMON_CONFIG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_FILE_MAX 262144 /* bytes */
#define CONFIG_LINE_MAX 4096   /* bytes */
#define CONFIG_WHY_MAX  256

struct config_key;

/* Takes one value into target. NULL, or what is wrong and what to write instead: static, or in the
 * buffer why of CONFIG_WHY_MAX bytes. */
typedef const char *(*config_take_fn)(const struct config_key *key, void *target, const char *value,
                                      char why[static CONFIG_WHY_MAX]);
/* The value that target has, as a file would say it; at most capacity - 1 bytes. */
typedef void (*config_show_fn)(const struct config_key *key, const void *target, char *ret,
                               size_t capacity);

struct config_key {
    const char *name;
    config_take_fn take;
    config_show_fn show;
    size_t offset;     /* of the member of target, for the functions of config_value.h */
    uint64_t min, max; /* what is allowed there, in its unit */
    bool list;     /* may be given again, and go on in indented lines: take adds to what is there */
    bool at_start; /* in force after a restart only */
};

/* section: the one that this kind of file may name in brackets; keys without any section belong to
 * it, too. 0; -ENOENT no such
 * file (no message); else -errno and message: "FILE:LINE: what is
 * wrong". */
int config_file_read(const char *path, const char *section, const struct config_key *keys,
                     size_t key_count, void *target, char *message, size_t message_max);

/* The items of a value, separated by commas or spaces: *at starts as the value; false at the end.
 * item gets at most capacity - 1 bytes; *too_long tells when that cut it. */
bool config_next_item(const char **at, char *item, size_t capacity, bool *too_long);

#endif
