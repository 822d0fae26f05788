#include "daemon/background.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#define EVERY_USEC UINT64_C(1000)

struct background {
    struct turns *turns;
    background_fn fn;
    void *userdata;
    sd_event_source *idle, *timed;
};

static uint64_t clock_usec(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * UINT64_C(1000000) + (uint64_t)ts.tv_nsec / 1000;
}

static void set(struct background *background, bool more, uint64_t after_usec)
{
    (void)sd_event_source_set_enabled(background->idle, more ? SD_EVENT_ON : SD_EVENT_OFF);
    (void)sd_event_source_set_time_relative(background->timed, after_usec);
    (void)sd_event_source_set_enabled(background->timed, more ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

/* The timer counts from when the loop woke up, and so from before the piece. */
static void work(struct background *background)
{
    uint64_t start_usec = clock_usec();
    enum background_left left = background->fn(background->userdata);
    uint64_t took_usec = clock_usec() - start_usec;
    uint64_t every_usec = left == BACKGROUND_LATE ? took_usec + took_usec / 4 : 2 * took_usec;

    turns_spend(background->turns, took_usec);
    set(background, left != BACKGROUND_NONE, every_usec > EVERY_USEC ? every_usec : EVERY_USEC);
}

static int on_idle(sd_event_source *source, void *userdata)
{
    work(userdata);
    return 0;
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata)
{
    work(userdata);
    return 0;
}

static int open_sources(sd_event *event, struct background *background)
{
    int r = sd_event_add_defer(event, &background->idle, on_idle, background);

    if (r >= 0)
        r = sd_event_source_set_priority(background->idle, SD_EVENT_PRIORITY_IDLE);
    if (r >= 0)
        r = sd_event_add_time_relative(event, &background->timed, CLOCK_MONOTONIC, EVERY_USEC, 1,
                                       on_time, background);
    if (r >= 0)
        r = sd_event_source_set_priority(background->timed, TURNS_PRIORITY_BEFORE);
    return r < 0 ? r : 0;
}

int background_new(sd_event *event, struct turns *turns, background_fn fn, void *userdata,
                   struct background **ret)
{
    struct background *background = calloc(1, sizeof *background);

    if (!background)
        return -ENOMEM;
    *background = (struct background){.turns = turns, .fn = fn, .userdata = userdata};
    int r = open_sources(event, background);
    if (r < 0) {
        background_free(background);
        return r;
    }
    set(background, true, EVERY_USEC);
    *ret = background;
    return 0;
}

struct background *background_free(struct background *background)
{
    if (!background)
        return NULL;
    sd_event_source_disable_unref(background->idle);
    sd_event_source_disable_unref(background->timed);
    free(background);
    return NULL;
}

/* Its time would never come if each change put it off. */
void background_begin(struct background *background)
{
    if (sd_event_source_get_enabled(background->timed, NULL) == 0)
        set(background, true, EVERY_USEC);
}
