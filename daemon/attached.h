/* attached.h - which processes have the view
 *
 * One entry for each connection on which it was handed out: a process that closes the connection,
 * or ends, is no longer counted. Processes of one pid and uid count once. What a process forked
 * after that has is known once it asks the daemon itself. For people to read: nothing is decided
 * by it. One thread (the event loop's).
 */
#ifndef STKGATE_DAEMON_ATTACHED_H
#define STKGATE_DAEMON_ATTACHED_H

#include <stdbool.h>
#include <sys/types.h>

struct attached_list;

int attached_new(struct attached_list **ret);                    /* -ENOMEM */
struct attached_list *attached_free(struct attached_list *list); /* returns NULL */

/* One more, and one less connection of this process. add: -ENOMEM, it is not counted then. remove:
 * of one that was counted; else nothing. */
int attached_add(struct attached_list *list, uid_t uid, pid_t pid);
void attached_remove(struct attached_list *list, uid_t uid, pid_t pid);

/* How many processes. */
unsigned attached_count(const struct attached_list *list);

/* fn for each user who has some, by uid ascending. Non-zero ends the walk and is returned. */
typedef int (*attached_fn)(uid_t uid, unsigned processes, void *userdata);
int attached_each(const struct attached_list *list, attached_fn fn, void *userdata);

#endif
