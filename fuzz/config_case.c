#include "fuzz/config_case.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[PATH_MAX - 512];
static char file[PATH_MAX];

static void remove_all(void)
{
    char services[PATH_MAX];

    snprintf(services, sizeof services, "%s/services.d", dir);
    unlink(file);
    rmdir(services);
    rmdir(dir);
}

static void make_all(const char *path)
{
    const char *tmp = getenv("TMPDIR");
    char services[PATH_MAX];

    snprintf(dir, sizeof dir, "%s/stkgate-fuzz.XXXXXX", tmp ? tmp : "/tmp");
    DEMAND(mkdtemp(dir));
    atexit(remove_all);
    snprintf(services, sizeof services, "%s/services.d", dir);
    DEMAND(mkdir(services, 0700) == 0);
    DEMAND((size_t)snprintf(file, sizeof file, "%s/%s", dir, path) < sizeof file);
}

static void write_file(const uint8_t *bytes, size_t len)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    DEMAND(fd >= 0);
    DEMAND(write(fd, bytes, len) == (ssize_t)len);
    close(fd);
}

/* What --check-config says of it. */
static void show(const struct config *config)
{
    static FILE *nowhere;

    if (!nowhere)
        nowhere = fopen("/dev/null", "w");
    DEMAND(nowhere && config_print(config, nowhere) == 0);
}

struct config *config_case_load(const char *path, const uint8_t *bytes, size_t len)
{
    char message[CONFIG_ERROR_MAX];
    struct config *config = NULL;

    if (dir[0] == '\0')
        make_all(path);
    write_file(bytes, len);
    if (config_load(dir, &config, message) == 0) {
        show(config);
        return config;
    }
    /* "FILE:LINE: what is wrong", on one line. */
    size_t file_len = strlen(file);
    DEMAND(config == NULL);
    DEMAND(strncmp(message, file, file_len) == 0 && message[file_len] == ':');
    DEMAND(message[file_len + 1] >= '1' && message[file_len + 1] <= '9');
    DEMAND(strlen(message) < CONFIG_ERROR_MAX && !strchr(message, '\n'));
    return NULL;
}
