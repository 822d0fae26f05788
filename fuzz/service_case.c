#include "fuzz/service_case.h"

#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <string.h>

#include "fuzz/config_case.h"

static char dir[PATH_MAX - 512];
static struct store *store;
static struct committer *committer;
static struct service *service;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

static void close_all(void)
{
    committer_free(committer);
    service_free(service);
    store_close(store);
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void on_done(const struct outcome *outcome, void *userdata)
{
    DEMAND(outcome->error == 0);
    *(bool *)userdata = true;
}

static void add_key(void)
{
    const struct mint mint = {
        .kind = KIND_LEGACY,
        .site = TEXT("kasa"),
        .name = TEXT("production"),
        .scopes = SCOPE_ALL_BUILTIN,
        .limit = {1000000, UINT64_C(1000000000), 1000000},
        .legacy_key = TEXT(SERVICE_CASE_KEY),
    };
    bool done = false;

    DEMAND(service_mint(service, &mint, (struct actor){0, 0, 1}, on_done, &done) == 0);
    while (!done) {
        struct pollfd pollfd = {.fd = committer_fd(committer), .events = POLLIN};
        DEMAND(poll(&pollfd, 1, 30000) == 1);
        committer_collect(committer);
    }
}

struct service *service_case_open(void)
{
    static const char closed[] = "accept = live test legacy\ncallers = 4711\n";
    char message[STORE_ERROR_MAX];
    const char *tmp = getenv("TMPDIR");

    snprintf(dir, sizeof dir, "%s/stkgate-fuzz.XXXXXX", tmp ? tmp : "/tmp");
    DEMAND(mkdtemp(dir));
    const struct store_options options = {
        .dir = dir, .map_size_bytes = UINT64_C(64) << 20, .create = true};
    DEMAND(store_open(&options, &store, message) == 0);
    DEMAND(committer_new(store, &committer) == 0);
    struct config *config =
        config_case_load("services.d/closed.conf", (const uint8_t *)closed, strlen(closed));
    DEMAND(config);
    DEMAND(service_new(store, committer, config, NULL, &service) == 0);
    atexit(close_all);
    add_key();
    return service;
}
