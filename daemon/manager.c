#include "daemon/manager.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include <config.h> /* of configure, not daemon/config.h */

#include "daemon/background.h"
#include "daemon/bus_error.h"
#include "daemon/descriptors.h"
#include "daemon/http_admin.h"
#include "daemon/http_check.h"
#include "daemon/log.h"
#include "daemon/server.h"
#include "daemon/sockets.h"

#define FLUSH_EVERY_USEC   UINT64_C(5000000)
#define FLUSH_ON_USEC      UINT64_C(10000) /* while some is left */
#define REFRESH_EVERY_USEC UINT64_C(1000000)

/* The view is built and extended for that long at once: a check that comes then waits for its
 * end. */
#define WORK_NS UINT64_C(500000)

/* Who maps the view of a daemon that was stopped without systemd, which would keep it, may go by it
 * for that long: the next one has to wait as long before it can revoke. */
#define NS_PER_S      UINT64_C(1000000000)
#define LAST_LEASE_NS NS_PER_S

/* How long it may take at the end to save what buckets owe. */
#define FLUSH_LAST_NS (20 * NS_PER_S)

/* How long open connections are served after SIGTERM. Each millisecond is one more that others wait
 * for the next daemon. */
#define DRAIN_USEC UINT64_C(5000)
#define LATE_USEC  UINT64_C(20000) /* and then, while they keep on asking */

struct manager {
    const struct manager_options *options;
    sd_event *event;
    struct turns *turns;
    struct reserve reserve; /* descriptors for admin.sock */
    struct store *store;
    struct committer *committer;
    struct service *service;
    struct sockets sockets;
    struct server *server;
    struct http_server *http;
    struct http_server *admin;
    struct background *work; /* on the view */
    struct lease_note note;
    uint64_t wait_until_ns; /* no change is answered before */
    bool stopping;          /* told to end */
    bool drained;           /* and those who had just connected have had time to ask */
};

/* Tokens pass through this process: none of its memory may end in a core file, and no other process
 * of the same user may read it. */
static void harden_process(void)
{
    const struct rlimit none = {0, 0};

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0);
}

/* ---- events ------------------------------------------------------------------------------------
 */

static uint64_t clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* Give a new source its priority and leave it to the loop. r: what adding it returned. */
static int settle(sd_event_source *source, int r, int64_t priority)
{
    if (r >= 0)
        r = sd_event_source_set_priority(source, priority);
    if (r >= 0)
        r = sd_event_source_set_floating(source, true);
    sd_event_source_unref(source);
    return r;
}

static int end_loop(struct manager *manager)
{
    return sd_event_exit(manager->event, service_must_exit(manager->service) ? -EIO : 0);
}

static int on_idle_exit(sd_event_source *source, void *userdata)
{
    return end_loop(userdata);
}

static int on_late_exit(sd_event_source *source, uint64_t usec, void *userdata)
{
    return end_loop(userdata);
}

/* End the loop once all that is ready now has been dealt with: answers are sent before. Clients
 * that ask without a pause could put that off for ever: then it ends a little later. */
static void exit_when_idle(struct manager *manager)
{
    sd_event_source *idle = NULL, *late = NULL;

    int r = sd_event_add_defer(manager->event, &idle, on_idle_exit, manager);
    r = settle(idle, r, SD_EVENT_PRIORITY_IDLE);
    if (r >= 0) {
        r = sd_event_add_time_relative(manager->event, &late, CLOCK_MONOTONIC, LATE_USEC, 1,
                                       on_late_exit, manager);
        r = settle(late, r, TURNS_PRIORITY_BEFORE);
    }
    if (r < 0)
        (void)end_loop(manager);
}

/* What was accepted is committed and answered first. */
static void exit_when_done(struct manager *manager)
{
    if (service_must_exit(manager->service) ||
        (manager->drained && service_pending(manager->service) == 0))
        exit_when_idle(manager);
}

static int on_drained(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct manager *manager = userdata;

    manager->drained = true;
    exit_when_done(manager);
    return 0;
}

/* A connection that was taken in, and whose question is still on its way, would be lost: for a
 * moment the open ones are served, and new ones wait for the next daemon. */
static void begin_draining(struct manager *manager)
{
    server_stop_accepting(manager->server);
    http_server_stop_accepting(manager->http);
    if (manager->admin)
        http_server_stop_accepting(manager->admin);
    sd_event_source *source = NULL;
    int r = sd_event_add_time_relative(manager->event, &source, CLOCK_MONOTONIC, DRAIN_USEC, 1,
                                       on_drained, manager);
    if (settle(source, r, TURNS_PRIORITY_BEFORE) < 0)
        (void)on_drained(NULL, 0, manager);
}

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata)
{
    struct manager *manager = userdata;

    if (manager->stopping)
        return 0;
    manager->stopping = true;
    (void)sd_notify(0, "STOPPING=1");
    log_event(LOG_EVENT_STOPPING, "stopping: signal %u", si->ssi_signo);
    begin_draining(manager);
    return 0;
}

static void put_in_force(struct manager *manager, struct config *config)
{
    const char *key = config_restart_key(service_config_of(manager->service), config);

    if (key)
        log_line(LOG_WARNING,
                 "%s in stkgate.conf is another now: systemctl restart stkgate puts it in force; "
                 "all other keys are",
                 key);
    descriptors_provide(config);
    http_server_set_limits(manager->http, &config->http, 0);
    if (manager->admin)
        http_server_set_limits(manager->admin, &config->http, config->admin_connections_max);
    service_reload(manager->service, config);
}

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata)
{
    struct manager *manager = userdata;
    struct config *config;
    char message[CONFIG_ERROR_MAX];

    (void)sd_notify(0, "RELOADING=1");
    /* Files are to be read also when others have used up the descriptors. */
    (void)reserve_release(&manager->reserve);
    int r = config_load(manager->options->config, &config, message);
    reserve_fill(&manager->reserve);
    if (r < 0) {
        log_event(LOG_EVENT_CONFIG_REFUSED, "the configuration stays as it was: %s",
                  message[0] ? message : strerror(-r));
    } else {
        put_in_force(manager, config);
        log_event(LOG_EVENT_CONFIG_RELOADED, "configuration reloaded");
    }
    (void)sd_notify(0, "READY=1");
    return 0;
}

/* ---- work on the view --------------------------------------------------------------------------
 */

static enum background_left work(void *userdata)
{
    struct manager *manager = userdata;
    bool is_late = service_work_span(manager->service, WORK_NS) > WORK_NS;

    if (!service_work(manager->service, WORK_NS))
        return BACKGROUND_NONE;
    return is_late ? BACKGROUND_LATE : BACKGROUND_SOME;
}

static int on_committed(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct manager *manager = userdata;

    committer_collect(manager->committer);
    background_begin(manager->work);
    exit_when_done(manager);
    return 0;
}

static int on_flush(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct manager *manager = userdata;

    bool more = service_flush_usage(manager->service);
    int r = sd_event_source_set_time_relative(source, more ? FLUSH_ON_USEC : FLUSH_EVERY_USEC);
    return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int on_refresh(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct manager *manager = userdata;

    service_refresh(manager->service);
    int r = sd_event_source_set_time_relative(source, REFRESH_EVERY_USEC);
    return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* ---- wiring ------------------------------------------------------------------------------------
 */

static int block_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return -errno;
    return sigprocmask(SIG_BLOCK, &set, NULL) < 0 ? -errno : 0;
}

static int open_lease_note(struct manager *manager)
{
    int r = lease_note_open(manager->options->state, clock_ns(), &manager->note);
    if (r < 0)
        log_event(LOG_EVENT_FAILED, "%s/lease: %s", manager->options->state, strerror(-r));
    else
        manager->wait_until_ns = service_set_lease_note(manager->service, &manager->note);
    return r;
}

static int open_table(struct manager *manager, struct config *config)
{
    char message[STORE_ERROR_MAX] = "";
    const struct store_options options = {
        .dir = manager->options->state,
        .map_size_bytes = config->map_size_bytes,
        .create = true,
    };

    int r = store_open(&options, &manager->store, message);
    if (r < 0) {
        log_event(LOG_EVENT_FAILED, "%s", message[0] ? message : strerror(-r));
        return r;
    }
    r = committer_new(manager->store, &manager->committer);
    if (r == 0)
        r = service_new(manager->store, manager->committer, config, &manager->sockets.kept,
                        &manager->service);
    if (r < 0)
        log_event(LOG_EVENT_FAILED, "cannot start the service: %s", strerror(-r));
    else if (manager->options->trust_clock)
        service_trust_clock(manager->service);
    if (r == 0)
        r = open_lease_note(manager);
    return r;
}

static int open_http(struct manager *manager, int which, struct http_options *options,
                     struct http_server **ret)
{
    options->listen_fd = manager->sockets.fds[which];
    options->turns = manager->turns;
    options->limits = service_config_of(manager->service)->http;
    options->userdata = manager->service;
    manager->sockets.fds[which] = -1;
    return http_server_new(manager->event, options, ret);
}

static int open_faces(struct manager *manager)
{
    struct http_options http = {
        .quota = service_quota(manager->service),
        .handler = http_check_handle,
    };

    int r = server_new(manager->event, manager->turns, manager->service,
                       manager->sockets.fds[SOCKET_CHECK], &manager->server);
    if (r < 0)
        return r;
    manager->sockets.fds[SOCKET_CHECK] = -1;
    return open_http(manager, SOCKET_HTTP, &http, &manager->http);
}

static int open_admin(struct manager *manager)
{
    struct http_options admin = {
        .connections_max = service_config_of(manager->service)->admin_connections_max,
        .reserve = &manager->reserve,
        .handler = http_admin_handle,
    };

    return open_http(manager, SOCKET_ADMIN, &admin, &manager->admin);
}

static int on_lease_over(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct manager *manager = userdata;

    return manager->stopping ? 0 : open_admin(manager);
}

/* Somebody may still go by a view that this daemon can't reach: changes wait in the socket until
 * that is over, since each one that is answered has to be in force. */
static int open_admin_in_time(struct manager *manager)
{
    sd_event_source *source = NULL;
    uint64_t now_ns = 0;

    int r = sd_event_now(manager->event, CLOCK_MONOTONIC, &now_ns);
    now_ns *= 1000;
    if (r < 0 || manager->wait_until_ns <= now_ns)
        return r < 0 ? r : open_admin(manager);
    log_line(LOG_NOTICE,
             "programs may go by the view of the daemon before this one for %" PRIu64 " ms more: "
             "admin.sock is served after that",
             (manager->wait_until_ns - now_ns) / 1000000 + 1);
    r = sd_event_add_time(manager->event, &source, CLOCK_MONOTONIC,
                          manager->wait_until_ns / 1000 + 1, 1, on_lease_over, manager);
    return settle(source, r, TURNS_PRIORITY_BEFORE);
}

/* None of these is a party of turns.h: they come before all of them. */
static int open_events(struct manager *manager)
{
    static const struct {
        int number;
        sd_event_signal_handler_t handler;
    } signals[] = {{SIGTERM, on_stop}, {SIGINT, on_stop}, {SIGHUP, on_reload}};
    sd_event_source *source = NULL;
    int r = 0;

    for (size_t i = 0; i < sizeof signals / sizeof signals[0] && r >= 0; i++) {
        r = sd_event_add_signal(manager->event, &source, signals[i].number, signals[i].handler,
                                manager);
        r = settle(source, r, TURNS_PRIORITY_BEFORE);
        source = NULL;
    }
    if (r >= 0) {
        r = sd_event_add_io(manager->event, &source, committer_fd(manager->committer), EPOLLIN,
                            on_committed, manager);
        r = settle(source, r, TURNS_PRIORITY_BEFORE);
        source = NULL;
    }
    if (r >= 0) {
        r = sd_event_add_time_relative(manager->event, &source, CLOCK_MONOTONIC, FLUSH_EVERY_USEC,
                                       0, on_flush, manager);
        r = settle(source, r, TURNS_PRIORITY_BEFORE);
        source = NULL;
    }
    if (r >= 0) {
        r = sd_event_add_time_relative(manager->event, &source, CLOCK_MONOTONIC, 0, 1, on_refresh,
                                       manager);
        r = settle(source, r, TURNS_PRIORITY_BEFORE);
    }
    if (r >= 0)
        r = background_new(manager->event, manager->turns, work, manager, &manager->work);
    if (r >= 0)
        r = sd_event_set_watchdog(manager->event, true);
    return r < 0 ? r : 0;
}

/* Those that systemd did not pass; and what it kept and nobody wants goes. */
static int open_sockets(struct manager *manager)
{
    char message[SOCKETS_ERROR_MAX] = "";

    fdstore_drop(&manager->sockets.kept);
    int r = sockets_open(manager->options->runtime, &manager->sockets, message);
    if (r < 0)
        log_event(LOG_EVENT_FAILED, "%s", message);
    return r;
}

static int open_loop(struct manager *manager)
{
    int r = sd_event_new(&manager->event);

    if (r >= 0)
        r = turns_new(manager->event, &manager->turns);
    if (r >= 0)
        r = open_events(manager);
    if (r >= 0)
        r = open_faces(manager);
    if (r >= 0)
        r = open_admin_in_time(manager);
    if (r < 0)
        log_event(LOG_EVENT_FAILED, "cannot set up the event loop: %s", strerror(-r));
    return r < 0 ? r : 0;
}

static int manager_open(struct manager *manager)
{
    struct config *config = NULL;
    char message[CONFIG_ERROR_MAX + SOCKETS_ERROR_MAX] = "";

    int r = block_signals();
    if (r == 0)
        r = bus_error_watch();
    if (r == 0)
        r = config_load(manager->options->config, &config, message);
    if (r == 0)
        r = sockets_inherit(&manager->sockets, message);
    if (r != 0) {
        log_event(LOG_EVENT_FAILED, "%s", message[0] ? message : strerror(-r));
        config_free(config);
        return r;
    }
    reserve_fill(&manager->reserve);
    descriptors_provide(config);
    r = open_table(manager, config);
    if (r < 0) {
        if (!manager->service)
            config_free(config);
        return r;
    }
    r = open_sockets(manager);
    return r < 0 ? r : open_loop(manager);
}

/* What buckets owe is saved: of a million in use, that takes some passes. */
static void end_service(struct manager *manager)
{
    uint64_t end_ns = clock_ns() + FLUSH_LAST_NS;

    service_begin_last_flush(manager->service);
    while (!service_must_exit(manager->service) && service_flush_usage(manager->service) &&
           clock_ns() < end_ns)
        continue;
    if (!getenv("NOTIFY_SOCKET"))
        service_end_lease(manager->service, LAST_LEASE_NS);
}

/* The committer goes first: it commits what is queued and calls back into service and faces. */
static void manager_close(struct manager *manager)
{
    if (manager->service)
        end_service(manager);
    committer_free(manager->committer);
    http_server_free(manager->admin);
    http_server_free(manager->http);
    server_free(manager->server);
    background_free(manager->work);
    turns_free(manager->turns);
    (void)reserve_release(&manager->reserve);
    sockets_close(&manager->sockets);
    service_free(manager->service);
    lease_note_close(&manager->note);
    store_close(manager->store);
    sd_event_unref(manager->event);
}

int manager_run(const struct manager_options *options)
{
    struct manager manager = {.options = options, .sockets = SOCKETS_NONE, .note = LEASE_NOTE_NONE};

    harden_process();
    int r = manager_open(&manager);
    if (r == 0) {
        log_event(LOG_EVENT_READY, "stkgate %s ready: state %s, sockets in %s", PACKAGE_VERSION,
                  options->state, options->runtime);
        (void)sd_notify(0, "READY=1");
        r = sd_event_loop(manager.event);
        if (r < 0)
            log_event(LOG_EVENT_FAILED, "ended: %s", strerror(-r));
    }
    manager_close(&manager);
    return r;
}
