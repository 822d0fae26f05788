/* hardship.c - passwords and conversations that are none, no daemon, no memory, many threads */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/faults/memory.h"
#include "tests/module/pam/application.h"
#include "tests/suite.h"

#define THREADS        8
#define LOGINS         40 /* of each */
#define HUGE_BYTES     65536
#define SWEEP_MAX      2000 /* allocations: no login needs as many */
#define BOUND_S        20   /* far above two deadlines, far below a hang */
#define SCAN_BYTES_MAX (8u << 20)

static void plain(void)
{
    application_service("plain", "auth required MODULE\naccount required MODULE\n"
                                 "session required MODULE\n");
}

static double clock_s(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

START_TEST(no_password_of_any_shape_gets_in)
{
    const char *good = application_token("good");
    char *huge = malloc(HUGE_BYTES + 1), near[300];
    static const char *const around[][3] = {
        {"", "\n", ""},   {"\r", "", ""},   {"", ",", "+"},       {"", ", ", "+"},
        {"", "", "+"},    {"", " ", "+"},   {"\"", "\"", ""},     {"Bearer ", "", ""},
        {"", "\x7f", ""}, {"\xff", "", ""}, {"", "\xc2\xa0", ""},
    };

    plain();
    ck_assert_ptr_nonnull(huge);
    memset(huge, 'x', HUGE_BYTES);
    huge[HUGE_BYTES] = '\0';
    ck_assert_int_eq(application_login("plain", "kasa", huge), PAM_AUTH_ERR);
    memcpy(huge, good, strlen(good));
    ck_assert_int_eq(application_login("plain", "kasa", huge), PAM_AUTH_ERR);
    ck_assert_int_ne(application_login("plain", huge, good), PAM_SUCCESS);
    ck_assert_int_ne(application_login("plain", huge, huge), PAM_SUCCESS);
    for (size_t i = 0; i < sizeof around / sizeof around[0]; i++) {
        snprintf(near, sizeof near, "%s%s%s%s", around[i][0], good, around[i][1],
                 around[i][2][0] ? good : "");
        ck_assert_msg(application_login("plain", "kasa", near) == PAM_AUTH_ERR, "%zu", i);
    }
    /* Blanks around it are nothing, as in a header field: they come with pasting. */
    snprintf(near, sizeof near, " \t%s ", good);
    ck_assert_int_eq(application_login("plain", "kasa", near), PAM_SUCCESS);
    for (size_t len = 0; len < strlen(good); len++) {
        snprintf(near, sizeof near, "%.*s", (int)len, good);
        ck_assert_int_eq(application_login("plain", "kasa", near), PAM_AUTH_ERR);
    }
    for (int byte = 1; byte < 256; byte++) {
        near[0] = (char)byte;
        near[1] = '\0';
        ck_assert_int_eq(application_login("plain", "kasa", near), PAM_AUTH_ERR);
        ck_assert_int_ne(application_login("plain", near, good), PAM_SUCCESS);
    }
    free(huge);
}
END_TEST

START_TEST(no_conversation_that_fails_gets_in)
{
    struct application app;

    plain();
    for (int code = -1; code < 64; code++)
        for (int how = 0; how < 4; how++) {
            if (code == PAM_SUCCESS && how % 2 == 0)
                continue; /* that is a good one */
            application_start(&app, "plain", how < 2 ? "kasa" : NULL, application_token("good"));
            app.conversation_code = code;
            app.talks_nonsense = how % 2 == 1;
            int r = pam_authenticate(app.pamh, 0);
            ck_assert_msg(r != PAM_SUCCESS && r != PAM_IGNORE, "code %d, %d: %d", code, how, r);
            if (code == PAM_SUCCESS || code == PAM_CONV_ERR || code == PAM_IGNORE)
                ck_assert_int_eq(r, PAM_CONV_ERR);
            application_end(&app, r);
        }
    application_start(&app, "plain", "kasa", NULL);
    ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_CONV_ERR);
    ck_assert_uint_eq(app.told, 0);
    application_end(&app, PAM_CONV_ERR);

    struct pam_conv nobody = {NULL, NULL};
    application_start(&app, "plain", "kasa", application_token("good"));
    ck_assert_int_eq(pam_set_item(app.pamh, PAM_CONV, &nobody), PAM_SUCCESS);
    ck_assert_int_ne(pam_authenticate(app.pamh, 0), PAM_SUCCESS);
    application_end(&app, PAM_CONV_ERR);
}
END_TEST

START_TEST(without_a_daemon_nobody_gets_in)
{
    application_service("gone", "auth required BARE socket=/nowhere/check.sock\n"
                                "account required BARE socket=/nowhere/check.sock\n");
    application_log();
    ck_assert_int_eq(application_login("gone", "kasa", application_token("good")),
                     PAM_AUTHINFO_UNAVAIL);
    ck_assert(application_logged("refused: no verdict, the check failed", "stkgate.socket"));

    struct application app;
    application_service("lost", "auth required MODULE\n"
                                "account required BARE socket=/nowhere/check.sock\n");
    application_start(&app, "lost", "kasa", application_token("good"));
    ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_SUCCESS);
    ck_assert_int_eq(pam_acct_mgmt(app.pamh, 0), PAM_AUTHINFO_UNAVAIL);
    application_end(&app, PAM_AUTHINFO_UNAVAIL);
}
END_TEST

START_TEST(a_daemon_that_stands_still_is_not_waited_for_long)
{
    pid_t daemon = (pid_t)atoi(getenv("STKGATE_TEST_DAEMON"));
    double start_s = clock_s();
    struct application app;

    application_service("brief", "auth required MODULE timeout=500ms\n"
                                 "account required MODULE timeout=500ms\n");
    application_start(&app, "brief", "kasa", application_token("good"));
    while (pam_authenticate(app.pamh, 0) != PAM_SUCCESS)
        ck_assert_double_lt(clock_s() - start_s, BOUND_S);
    ck_assert_int_eq(kill(daemon, SIGSTOP), 0);
    start_s = clock_s();
    int account = pam_acct_mgmt(app.pamh, 0);
    int login = application_login("brief", "kasa", application_token("good"));
    double took_s = clock_s() - start_s;
    ck_assert_int_eq(kill(daemon, SIGCONT), 0);
    ck_assert_int_eq(account, PAM_AUTHINFO_UNAVAIL);
    ck_assert_int_eq(login, PAM_AUTHINFO_UNAVAIL);
    ck_assert_double_lt(took_s, BOUND_S);
    while (pam_acct_mgmt(app.pamh, 0) != PAM_SUCCESS)
        ck_assert_double_lt(clock_s() - start_s, 2 * BOUND_S);
    application_end(&app, PAM_SUCCESS);
}
END_TEST

/* ---- threads, forks, unloading ------------------------------------------------------------- */

/* Where the kernel lets it, libpam has libaudit tell of each login: that formats in a buffer of its
 * own, one for all threads. ThreadSanitizer asks for this. */
__attribute__((visibility("default"))) const char *__tsan_default_suppressions(void);

const char *__tsan_default_suppressions(void)
{
    return "race:libaudit.so\n";
}

struct worker {
    pthread_t thread;
    const char *token, *user, *site; /* site: of the environment, afterwards */
    unsigned in, limited, wrong;
};

static void *log_in(void *userdata)
{
    struct worker *worker = userdata;

    for (int i = 0; i < LOGINS; i++) {
        struct application app;
        application_start(&app, "plain", worker->user, worker->token);
        int r = pam_authenticate(app.pamh, 0);
        if (r == PAM_SUCCESS && pam_acct_mgmt(app.pamh, 0) == PAM_SUCCESS &&
            pam_setcred(app.pamh, PAM_ESTABLISH_CRED) == PAM_SUCCESS &&
            strcmp(application_variable(&app, "STKGATE_SITE"), worker->site) == 0)
            worker->in++;
        else if (r == PAM_MAXTRIES)
            worker->limited++;
        else
            worker->wrong++;
        application_end(&app, r);
    }
    return NULL;
}

/* 6 of them share a token of 100 units; one has none that holds, one has a token without end. */
START_TEST(threads_get_in_as_often_as_the_bucket_has_units)
{
    struct worker workers[THREADS];
    unsigned in = 0, limited = 0;

    plain();
    for (int i = 0; i < THREADS; i++)
        workers[i] =
            (struct worker){.token = application_token("hundred"), .user = "kasa", .site = "kasa"};
    workers[0].token = application_token("nobodys");
    workers[1].token = application_token("plenty");
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, log_in, workers + i), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
    for (int i = 2; i < THREADS; i++) {
        in += workers[i].in;
        limited += workers[i].limited;
        ck_assert_uint_eq(workers[i].wrong, 0);
    }
    ck_assert_uint_eq(workers[0].wrong, LOGINS);
    ck_assert_uint_eq(workers[1].in, LOGINS);
    ck_assert_uint_eq(in, 100);
    ck_assert_uint_eq(limited, (THREADS - 2) * LOGINS - 100);
}
END_TEST

static unsigned open_descriptors(void)
{
    unsigned count = 0;
    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static bool is_loaded(const char *name)
{
    char line[4096];
    bool found = false;
    FILE *maps = fopen("/proc/self/maps", "re");
    ck_assert_ptr_nonnull(maps);
    while (fgets(line, sizeof line, maps))
        found |= strstr(line, name) != NULL;
    fclose(maps);
    return found;
}

START_TEST(leaves_nothing_when_it_is_unloaded)
{
    struct application app;

    plain();
    application_login("plain", "kasa", application_token("good")); /* what others keep, they have */
    unsigned before = open_descriptors();
    for (int i = 0; i < 20; i++) {
        application_start(&app, "plain", "kasa", application_token("good"));
        ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_SUCCESS);
        ck_assert_int_eq(pam_acct_mgmt(app.pamh, 0), PAM_SUCCESS);
        ck_assert(is_loaded("pam_stkgate.so") && is_loaded("libstkgate.so"));
        application_end(&app, PAM_SUCCESS);
        ck_assert(!is_loaded("pam_stkgate.so") && !is_loaded("libstkgate.so"));
    }
    ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

START_TEST(a_child_goes_on_with_the_login)
{
    struct application app;
    int status;

    plain();
    application_start(&app, "plain", "kasa", application_token("good"));
    ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_SUCCESS);
    pid_t child = fork();
    if (child == 0) {
        bool fine = pam_acct_mgmt(app.pamh, 0) == PAM_SUCCESS &&
                    pam_setcred(app.pamh, PAM_ESTABLISH_CRED) == PAM_SUCCESS &&
                    strcmp(application_variable(&app, "STKGATE_SITE"), "kasa") == 0 &&
                    pam_open_session(app.pamh, 0) == PAM_SUCCESS;
        pam_end(app.pamh, PAM_SUCCESS | PAM_DATA_SILENT);
        _exit(fine ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(pam_acct_mgmt(app.pamh, 0), PAM_SUCCESS);
    application_end(&app, PAM_SUCCESS);
}
END_TEST

/* ---- memory -------------------------------------------------------------------------------- */

static int64_t *allocations_left(void)
{
    int fd = open(getenv(MEMORY_VARIABLE), O_RDWR | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    void *map = mmap(NULL, sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ck_assert_ptr_ne(map, MAP_FAILED);
    close(fd);
    return map;
}

static bool has_whole_environment(const struct application *app)
{
    static const char *const names[] = {"STKGATE_KEY_ID", "STKGATE_SITE", "STKGATE_SCOPES",
                                        "STKGATE_KIND", "STKGATE_REMAINING"};
    unsigned set = 0;
    for (int i = 0; i < 5; i++)
        set += application_variable(app, names[i])[0] != '\0';
    ck_assert_msg(set == 0 || set == 5, "%u of 5 variables are set", set);
    return set == 5;
}

/* Each allocation of a login fails in turn. Whatever comes of it: who is in, has all; who is not,
 * has nothing. */
START_TEST(with_memory_short_a_login_is_whole_or_none)
{
    int64_t *left = allocations_left();
    unsigned refused = 0;
    struct application app;

    plain();
    application_start(&app, "plain", "kasa", application_token("plenty"));
    ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_SUCCESS); /* all is loaded now */
    for (int64_t n = 1;; n++) {
        ck_assert_int_lt(n, SWEEP_MAX);
        /* libpam may fail before it comes to the module: nothing may be there from before. */
        pam_setcred(app.pamh, PAM_DELETE_CRED); /* after a refusal it is none, either */
        ck_assert(!has_whole_environment(&app));
        *left = n;
        int login = pam_authenticate(app.pamh, 0);
        int account = pam_acct_mgmt(app.pamh, 0);
        int credentials = pam_setcred(app.pamh, PAM_ESTABLISH_CRED);
        int session = pam_open_session(app.pamh, 0);
        bool enough = *left > 0;
        *left = 0;
        ck_assert(login != PAM_IGNORE && account != PAM_IGNORE && session != PAM_IGNORE);
        bool in = has_whole_environment(&app);
        /* PAM_SYSTEM_ERR: the module did well, and libpam has no memory to audit that. */
        ck_assert(in ? credentials == PAM_SUCCESS || credentials == PAM_SYSTEM_ERR
                     : credentials != PAM_SUCCESS);
        if (login != PAM_SUCCESS && login != PAM_SYSTEM_ERR) {
            ck_assert_int_ne(account, PAM_SUCCESS);
            ck_assert(!in);
            refused++;
        }
        if (enough) {
            ck_assert_int_eq(login, PAM_SUCCESS);
            ck_assert_int_eq(account, PAM_SUCCESS);
            ck_assert(in);
            break;
        }
    }
    ck_assert_uint_gt(refused, 2);
    application_end(&app, PAM_SUCCESS);
}
END_TEST

/* The token is in this program's memory only where it is looked for: with each bit of it turned. */
static struct {
    char text[128];
    size_t len;
} hidden;

static void hide_token(const char *name)
{
    int ends[2], status;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        char text[128];
        const char *token = application_token(name);
        size_t len = strlen(token);
        for (size_t i = 0; i < len; i++)
            text[i] = (char)~token[i];
        _exit(write(ends[1], text, len) == (ssize_t)len ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ssize_t len = read(ends[0], hidden.text, sizeof hidden.text);
    ck_assert_int_eq(len, 45);
    hidden.len = (size_t)len;
    close(ends[0]);
    close(ends[1]);
}

static int whisper(int count, const struct pam_message **messages, struct pam_response **ret,
                   void *userdata)
{
    *ret = calloc((size_t)count, sizeof **ret);
    ck_assert_ptr_nonnull(*ret);
    ck_assert_int_eq(count, 1);
    char *token = (*ret)[0].resp = calloc(1, hidden.len + 1);
    ck_assert_ptr_nonnull(token);
    for (size_t i = 0; i < hidden.len; i++)
        token[i] = (char)~hidden.text[i];
    return PAM_SUCCESS;
}

static bool holds_token(const char *bytes, size_t len)
{
    /* The end: free() writes over the first 16 bytes. */
    const size_t from = 18, need = 26;
    const char *end = bytes + len;

    while ((bytes = memchr(bytes, (char)~hidden.text[from], (size_t)(end - bytes)))) {
        size_t same = 1;
        if ((size_t)(end - bytes) < need)
            return false;
        while (same < need && bytes[same] == (char)~hidden.text[from + same])
            same++;
        if (same == need)
            return true;
        bytes++;
    }
    return false;
}

static unsigned copies_in_memory(void)
{
    unsigned long from, to;
    unsigned found = 0;
    char line[4096], rights[8];
    FILE *maps = fopen("/proc/self/maps", "re");
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    ck_assert(maps && memory >= 0);
    while (fgets(line, sizeof line, maps)) {
        ck_assert_int_eq(sscanf(line, "%lx-%lx %7s", &from, &to, rights), 3);
        /* Larger ones are a sanitizer's own. */
        if (rights[0] != 'r' || rights[1] != 'w' || to - from > SCAN_BYTES_MAX)
            continue;
        char *copy =
            mmap(NULL, to - from, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ck_assert_ptr_ne(copy, MAP_FAILED);
        ssize_t n = pread(memory, copy, to - from, (off_t)from);
        if (n > 0 && holds_token(copy, (size_t)n))
            found++;
        munmap(copy, to - from);
    }
    close(memory);
    fclose(maps);
    return found;
}

START_TEST(no_copy_of_the_token_is_left)
{
    struct application app;
    struct pam_conv conversation = {whisper, NULL};

    plain();
    hide_token("good");
    ck_assert_uint_eq(copies_in_memory(), 0);
    application_start(&app, "plain", "kasa", NULL);
    ck_assert_int_eq(pam_set_item(app.pamh, PAM_CONV, &conversation), PAM_SUCCESS);
    ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_SUCCESS);
    ck_assert_uint_eq(copies_in_memory(), 1); /* for the account */
    ck_assert_int_eq(pam_acct_mgmt(app.pamh, 0), PAM_SUCCESS);
    ck_assert_int_eq(pam_open_session(app.pamh, 0), PAM_SUCCESS);
    ck_assert_uint_eq(copies_in_memory(), 0);

    ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_SUCCESS);
    ck_assert_uint_eq(copies_in_memory(), 1);
    ck_assert_int_eq(pam_setcred(app.pamh, PAM_DELETE_CRED), PAM_SUCCESS);
    ck_assert_uint_eq(copies_in_memory(), 0);

    ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_SUCCESS);
    application_end(&app, PAM_SUCCESS);
    ck_assert_uint_eq(copies_in_memory(), 0);
}
END_TEST

SUITE_MAIN("hardship", no_password_of_any_shape_gets_in, no_conversation_that_fails_gets_in,
           without_a_daemon_nobody_gets_in, a_daemon_that_stands_still_is_not_waited_for_long,
           threads_get_in_as_often_as_the_bucket_has_units, leaves_nothing_when_it_is_unloaded,
           a_child_goes_on_with_the_login, with_memory_short_a_login_is_whole_or_none,
           no_copy_of_the_token_is_left)
