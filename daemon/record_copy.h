/* record_copy.h - a record that outlives the read in which it was found
 *
 * Checks of a token that was seen before need not go to the table while nothing has changed there.
 * One thread (the event loop's).
 */
#ifndef STKGATE_DAEMON_RECORD_COPY_H
#define STKGATE_DAEMON_RECORD_COPY_H

#include "lib/core/record.h"

struct record_copy {
    uint64_t changes;     /* how many changes there had been when it was last seen to be right */
    struct record record; /* its texts and lists stand behind it */
};

/* 0; -ENOMEM; or as record_encode(): a record that can't be copied is looked up each time. */
int record_copy_new(const struct record *record, struct record_copy **ret);
struct record_copy *record_copy_free(struct record_copy *copy); /* returns NULL */

#endif
