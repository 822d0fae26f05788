#include "tests/daemon/fixture.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void fixture_make_dir(char path[static PATH_MAX])
{
    const char *tmp = getenv("TMPDIR");

    snprintf(path, PATH_MAX, "%s/stkgate-test.XXXXXX", tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(path));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

void fixture_remove_dir(const char *path)
{
    ck_assert_int_eq(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

void fixture_write(const char *dir, const char *path, const char *text)
{
    char full[PATH_MAX + 256];

    snprintf(full, sizeof full, "%s/%s", dir, path);
    for (char *slash = full + strlen(dir) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        (void)mkdir(full, 0700);
        *slash = '/';
    }
    FILE *file = fopen(full, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static void open_all(struct fixture *fixture)
{
    char message[STORE_ERROR_MAX + CONFIG_ERROR_MAX] = "";
    char state[PATH_MAX + 16], config_dir[PATH_MAX + 16];
    struct config *config;

    snprintf(state, sizeof state, "%s/state", fixture->dir);
    snprintf(config_dir, sizeof config_dir, "%s/config", fixture->dir);
    const struct store_options options = {
        .dir = state, .map_size_bytes = UINT64_C(64) << 20, .create = true};
    ck_assert_msg(store_open(&options, &fixture->store, message) == 0, "%s", message);
    ck_assert_int_eq(committer_new(fixture->store, &fixture->committer), 0);
    ck_assert_msg(config_load(config_dir, &config, message) == 0, "%s", message);
    ck_assert_int_eq(service_new(fixture->store, fixture->committer, config, fixture->inherited,
                                 &fixture->service),
                     0);
}

static void close_all(struct fixture *fixture)
{
    service_begin_last_flush(fixture->service);
    while (!service_must_exit(fixture->service) && service_flush_usage(fixture->service))
        continue;
    fixture->committer = committer_free(fixture->committer);
    fixture->service = service_free(fixture->service);
    fixture->store = store_close(fixture->store);
}

void fixture_open(struct fixture *fixture, const struct fixture_file *files)
{
    fixture->inherited = NULL;
    fixture_make_dir(fixture->dir);
    fixture_write(fixture->dir, "config/stkgate.conf", "");
    fixture_write(fixture->dir, "config/services.d/.keep", "");
    for (; files && files->path; files++) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "config/%s", files->path);
        fixture_write(fixture->dir, path, files->text);
    }
    open_all(fixture);
}

void fixture_restart(struct fixture *fixture)
{
    close_all(fixture);
    open_all(fixture);
}

void fixture_close(struct fixture *fixture)
{
    close_all(fixture);
    fixture_remove_dir(fixture->dir);
}

/* ---- changes -----------------------------------------------------------------------------------
 */

struct waiting {
    bool done;
    struct fixture_outcome outcome;
};

static void on_done(const struct outcome *outcome, void *userdata)
{
    struct waiting *waiting = userdata;

    waiting->done = true;
    waiting->outcome.error = outcome->error;
    if (outcome->listing) {
        text_copy(outcome->listing->record.key_id, waiting->outcome.key_id,
                  sizeof waiting->outcome.key_id);
        waiting->outcome.state = outcome->listing->state;
        waiting->outcome.remaining = outcome->listing->remaining;
    }
    if (outcome->secret)
        text_copy(text_of(outcome->secret), waiting->outcome.secret,
                  sizeof waiting->outcome.secret);
}

static struct fixture_outcome wait_for(struct fixture *fixture, int submitted,
                                       struct waiting *waiting)
{
    if (submitted < 0) {
        waiting->outcome.error = submitted;
        return waiting->outcome;
    }
    while (!waiting->done) {
        struct pollfd pollfd = {.fd = committer_fd(fixture->committer), .events = POLLIN};
        ck_assert_int_gt(poll(&pollfd, 1, 30000), 0);
        committer_collect(fixture->committer);
    }
    return waiting->outcome;
}

static const struct actor actor = {.uid = 1000, .gid = 1000, .pid = 4242};

struct fixture_outcome fixture_mint(struct fixture *fixture, const struct mint *mint)
{
    struct waiting waiting = {0};

    return wait_for(fixture, service_mint(fixture->service, mint, actor, on_done, &waiting),
                    &waiting);
}

struct fixture_outcome fixture_rotate(struct fixture *fixture, const char *key_id, uint64_t grace_s)
{
    struct waiting waiting = {0};

    return wait_for(
        fixture,
        service_rotate(fixture->service, text_of(key_id), grace_s, actor, on_done, &waiting),
        &waiting);
}

struct fixture_outcome fixture_revoke(struct fixture *fixture, const char *key_id,
                                      const char *reason)
{
    struct waiting waiting = {0};

    return wait_for(fixture,
                    service_revoke(fixture->service, text_of(key_id), text_of(reason), actor,
                                   on_done, &waiting),
                    &waiting);
}

struct fixture_outcome fixture_suspend(struct fixture *fixture, const char *key_id,
                                       const char *reason)
{
    struct waiting waiting = {0};

    return wait_for(fixture,
                    service_suspend(fixture->service, text_of(key_id), text_of(reason), actor,
                                    on_done, &waiting),
                    &waiting);
}

struct fixture_outcome fixture_resume(struct fixture *fixture, const char *key_id)
{
    struct waiting waiting = {0};

    return wait_for(fixture,
                    service_resume(fixture->service, text_of(key_id), actor, on_done, &waiting),
                    &waiting);
}

struct fixture_outcome fixture_edit(struct fixture *fixture, const char *key_id,
                                    const struct edit *edit)
{
    struct waiting waiting = {0};

    return wait_for(fixture,
                    service_edit(fixture->service, text_of(key_id), edit, actor, on_done, &waiting),
                    &waiting);
}

struct fixture_outcome fixture_rotate_finish(struct fixture *fixture, const char *key_id)
{
    struct waiting waiting = {0};

    return wait_for(
        fixture, service_rotate_finish(fixture->service, text_of(key_id), actor, on_done, &waiting),
        &waiting);
}

struct fixture_outcome fixture_rotate_cancel(struct fixture *fixture, const char *key_id)
{
    struct waiting waiting = {0};

    return wait_for(
        fixture, service_rotate_cancel(fixture->service, text_of(key_id), actor, on_done, &waiting),
        &waiting);
}

struct fixture_outcome fixture_rotate_shorten(struct fixture *fixture, const char *key_id,
                                              uint64_t grace_s)
{
    struct waiting waiting = {0};

    return wait_for(fixture,
                    service_rotate_shorten(fixture->service, text_of(key_id), grace_s, actor,
                                           on_done, &waiting),
                    &waiting);
}

struct fixture_outcome fixture_legacy_remove(struct fixture *fixture, const char *key_id)
{
    struct waiting waiting = {0};

    return wait_for(
        fixture, service_legacy_remove(fixture->service, text_of(key_id), actor, on_done, &waiting),
        &waiting);
}

struct fixture_outcome fixture_scope_add(struct fixture *fixture, const char *name)
{
    struct waiting waiting = {0};

    return wait_for(fixture,
                    service_scope_add(fixture->service, text_of(name), actor, on_done, &waiting),
                    &waiting);
}

struct mint fixture_kasa(void)
{
    return (struct mint){
        .kind = KIND_LIVE,
        .site = TEXT("kasa"),
        .name = TEXT("production"),
        .scopes = SCOPE_ALL_BUILTIN,
        .limit = {60, UINT64_C(60000000000), 60},
    };
}

struct verdict fixture_check(struct fixture *fixture, const char *as, const char *token,
                             const char *site)
{
    struct verdict verdict;
    const struct text_query query = {.token = text_of(token), .site = text_of(site)};
    const struct service_config *service =
        config_service(service_config_of(fixture->service), text_of(as));

    ck_assert_int_eq(service_check_text(fixture->service, service, &query, &verdict), 0);
    return verdict;
}

enum reason fixture_legacy_reason(struct fixture *fixture, const char *key)
{
    const struct text_query query = {.api_key = text_of(key), .site = TEXT("kasa")};
    const struct service_config *as =
        config_service(service_config_of(fixture->service), TEXT("default"));
    struct verdict verdict;

    ck_assert_int_eq(service_check_text(fixture->service, as, &query, &verdict), 0);
    return verdict.reason;
}
