#include "daemon/turns.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "daemon/load.h"

#define HASH_SIZE 256 /* a power of 2 */

/* How often priorities rise of parties that are not served. */
#define SWEEP_EVERY_US UINT64_C(10000)

#define PRIORITY_ADMIN (-10)

_Static_assert(TURNS_PRIORITY_BEFORE < PRIORITY_ADMIN &&
                   LOAD_LEVEL_MAX + 2 < SD_EVENT_PRIORITY_IDLE,
               "all parties lie between the two");

struct party {
    struct turns *turns;
    struct party *next; /* of the same hash */
    int64_t id;
    unsigned uses; /* turns, and a dispatch that is under way */
    int64_t priority;
    struct load load;

    struct turn *direct;
    unsigned direct_count;

    int crowd_fd; /* the epoll set; -1: none */
    sd_event_source *crowd_source;

    struct turn *again_first, *again_last;
    sd_event_source *again_source;
    bool again_yields;
};

struct turns {
    sd_event *event;
    uint64_t swept_at_us;
    struct load others; /* turns_spend() */
    struct party *hash[HASH_SIZE];
};

/* ---- parties -----------------------------------------------------------------------------------
 */

static struct party **place_of(struct turns *turns, int64_t id)
{
    struct party **place = &turns->hash[(uint64_t)id & (HASH_SIZE - 1)];

    while (*place && (*place)->id != id)
        place = &(*place)->next;
    return place;
}

static bool has_less_than_half(const struct party *party, uint64_t now_us)
{
    return 2 * load_left_us(&party->load, now_us) + load_left_us(&party->turns->others, now_us) <
           LOAD_ALL_US;
}

static int64_t priority_at(const struct party *party, uint64_t now_us)
{
    int64_t level = load_level(&party->load, now_us);

    if (party->id == TURNS_ADMIN && has_less_than_half(party, now_us))
        return PRIORITY_ADMIN;
    return party->id == TURNS_ARRIVALS ? level + 1 : level;
}

static uint64_t clock_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * UINT64_C(1000000) + (uint64_t)ts.tv_nsec / 1000;
}

static struct party *party_use(struct turns *turns, int64_t id)
{
    struct party **place = place_of(turns, id);

    if (!*place) {
        struct party *party = calloc(1, sizeof *party);
        if (!party)
            return NULL;
        party->turns = turns;
        party->id = id;
        party->crowd_fd = -1;
        party->priority = priority_at(party, clock_us());
        *place = party;
    }
    (*place)->uses++;
    return *place;
}

static void party_leave(struct party *party)
{
    if (--party->uses > 0)
        return;
    *place_of(party->turns, party->id) = party->next;
    sd_event_source_disable_unref(party->crowd_source);
    sd_event_source_disable_unref(party->again_source);
    if (party->crowd_fd >= 0)
        close(party->crowd_fd);
    free(party);
}

static void set_priority(struct party *party, int64_t priority)
{
    if (party->priority == priority)
        return;
    party->priority = priority;
    for (struct turn *turn = party->direct; turn; turn = turn->next)
        (void)sd_event_source_set_priority(turn->source, priority);
    if (party->crowd_source)
        (void)sd_event_source_set_priority(party->crowd_source, priority);
    if (party->again_source)
        (void)sd_event_source_set_priority(party->again_source, priority + party->again_yields);
}

/* Of sources with one priority sd-event serves that first which waits longest, and a deferred one
 * is taken to wait since it was made: what is served once more goes before all else of the party.
 * With users that is as it should be: what is begun is ended before more is. Of admin.sock it would
 * be so for ever, since connections that mint are served once more after each commit, and ask anew
 * in that turn: there the two alternate. */
static void let_again_yield(struct party *party, bool yields)
{
    if (party->id != TURNS_ADMIN || party->again_yields == yields)
        return;
    party->again_yields = yields;
    (void)sd_event_source_set_priority(party->again_source, party->priority + yields);
}

/* A party that used much and is quiet since rises again. It need not be served for that: it might
 * wait for it behind another for ever. */
static void sweep(struct turns *turns, uint64_t now_us)
{
    if (now_us - turns->swept_at_us < SWEEP_EVERY_US)
        return;
    turns->swept_at_us = now_us;
    for (size_t i = 0; i < HASH_SIZE; i++)
        for (struct party *party = turns->hash[i]; party; party = party->next)
            set_priority(party, priority_at(party, now_us));
}

/* From when the loop woke up to now: its own work for this dispatch is the party's, too. */
static void charge(struct party *party)
{
    uint64_t now_us = clock_us(), woken_us = now_us;

    (void)sd_event_now(party->turns->event, CLOCK_MONOTONIC, &woken_us);
    load_add(&party->load, now_us, now_us > woken_us ? now_us - woken_us : 0);
    set_priority(party, priority_at(party, now_us));
    sweep(party->turns, now_us);
}

void turns_spend(struct turns *turns, uint64_t spent_us)
{
    uint64_t now_us = clock_us();

    load_add(&turns->others, now_us, spent_us);
    sweep(turns, now_us);
}

/* ---- serving -----------------------------------------------------------------------------------
 */

static void serve(struct turn *turn, uint32_t revents)
{
    struct party *party = turn->party;

    /* fn may remove the turn, and with it the party's last use. */
    party->uses++;
    turn->fn(turn->userdata, revents);
    charge(party);
    party_leave(party);
}

static int on_direct(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct turn *turn = userdata;

    let_again_yield(turn->party, false);
    serve(turn, revents);
    return 0;
}

static void direct_push(struct party *party, struct turn *turn)
{
    turn->prev = NULL;
    turn->next = party->direct;
    if (party->direct)
        party->direct->prev = turn;
    party->direct = turn;
    party->direct_count++;
}

static int make_direct(struct party *party, struct turn *turn)
{
    sd_event_source *source = NULL;

    int r = sd_event_add_io(party->turns->event, &source, turn->fd, EPOLLIN, on_direct, turn);
    if (r >= 0)
        r = sd_event_source_set_priority(source, party->priority);
    if (r < 0) {
        sd_event_source_disable_unref(source);
        return r;
    }
    turn->source = source;
    direct_push(party, turn);
    return 0;
}

/* One at a time; epoll lets them take turns. */
static int on_crowd(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct party *party = userdata;
    struct epoll_event event;

    let_again_yield(party, false);
    if (epoll_wait(fd, &event, 1, 0) != 1)
        return 0;
    struct turn *turn = event.data.ptr;
    /* A direct one has left: those that are busy come after it. */
    if (party->direct_count < TURNS_DIRECT && epoll_ctl(fd, EPOLL_CTL_DEL, turn->fd, NULL) == 0 &&
        make_direct(party, turn) < 0)
        (void)epoll_ctl(fd, EPOLL_CTL_ADD, turn->fd, &event);
    serve(turn, event.events);
    return 0;
}

static int open_crowd(struct party *party)
{
    if (party->crowd_source)
        return 0;
    party->crowd_fd = epoll_create1(EPOLL_CLOEXEC);
    if (party->crowd_fd < 0)
        return -errno;
    int r = sd_event_add_io(party->turns->event, &party->crowd_source, party->crowd_fd, EPOLLIN,
                            on_crowd, party);
    if (r >= 0)
        r = sd_event_source_set_priority(party->crowd_source, party->priority);
    if (r < 0) {
        party->crowd_source = sd_event_source_disable_unref(party->crowd_source);
        close(party->crowd_fd);
        party->crowd_fd = -1;
        return r;
    }
    return 0;
}

static int join_crowd(struct party *party, struct turn *turn)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = turn};

    int r = open_crowd(party);
    if (r < 0)
        return r;
    return epoll_ctl(party->crowd_fd, EPOLL_CTL_ADD, turn->fd, &event) < 0 ? -errno : 0;
}

/* ---- once more ---------------------------------------------------------------------------------
 */

static void again_remove(struct turn *turn)
{
    struct party *party = turn->party;

    if (!turn->again)
        return;
    turn->again = false;
    if (turn->prev_again)
        turn->prev_again->next_again = turn->next_again;
    else
        party->again_first = turn->next_again;
    if (turn->next_again)
        turn->next_again->prev_again = turn->prev_again;
    else
        party->again_last = turn->prev_again;
}

static int on_again(sd_event_source *source, void *userdata)
{
    struct party *party = userdata;
    struct turn *turn = party->again_first;

    if (!turn)
        return 0;
    again_remove(turn);
    if (party->again_first)
        (void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
    let_again_yield(party, true);
    serve(turn, 0);
    return 0;
}

void turn_again(struct turn *turn)
{
    struct party *party = turn->party;

    if (!party || turn->again)
        return;
    turn->again = true;
    turn->next_again = NULL;
    turn->prev_again = party->again_last;
    if (party->again_last)
        party->again_last->next_again = turn;
    else
        party->again_first = turn;
    party->again_last = turn;
    (void)sd_event_source_set_enabled(party->again_source, SD_EVENT_ONESHOT);
}

/* Made with the party's first turn, so that turn_again() can't fail. */
static int open_again(struct party *party)
{
    if (party->again_source)
        return 0;
    int r = sd_event_add_defer(party->turns->event, &party->again_source, on_again, party);
    if (r >= 0)
        r = sd_event_source_set_enabled(party->again_source, SD_EVENT_OFF);
    if (r >= 0)
        r = sd_event_source_set_priority(party->again_source, party->priority);
    if (r < 0)
        party->again_source = sd_event_source_disable_unref(party->again_source);
    return r < 0 ? r : 0;
}

/* ---- life --------------------------------------------------------------------------------------
 */

int turns_new(sd_event *event, struct turns **ret)
{
    struct turns *turns = calloc(1, sizeof *turns);

    if (!turns)
        return -ENOMEM;
    turns->event = sd_event_ref(event);
    *ret = turns;
    return 0;
}

struct turns *turns_free(struct turns *turns)
{
    if (!turns)
        return NULL;
    sd_event_unref(turns->event);
    free(turns);
    return NULL;
}

int turn_add(struct turns *turns, int64_t id, int fd, turn_fn fn, void *userdata, struct turn *turn)
{
    struct party *party = party_use(turns, id);

    if (!party)
        return -ENOMEM;
    *turn = (struct turn){.party = party, .fd = fd, .fn = fn, .userdata = userdata};
    int r = open_again(party);
    if (r == 0)
        r = party->direct_count < TURNS_DIRECT ? make_direct(party, turn) : join_crowd(party, turn);
    if (r < 0) {
        turn->party = NULL;
        party_leave(party);
    }
    return r;
}

void turn_remove(struct turn *turn)
{
    struct party *party = turn->party;

    if (!party)
        return;
    again_remove(turn);
    if (turn->source) {
        if (turn->prev)
            turn->prev->next = turn->next;
        else
            party->direct = turn->next;
        if (turn->next)
            turn->next->prev = turn->prev;
        party->direct_count--;
        turn->source = sd_event_source_disable_unref(turn->source);
    } else {
        (void)epoll_ctl(party->crowd_fd, EPOLL_CTL_DEL, turn->fd, NULL);
    }
    turn->party = NULL;
    party_leave(party);
}

void turn_set_enabled(struct turn *turn, bool enabled)
{
    if (turn->source)
        (void)sd_event_source_set_enabled(turn->source, enabled ? SD_EVENT_ON : SD_EVENT_OFF);
}

int64_t turn_priority(const struct turn *turn)
{
    return turn->party->priority;
}
