/* lease_note.h - until when clients may go by the view of this daemon, for the next one to know
 *
 * A daemon that starts without its predecessor's view can't take anything back in it: it must not
 * say that a token is revoked while somebody may still go by that view. The file DIR/lease says
 * until when that is. It is written before the promise is made, and not synced: who goes by a view
 * does not survive the machine either.
 */
#ifndef STKGATE_DAEMON_LEASE_NOTE_H
#define STKGATE_DAEMON_LEASE_NOTE_H

#include <stdint.h>

struct lease_note {
    int fd;              /* -1: none */
    uint64_t earlier_ns; /* what was found: CLOCK_MONOTONIC; 0: nothing of this boot */
};

#define LEASE_NOTE_NONE ((struct lease_note){.fd = -1})

/* Of the state directory, which is this process's alone. -errno. A file that makes no sense counts
 * as a promise of LEASE_NS from now. */
int lease_note_open(const char *dir, uint64_t now_ns, struct lease_note *ret);

/* -errno: then the promise must not be made. */
int lease_note_write(const struct lease_note *note, uint64_t until_ns);

void lease_note_close(struct lease_note *note);

#endif
