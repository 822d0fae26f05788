/* turns.h - whose turn it is on the event loop: the less a user took of it lately, the sooner
 *
 * A user who sends more than the loop can serve is to wait for his own packets, and no other user
 * for them. So every descriptor belongs to a party, a user as a rule, and has the party's priority:
 * it sinks with the time that the party took of the loop lately (load.h), and rises again. Who
 * manages comes first, so that no flood of checks holds up a revocation; but with what it takes
 * beyond half of the time, or of what turns_spend() leaves of it, it waits its turn like a user, so
 * that no flood of mints holds up a check.
 *
 * And sd-event asks the kernel for all that is ready each time before it serves one: hundreds of
 * busy descriptors would make each of these questions long, for everybody. So at most TURNS_DIRECT
 * of a party are sources of the loop; what is more is in an epoll set of the party's own, which is
 * one source and gives out one descriptor at a time. That costs these one more system call a
 * packet.
 *
 * One thread, the event loop's.
 */
#ifndef STKGATE_DAEMON_TURNS_H
#define STKGATE_DAEMON_TURNS_H

#include <stdbool.h>
#include <systemd/sd-event.h>

#define TURNS_DIRECT 4

/* A party is a uid, or one of these. */
#define TURNS_ARRIVALS INT64_C(-1) /* listening sockets: behind users that are quiet */
#define TURNS_ADMIN    INT64_C(-2) /* admin.sock: before all others with half of the time */

/* The priority of what comes before all parties: signals, deadlines, what was committed. After them
 * all comes SD_EVENT_PRIORITY_IDLE. */
#define TURNS_PRIORITY_BEFORE (-20)

struct turns;

/* revents: EPOLLIN and so on; 0 after turn_again(). May remove its own turn, or others. */
typedef void (*turn_fn)(void *userdata, uint32_t revents);

/* One descriptor; its owner keeps it where it is until turn_remove(). */
struct turn {
    struct party *party; /* NULL: none */
    int fd;
    turn_fn fn;
    void *userdata;
    sd_event_source *source;  /* NULL: it is in the party's epoll set */
    struct turn *next, *prev; /* in the party's list of sources */
    struct turn *next_again, *prev_again;
    bool again;
};

int turns_new(sd_event *event, struct turns **ret);
/* When all turns were removed. NULL is allowed; returns NULL. */
struct turns *turns_free(struct turns *turns);

/* fn is called when fd is readable or closed by its peer, as often as it stays so (fd is borrowed).
 * 0 or -errno: -ENOMEM, -EMFILE, -ENFILE, -ENOSPC. */
int turn_add(struct turns *turns, int64_t party, int fd, turn_fn fn, void *userdata,
             struct turn *turn);
/* Before fd is closed. A turn that is all zeroes, or was removed, is left alone. */
void turn_remove(struct turn *turn);

/* Call fn once more when it is the party's turn, whether fd is ready or not: before all else of a
 * user, and alternating with the rest of TURNS_ADMIN. */
void turn_again(struct turn *turn);

/* The loop did so much that is of no party, and went before them all. */
void turns_spend(struct turns *turns, uint64_t spent_us);

/* For listening sockets: whether fn is called at all. Begins as true. */
void turn_set_enabled(struct turn *turn, bool enabled);

/* ---- looking, for tests ------------------------------------------------------------------------
 */

/* The priority that this turn has now. */
int64_t turn_priority(const struct turn *turn);

#endif
