#include "daemon/fdstore.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "daemon/log.h"

/* Room for either message. */
#define MESSAGE_MAX (FDSTORE_NAME_MAX + 64)

void fdstore_keep(const char *name, int fd)
{
    char message[MESSAGE_MAX];

    snprintf(message, sizeof message, "FDSTORE=1\nFDNAME=%s", name);
    int r = sd_pid_notify_with_fds(0, 0, message, &fd, 1);
    /* The daemon is as good without it, until it is restarted. */
    if (r < 0)
        log_line(LOG_WARNING, "systemd was not given %s to keep: %s", name, strerror(-r));
}

void fdstore_forget(const char *name)
{
    char message[MESSAGE_MAX];

    snprintf(message, sizeof message, "FDSTOREREMOVE=1\nFDNAME=%s", name);
    int r = sd_notify(0, message);
    if (r < 0)
        log_line(LOG_WARNING, "systemd was not told to forget %s: %s", name, strerror(-r));
}

int fdstore_add(struct fdstore *store, const char *name, int fd)
{
    if (strlen(name) > FDSTORE_NAME_MAX)
        return -ENAMETOOLONG;
    if (store->count == FDSTORE_MAX)
        return -ENOSPC;
    struct fdstore_file *file = &store->files[store->count++];
    memcpy(file->name, name, strlen(name) + 1);
    file->fd = fd;
    return 0;
}

void fdstore_close(struct fdstore *store)
{
    for (unsigned i = 0; i < store->count; i++)
        if (store->files[i].fd >= 0)
            close(store->files[i].fd);
    store->count = 0;
}

void fdstore_drop(struct fdstore *store)
{
    for (unsigned i = 0; i < store->count; i++)
        if (store->files[i].fd >= 0)
            fdstore_forget(store->files[i].name);
    fdstore_close(store);
}
