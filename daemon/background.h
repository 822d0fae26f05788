/* background.h - work that nobody waits for, on the event loop
 *
 * A piece of it is done whenever the loop has nothing else to do. Where it always has, one comes
 * every millisecond before all parties (turns.h), or as seldom as it takes that half of the time,
 * however long a piece lasts, is left to them; a fifth, while the work is late. What a piece takes
 * is told to turns_spend().
 *
 * One thread, the event loop's.
 */
#ifndef STKGATE_DAEMON_BACKGROUND_H
#define STKGATE_DAEMON_BACKGROUND_H

#include <systemd/sd-event.h>

#include "daemon/turns.h"

struct background;

enum background_left {
    BACKGROUND_NONE, /* no more is called until background_begin() */
    BACKGROUND_SOME,
    BACKGROUND_LATE, /* soon somebody will have to wait for it */
};

/* Do a piece, and say what is left. May not call background_begin(). */
typedef enum background_left (*background_fn)(void *userdata);

/* event and turns are borrowed until background_free(). The work is begun. 0 or -errno (-ENOMEM).
 */
int background_new(sd_event *event, struct turns *turns, background_fn fn, void *userdata,
                   struct background **ret);
/* NULL is allowed; returns NULL. */
struct background *background_free(struct background *background);

/* There is work. Where it is under way already this changes nothing, and puts nothing off. */
void background_begin(struct background *background);

#endif
