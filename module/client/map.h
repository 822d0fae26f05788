/* map.h - the view that the daemon handed out, in this process's memory
 *
 * Nothing that comes along with an answer is believed: a file that could be cut would kill the
 * program with SIGBUS at its next check, and one of another shape would be read beyond its end.
 */
#ifndef STKGATE_CLIENT_MAP_H
#define STKGATE_CLIENT_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/view/view.h"
#include "lib/wire/message.h"
#include "module/client/handed.h"
#include "module/client/seats.h"

struct mapping {
    struct view view; /* with its buckets */
    void *view_bytes, *bucket_bytes;
    size_t view_len, bucket_len;
    uint64_t number;           /* no other of this handle has the same; 0 until it is in use */
    dev_t devices[HANDED_MAX]; /* of the two files, which are known again by it */
    ino_t inodes[HANDED_MAX];
    /* Once it was replaced: who may still be reading, and the next that was replaced. */
    struct seats_census readers;
    struct mapping *next;
};

/* Map the view, to be read, and its buckets, to be read and written: handed has the descriptors of
 * both, in this order, and is closed in any case. 0 and *ret, for map_free(). -EBADMSG: not two,
 * not files in memory that keep their size, or another size than told has or the view's header
 * needs; -EPROTONOSUPPORT: a view of another version; -ENOMEM; what fcntl or mmap failed with. */
int map_new(struct handed *handed, const struct attached *told, struct mapping **ret);
/* Returns NULL; NULL is allowed. */
struct mapping *map_free(struct mapping *mapping);

/* Of the same files. */
bool map_is_same(const struct mapping *a, const struct mapping *b);

#endif
