#include "daemon/config_file.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEYS_MAX 64

struct reading {
    const char *section;
    const struct config_key *keys;
    size_t key_count;
    void *target;
    bool seen[KEYS_MAX];
    bool wrong;
    char why[CONFIG_WHY_MAX * 2]; /* of the first mistake */
};

bool config_next_item(const char **at, char *item, size_t capacity, bool *too_long)
{
    const char *start = *at + strspn(*at, ", \t");
    size_t len = strcspn(start, ", \t");

    *at = start + len;
    *too_long = len >= capacity;
    if (*too_long)
        len = capacity - 1;
    memcpy(item, start, len);
    item[len] = '\0';
    return len > 0;
}

static int mistake(struct reading *reading, const char *name, const char *what)
{
    if (!reading->wrong)
        snprintf(reading->why, sizeof reading->why, "%.64s: %s", name, what);
    reading->wrong = true;
    return 0; /* libinih's word for "error in this line" */
}

static int on_key(void *userdata, const char *section, const char *name, const char *value)
{
    struct reading *reading = userdata;
    char why[CONFIG_WHY_MAX];

    if (section[0] != '\0' && strcmp(section, reading->section) != 0)
        return mistake(reading, section, "no such section in this file");
    for (size_t i = 0; i < reading->key_count; i++) {
        const struct config_key *key = &reading->keys[i];
        if (strcmp(name, key->name) != 0)
            continue;
        if (reading->seen[i] && !key->list)
            return mistake(reading, name, "is given twice");
        reading->seen[i] = true;
        const char *wrong = key->take(key, reading->target, value, why);
        return wrong ? mistake(reading, name, wrong) : 1;
    }
    return mistake(reading, name, "no such key; see the manual page for those there are");
}

/* The whole file, NUL-terminated. */
static int slurp(const char *path, char **ret, size_t *ret_len)
{
    struct stat st;
    size_t len = 0;
    /* O_NONBLOCK: a pipe would have us wait for its writer. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return -EISDIR;
    }
    char *bytes = malloc(CONFIG_FILE_MAX + 2);
    while (bytes && len <= CONFIG_FILE_MAX) {
        ssize_t n = read(fd, bytes + len, CONFIG_FILE_MAX + 1 - len);
        if (n == 0)
            break;
        if (n < 0 && errno != EINTR) {
            int r = -errno;
            free(bytes);
            close(fd);
            return r;
        }
        len += n > 0 ? (size_t)n : 0;
    }
    close(fd);
    if (!bytes)
        return -ENOMEM;
    bytes[len] = '\0';
    *ret = bytes;
    *ret_len = len;
    return 0;
}

/* A link to a file that is gone would be taken for no file, and that for the defaults. */
static bool leads_nowhere(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

static const char *describe(int error)
{
    switch (error) {
    case -EISDIR: return "not a regular file: move it away, and write a text file in its place";
    case -EACCES: return "the daemon's user may not read it: chmod a+r, also for the directories";
    case -ENOLINK: return "a symbolic link that leads nowhere: remove it, or make what it names";
    case -ELOOP: return "a symbolic link that leads back to itself: write a text file in its place";
    default: return strerror(-error);
    }
}

/* What libinih would pass over in silence. Returns the line, 0 when all is well. */
static int bad_line(const char *bytes, size_t len, const char **ret_why)
{
    int line = 1;
    size_t start = 0;

    for (size_t i = 0; i < len; i++) {
        *ret_why = "has a NUL byte: this is no text file";
        if (bytes[i] == '\0')
            return line;
        *ret_why = "is longer than 4096 bytes: go on in an indented line";
        if (i - start > CONFIG_LINE_MAX)
            return line;
        if (bytes[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    return 0;
}

static int parse(const char *path, const char *bytes, size_t len, struct reading *reading,
                 char *message, size_t message_max)
{
    const char *why = NULL;
    int line = len > CONFIG_FILE_MAX ? 1 : bad_line(bytes, len, &why);

    if (line != 0) {
        snprintf(message, message_max, "%s:%d: %s", path, line,
                 len > CONFIG_FILE_MAX ? "the file is larger than 256 KiB" : why);
        return -EINVAL;
    }
    ini_use_stack = false;
    ini_max_line = CONFIG_LINE_MAX + 8;
    ini_allow_realloc = false;
    ini_initial_alloc = CONFIG_LINE_MAX + 8;
    line = ini_parse_string(bytes, on_key, reading);
    if (line == 0)
        return 0;
    if (line < 0) {
        snprintf(message, message_max, "%s: out of memory", path);
        return -ENOMEM;
    }
    snprintf(message, message_max, "%s:%d: %s", path, line,
             reading->wrong ? reading->why : "not of the form key = value");
    return -EINVAL;
}

int config_file_read(const char *path, const char *section, const struct config_key *keys,
                     size_t key_count, void *target, char *message, size_t message_max)
{
    struct reading reading = {
        .section = section, .keys = keys, .key_count = key_count, .target = target};
    char *bytes = NULL;
    size_t len = 0;

    int r = slurp(path, &bytes, &len);
    if (r == -ENOENT && leads_nowhere(path))
        r = -ENOLINK;
    if (r == -ENOENT)
        return r;
    if (r < 0) {
        snprintf(message, message_max, "%s: %s", path, describe(r));
        return r;
    }
    r = parse(path, bytes, len, &reading, message, message_max);
    free(bytes);
    return r;
}
