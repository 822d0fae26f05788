#include "daemon/lease_note.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/view/lease.h"

#define BOOT_ID_LEN 36
/* A boot id, a space, 20 digits, a newline. */
#define NOTE_LEN     (BOOT_ID_LEN + 1 + 20 + 1)

#define UNKNOWN_BOOT "------------------------------------"
_Static_assert(sizeof UNKNOWN_BOOT == BOOT_ID_LEN + 1, "in the place of one");

/* CLOCK_MONOTONIC begins anew with each boot. In the sandbox of stkgate.service there is no
 * /proc/sys, so that no boot can be told from another. */
static int read_boot_id(char ret[static BOOT_ID_LEN + 1])
{
    memcpy(ret, UNKNOWN_BOOT, BOOT_ID_LEN + 1);
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == EACCES ? 0 : -errno;
    ssize_t n = read(fd, ret, BOOT_ID_LEN);
    int r = n < 0 ? -errno : n == BOOT_ID_LEN ? 0 : -EIO;
    close(fd);
    return r;
}

/* What may be of this boot, counts as of this one: at worst one waits as long as a lease. */
static bool is_of_another_boot(const char *a, const char *b)
{
    return memcmp(a, b, BOOT_ID_LEN) != 0 && memcmp(a, UNKNOWN_BOOT, BOOT_ID_LEN) != 0 &&
           memcmp(b, UNKNOWN_BOOT, BOOT_ID_LEN) != 0;
}

static uint64_t parse(const char *line, ssize_t len, uint64_t now_ns)
{
    char boot_id[BOOT_ID_LEN + 1];
    char *end;

    if (len == 0)
        return 0;
    if (len != NOTE_LEN || line[BOOT_ID_LEN] != ' ' || read_boot_id(boot_id) < 0)
        return now_ns + LEASE_NS;
    errno = 0;
    uint64_t until_ns = strtoull(line + BOOT_ID_LEN, &end, 10);
    if (errno != 0 || *end != '\n')
        return now_ns + LEASE_NS;
    if (is_of_another_boot(line, boot_id))
        return 0;
    return until_ns < now_ns + LEASE_NS ? until_ns : now_ns + LEASE_NS;
}

int lease_note_open(const char *dir, uint64_t now_ns, struct lease_note *ret)
{
    char path[4096], line[NOTE_LEN + 1] = "";

    int n = snprintf(path, sizeof path, "%s/lease", dir);
    if (n < 0 || (size_t)n >= sizeof path)
        return -ENAMETOOLONG;
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    ssize_t len = pread(fd, line, NOTE_LEN, 0);
    if (len < 0) {
        int r = -errno;
        close(fd);
        return r;
    }
    *ret = (struct lease_note){.fd = fd, .earlier_ns = parse(line, len, now_ns)};
    return 0;
}

int lease_note_write(const struct lease_note *note, uint64_t until_ns)
{
    char line[NOTE_LEN + 1];
    char boot_id[BOOT_ID_LEN + 1];

    int r = read_boot_id(boot_id);
    if (r < 0)
        return r;
    snprintf(line, sizeof line, "%s %020" PRIu64 "\n", boot_id, until_ns);
    ssize_t n = pwrite(note->fd, line, NOTE_LEN, 0);
    return n < 0 ? -errno : n == NOTE_LEN ? 0 : -EIO;
}

void lease_note_close(struct lease_note *note)
{
    if (note->fd >= 0)
        close(note->fd);
    *note = LEASE_NOTE_NONE;
}
