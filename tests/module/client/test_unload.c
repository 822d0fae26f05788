/* test_unload.c - the shared library is loaded, used and unloaded, as a plugin's is */
#include <dlfcn.h>
#include <pthread.h>

#include "tests/module/client/direct.h"
#include "tests/suite.h"

#define ROUNDS 200

struct library {
    void *handle;
    int (*open)(stkgate **, const char *, const struct stkgate_options *);
    stkgate *(*close)(stkgate *);
    int (*check)(stkgate *, const struct stkgate_request *, struct stkgate_verdict *);
};

static void load(struct library *library)
{
    char path[4096];
    const char *builddir = getenv("STKGATE_BUILDDIR");
    ck_assert_msg(builddir != NULL, "STKGATE_BUILDDIR is not set");
    snprintf(path, sizeof path, "%s/module/client/.libs/libstkgate.so.0", builddir);
    library->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    ck_assert_msg(library->handle != NULL, "%s", dlerror());
    /* POSIX: a pointer to a function fits into one to an object. */
    *(void **)&library->open = dlsym(library->handle, "stkgate_open");
    *(void **)&library->close = dlsym(library->handle, "stkgate_close");
    *(void **)&library->check = dlsym(library->handle, "stkgate_check");
}

static stkgate *open_handle(const struct library *library)
{
    struct stkgate_options options = STKGATE_OPTIONS_INIT;
    stkgate *gate = NULL;
    options.runtime = fake.runtime;
    options.deadline_ms = DIRECT_PATIENT_MS;
    ck_assert_int_eq(library->open(&gate, "storefront", &options), 0);
    return gate;
}

static bool checks(const struct library *library, stkgate *gate)
{
    struct stkgate_request request = call_request();
    struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;
    request.flags = STKGATE_PEEK;
    return library->check(gate, &request, &verdict) == 0 && verdict.status == 200;
}

static void begin(void)
{
    stkgate_close(direct_begin(DIRECT_PATIENT_MS));
}

START_TEST(leaves_nothing_behind)
{
    struct library library;
    begin();
    unsigned before = direct_open_descriptors();
    for (unsigned i = 0; i < ROUNDS; i++) {
        fake_view_lease(&view, 4.9);
        load(&library);
        stkgate *gate = open_handle(&library);
        for (int j = 0; j < 3; j++)
            ck_assert(checks(&library, gate));
        ck_assert_uint_eq(direct_views_mapped(), 1);
        direct_expect_asked(i + 1, i + 1);
        library.close(gate);
        ck_assert_int_eq(dlclose(library.handle), 0);
        ck_assert_uint_eq(direct_views_mapped(), 0);
    }
    fake_await_open(&fake, 0);
    ck_assert_uint_eq(direct_open_descriptors(), before);
    direct_end(NULL);
}
END_TEST

static struct library used;
static stkgate *used_gate;
static pthread_barrier_t barrier;

static void *use_and_wait(void *userdata)
{
    bool fine = checks(&used, used_gate) && checks(&used, used_gate);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    return fine ? NULL : userdata;
}

/* Nothing of the library is called when a thread ends that has used it. */
START_TEST(threads_that_used_it_end_after_it_is_gone)
{
    pthread_t thread;
    void *failed;
    begin();
    load(&used);
    used_gate = open_handle(&used);
    ck_assert_int_eq(pthread_barrier_init(&barrier, NULL, 2), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, use_and_wait, &used), 0);
    pthread_barrier_wait(&barrier);
    used.close(used_gate);
    ck_assert_int_eq(dlclose(used.handle), 0);
    pthread_barrier_wait(&barrier);
    pthread_join(thread, &failed);
    ck_assert_ptr_null(failed);
    pthread_barrier_destroy(&barrier);
    direct_end(NULL);
}
END_TEST

SUITE_MAIN("unload", leaves_nothing_behind, threads_that_used_it_end_after_it_is_gone)
