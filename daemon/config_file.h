/* config_file.h - one configuration file: lines of key = value, each handed to a table of keys
 *
 * libinih does the reading; what is added here: bounds, the line number of the first mistake, keys
 * that are unknown or given twice, and lists that may go on in indented lines.
 */
#ifndef STKGATE_DAEMON_CONFIG_FILE_H
#define STKGATE_DAEMON_CONFIG_FILE_H

#include <stdbool.h>
#include <stddef.h>

#define CONFIG_FILE_MAX 262144 /* bytes */
#define CONFIG_LINE_MAX 4096   /* bytes */
#define CONFIG_WHY_MAX  256

/* Takes one value into target. NULL, or what is wrong and what to write instead: static, or in the
 * buffer why of CONFIG_WHY_MAX bytes. */
typedef const char *(*config_take_fn)(void *target, const char *value, char *why);

struct config_key {
    const char *name;
    config_take_fn take;
    bool list; /* may be given again, and go on in indented lines: take adds to what is there */
};

/* section: the one that this kind of file may name in brackets; keys without any section belong to
 * it, too. 0; -ENOENT no such file (no message); else -errno and message: "FILE:LINE: what is
 * wrong". */
int config_file_read(const char *path, const char *section, const struct config_key *keys,
                     size_t key_count, void *target, char *message, size_t message_max);

/* The items of a value, separated by commas or spaces: *at starts as the value; false at the end.
 * item gets at most capacity - 1 bytes; *too_long tells when that cut it. */
bool config_next_item(const char **at, char *item, size_t capacity, bool *too_long);

#endif
