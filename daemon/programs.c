#include "daemon/programs.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/commands.h"

/* The folder of the program that runs, with its last slash. Not by argv[0], which the caller chose.
 */
static bool own_folder(char ret[static PATH_MAX])
{
    ssize_t len = readlink("/proc/self/exe", ret, PATH_MAX - 1);
    if (len < 0)
        return false;
    ret[len] = '\0';
    char *slash = strrchr(ret, '/');
    if (slash == NULL) {
        errno = ENOENT;
        return false;
    }
    slash[1] = '\0';
    return true;
}

static void become(const char *folder, const char *below, const char *name, char *argv[])
{
    char path[PATH_MAX];
    int len = snprintf(path, sizeof path, "%s%sstkgate-%s", folder, below, name);
    if (len < 0 || (size_t)len >= sizeof path)
        errno = ENAMETOOLONG;
    else
        execv(path, argv);
}

int programs_become(const char *name, char *argv[])
{
    char folder[PATH_MAX];
    if (!own_folder(folder)) {
        fprintf(stderr, "stkgate: where it is can't be told from /proc/self/exe: %s\n",
                strerror(errno));
        return EXIT_STATUS_UNAVAILABLE;
    }
    become(folder, "", name, argv);
    if (errno == ENOENT)
        become(folder, "../libexec/stkgate/", name, argv);
    fprintf(stderr, "stkgate: %s../libexec/stkgate/stkgate-%s: %s: install stkgate again\n", folder,
            name, strerror(errno));
    return EXIT_STATUS_UNAVAILABLE;
}

int programs_main(const char *name, int (*run)(int argc, char *argv[]), int argc, char *argv[])
{
    if (argc < 2 || strcmp(argv[1], name) != 0) {
        fprintf(stderr, "stkgate-%s: is run by 'stkgate %s': use that\n", name, name);
        return EXIT_STATUS_USAGE;
    }
    return programs_end(run(argc - 1, argv + 1));
}

int programs_end(int status)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fputs("stkgate: standard output can't be written\n", stderr);
        return status ? status : EXIT_STATUS_REFUSED;
    }
    return status;
}
