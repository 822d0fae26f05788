/* pages.h - lists that the daemon gives page by page
 */
#ifndef STKGATE_ADMIN_PAGES_H
#define STKGATE_ADMIN_PAGES_H

#include "daemon/admin/admin.h"

#define PAGES_QUERIES_MAX 4

/* Which list. All borrowed. */
struct pages {
    const char *path;   /* "/v1/tokens" */
    const char *member; /* of an answer: "tokens" */
    const char *onward; /* argument that takes an answer's next: "after" */
    struct {
        const char *name, *value; /* value NULL: left out */
    } queries[PAGES_QUERIES_MAX];
    uint64_t items_max; /* 0: all that there are */
};

/* Takes one item (borrowed). Anything but EXIT_STATUS_OK ends the walk. */
typedef int (*pages_take_fn)(const json_t *item, void *userdata);

/* Walk through the list, one page in memory at a time. EXIT_STATUS_OK; or the exit status that take
 * returned, or that of a failure, which is printed. *ret_more (may be NULL): the list goes on
 * behind items_max; set with EXIT_STATUS_OK alone. */
int pages_walk(struct admin *admin, const struct pages *pages, pages_take_fn take, void *userdata,
               bool *ret_more);

#endif
