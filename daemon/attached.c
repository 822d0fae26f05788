#include "daemon/attached.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct process {
    uid_t uid;
    pid_t pid;
    unsigned connections; /* 1 at least */
};

/* By uid, then pid. There are no more than connections, whose number has a limit. */
struct attached_list {
    struct process *processes;
    size_t count, capacity;
};

int attached_new(struct attached_list **ret)
{
    struct attached_list *list = calloc(1, sizeof *list);

    if (!list)
        return -ENOMEM;
    *ret = list;
    return 0;
}

struct attached_list *attached_free(struct attached_list *list)
{
    if (list)
        free(list->processes);
    free(list);
    return NULL;
}

static bool comes_before(const struct process *process, uid_t uid, pid_t pid)
{
    return process->uid != uid ? process->uid < uid : process->pid < pid;
}

/* Where it is, or belongs. */
static size_t place_of(const struct attached_list *list, uid_t uid, pid_t pid, bool *ret_there)
{
    size_t low = 0, high = list->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (comes_before(&list->processes[middle], uid, pid))
            low = middle + 1;
        else
            high = middle;
    }
    *ret_there =
        low < list->count && list->processes[low].uid == uid && list->processes[low].pid == pid;
    return low;
}

static int make_room(struct attached_list *list)
{
    if (list->count < list->capacity)
        return 0;
    size_t capacity = list->capacity > 0 ? 2 * list->capacity : 16;
    struct process *processes = reallocarray(list->processes, capacity, sizeof *processes);
    if (!processes)
        return -ENOMEM;
    list->processes = processes;
    list->capacity = capacity;
    return 0;
}

int attached_add(struct attached_list *list, uid_t uid, pid_t pid)
{
    bool there;
    size_t at = place_of(list, uid, pid, &there);

    if (there) {
        list->processes[at].connections++;
        return 0;
    }
    int r = make_room(list);
    if (r < 0)
        return r;
    memmove(&list->processes[at + 1], &list->processes[at],
            (list->count - at) * sizeof list->processes[0]);
    list->processes[at] = (struct process){.uid = uid, .pid = pid, .connections = 1};
    list->count++;
    return 0;
}

void attached_remove(struct attached_list *list, uid_t uid, pid_t pid)
{
    bool there;
    size_t at = place_of(list, uid, pid, &there);

    if (!there || --list->processes[at].connections > 0)
        return;
    list->count--;
    memmove(&list->processes[at], &list->processes[at + 1],
            (list->count - at) * sizeof list->processes[0]);
}

unsigned attached_count(const struct attached_list *list)
{
    return (unsigned)list->count;
}

int attached_each(const struct attached_list *list, attached_fn fn, void *userdata)
{
    for (size_t at = 0; at < list->count;) {
        size_t first = at;
        uid_t uid = list->processes[first].uid;

        while (at < list->count && list->processes[at].uid == uid)
            at++;
        int r = fn(uid, (unsigned)(at - first), userdata);
        if (r != 0)
            return r;
    }
    return 0;
}
