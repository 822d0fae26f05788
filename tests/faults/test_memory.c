/* Memory that is short, at each allocation in turn: the daemon and the library refuse and go on.
 *
 * The daemon runs with memory.c; for n = 1, 2 ... its n-th allocation from now fails while it
 * serves one request, until a request needs fewer than n. The library is called in a process of its
 * own.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <config.h>
#include <stkgate.h>

#include "tests/daemon/fixture.h"
#include "tests/faults/memory.h"
#include "tests/suite.h"

#define SWEEP_MAX 5000 /* allocations: none of these requests needs as many */
#define BOUND_MS  30000

/* ---- a daemon whose memory is in the test's hands ----------------------------------------------
 */

static char dir[PATH_MAX], count_path[PATH_MAX + 64], log_path[PATH_MAX + 64];
static _Atomic int64_t *left; /* allocations until one fails; 0: none */
static pid_t child;

/* A new file with the count of memory.h. */
static void *map_count(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, sizeof *left), 0);
    void *map = mmap(NULL, sizeof *left, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ck_assert_ptr_ne(map, MAP_FAILED);
    close(fd);
    return map;
}

#ifdef STKGATE_SANITIZED
#define DAEMON "tests/faults/stkgate" /* has memory.c in it, and so has this program */
#else
#define DAEMON "stkgate-daemon"
#endif

static void preload(void)
{
#ifndef STKGATE_SANITIZED
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/tests/faults/.libs/memory.so", getenv("STKGATE_BUILDDIR"));
    setenv("LD_PRELOAD", path, 1);
#endif
    setenv(MEMORY_VARIABLE, count_path, 1);
}

static int dial(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%.80s/run/%s", dir, name);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

static void start(void)
{
    char program[PATH_MAX + 64], state[PATH_MAX + 64], run[PATH_MAX + 64], etc[PATH_MAX + 64];
    fixture_make_dir(dir);
    snprintf(count_path, sizeof count_path, "%s/count", dir);
    left = map_count(count_path);
    fixture_write(dir, "etc/services.d/.keep", "");
    snprintf(program, sizeof program, "%s/" DAEMON, getenv("STKGATE_BUILDDIR"));
    snprintf(state, sizeof state, "%s/state", dir);
    snprintf(run, sizeof run, "%s/run", dir);
    snprintf(etc, sizeof etc, "%s/etc", dir);
    snprintf(log_path, sizeof log_path, "%s/log", dir);
    setenv("STKGATE_RUNTIME", run, 1);
    child = fork();
    if (child == 0) {
        if (!freopen(log_path, "w", stderr))
            _exit(127);
        preload();
        execl(program, program, "daemon", "--state", state, "--runtime", run, "--config", etc,
              (char *)NULL);
        _exit(127);
    }
    int fd;
    while ((fd = dial("admin.sock")) < 0)
        ck_assert_int_eq(waitpid(child, NULL, WNOHANG), 0);
    close(fd);
}

/* A sanitizer's report is in what the daemon said last. */
static void assert_is_well(bool well, const char *what)
{
    char line[512];
    FILE *log = well ? NULL : fopen(log_path, "re");
    while (log && fgets(line, sizeof line, log))
        fputs(line, stderr);
    ck_assert_msg(well, "%s", what);
}

static void end(void)
{
    int status;
    ck_assert_int_eq(kill(child, SIGTERM), 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    assert_is_well(status == 0, "the daemon did not end with 0");
    fixture_remove_dir(dir);
}

/* ---- requests ---------------------------------------------------------------------------------
 */

struct answer {
    int status; /* 0: the connection was closed without one */
    char text[65536];
};

static struct answer answer; /* too large for the stack */

static int ask(const char *name, const char *head, const char *body)
{
    char request[2048];
    size_t len = 0;
    int fd = dial(name);
    assert_is_well(fd >= 0, "nobody listens any more");
    int n = snprintf(request, sizeof request,
                     "%s\r\nHost: stkgate\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
                     head, strlen(body), body);
    ck_assert_int_lt(n, (int)sizeof request);
    (void)!send(fd, request, (size_t)n, MSG_NOSIGNAL); /* it may have been closed by now */
    for (;;) {
        struct pollfd pollfd = {.fd = fd, .events = POLLIN};
        ck_assert_msg(poll(&pollfd, 1, BOUND_MS) == 1, "no answer and no end: %s", head);
        ssize_t got = recv(fd, answer.text + len, sizeof answer.text - 1 - len, 0);
        if (got <= 0)
            break;
        len += (size_t)got;
    }
    close(fd);
    answer.text[len] = '\0';
    answer.status = strncmp(answer.text, "HTTP/1.1 ", 9) == 0 ? atoi(answer.text + 9) : 0;
    assert_is_well(waitpid(child, NULL, WNOHANG) == 0, head);
    return answer.status;
}

static void copy_member(const char *name, char *ret, size_t capacity)
{
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\":\"", name);
    const char *at = strstr(answer.text, quoted);
    ck_assert_msg(at != NULL, "no %s in %s", name, answer.text);
    at += strlen(quoted);
    size_t len = strcspn(at, "\"");
    ck_assert_uint_lt(len, capacity);
    memcpy(ret, at, len);
    ret[len] = '\0';
}

struct minted {
    char secret[64], key_id[64];
};

static int mint(struct minted *ret)
{
    int status = ask("admin.sock", "POST /v1/tokens HTTP/1.1",
                     "{\"site_id\": \"kasa\", \"name\": \"production\", \"limit\": {\"requests\": "
                     "1000000, \"window\": \"1s\"}, \"allowed_origins\": "
                     "[\"https://kasa.example\", \"https://www.kasa.example\"], "
                     "\"missing_origin\": \"allow\"}");
    if (status == 201) {
        copy_member("secret", ret->secret, sizeof ret->secret);
        copy_member("key_id", ret->key_id, sizeof ret->key_id);
    }
    return status;
}

static int revoke_token(const struct minted *token)
{
    char head[256];
    snprintf(head, sizeof head, "POST /v1/tokens/%s/revoke HTTP/1.1", token->key_id);
    return ask("admin.sock", head, "{\"reason\": \"leaked\"}");
}

static int check_over_http(const struct minted *token)
{
    char head[256];
    snprintf(head, sizeof head, "GET /v1/check HTTP/1.1\r\nX-Site-ID: kasa\r\nX-Stella-Token: %s",
             token->secret);
    return ask("http.sock", head, "");
}

/* Returns the status of the verdict. */
static int check_by_library(const struct minted *token)
{
    struct stkgate_options options = STKGATE_OPTIONS_INIT;
    struct stkgate_request request = STKGATE_REQUEST_INIT;
    struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;
    stkgate *gate;
    options.deadline_ms = BOUND_MS;
    if (stkgate_open(&gate, "default", &options) < 0)
        return 503;
    request.token = stkgate_text(token->secret);
    request.site = stkgate_text("kasa");
    int r = stkgate_check(gate, &request, &verdict);
    stkgate_close(gate);
    return r < 0 && verdict.status == 200 ? -1 : (int)verdict.status;
}

/* Arm the n-th allocation; returns whether the last request reached it. */
static void arm(int64_t n)
{
    atomic_store(left, n);
}

static bool disarm(void)
{
    return atomic_exchange(left, 0) == 0;
}

static struct minted good, revoked;

static void begin(void)
{
    start();
    ck_assert_int_eq(mint(&good), 201);
    ck_assert_int_eq(mint(&revoked), 201);
    ck_assert_int_eq(revoke_token(&revoked), 200);
    ck_assert_int_eq(check_over_http(&good), 200);
    /* Or all below would pass without a failure. */
    arm(1);
    (void)check_over_http(&good);
    ck_assert_msg(disarm(), "the daemon's allocations are not counted");
}

/* An answer that says so, or none at all. */
static void assert_refused(int n)
{
    ck_assert_msg(answer.status == 0 || answer.status == 503 || answer.status == 500 ||
                      answer.status == 400,
                  "allocation %d: %s", n, answer.text);
    static const char *const words[] = {"memory", "unavailable", "too many connections"};
    bool said = answer.status == 0 || answer.status == 500 || strstr(answer.text, "\r\n\r\n{}");
    for (unsigned i = 0; i < 3; i++)
        said = said || strstr(answer.text, words[i]);
    ck_assert_msg(said, "allocation %d: %s", n, answer.text);
}

/* ---- the daemon -------------------------------------------------------------------------------
 */

START_TEST(a_check_over_http_passes_or_is_refused_and_a_revoked_token_never_passes)
{
    bool reached = true;
    begin();
    for (int n = 1; reached; n++) {
        ck_assert_int_lt(n, SWEEP_MAX);
        arm(n);
        if (check_over_http(&good) != 200)
            assert_refused(n);
        reached = disarm();
        arm(n);
        ck_assert_int_ne(check_over_http(&revoked), 200);
        disarm();
        ck_assert_int_eq(check_over_http(&good), 200);
        ck_assert_int_eq(check_over_http(&revoked), 401);
    }
    end();
}
END_TEST

START_TEST(a_check_by_the_library_passes_or_is_refused_and_a_revoked_token_never_passes)
{
    bool reached = true;
    begin();
    for (int n = 1; reached; n++) {
        ck_assert_int_lt(n, SWEEP_MAX);
        arm(n);
        int status = check_by_library(&good);
        ck_assert_msg(status == 200 || status == 503, "allocation %d: %d", n, status);
        reached = disarm();
        arm(n);
        status = check_by_library(&revoked);
        ck_assert_msg(status == 401 || status == 503, "allocation %d: %d", n, status);
        disarm();
        ck_assert_int_eq(check_by_library(&good), 200);
        assert_is_well(waitpid(child, NULL, WNOHANG) == 0, "amid a check by the library");
    }
    end();
}
END_TEST

START_TEST(a_mint_that_is_acknowledged_is_there_whatever_failed)
{
    bool reached = true;
    begin();
    for (int n = 1; reached; n++) {
        struct minted minted;
        ck_assert_int_lt(n, SWEEP_MAX);
        arm(n);
        int status = mint(&minted);
        reached = disarm();
        if (status == 201)
            ck_assert_int_eq(check_over_http(&minted), 200);
        else
            assert_refused(n);
        ck_assert_int_eq(check_over_http(&good), 200);
    }
    ck_assert_int_eq(mint(&good), 201);
    end();
}
END_TEST

START_TEST(a_revocation_that_is_acknowledged_is_in_force_whatever_failed)
{
    bool reached = true;
    begin();
    for (int n = 1; reached; n++) {
        struct minted minted;
        ck_assert_int_lt(n, SWEEP_MAX);
        ck_assert_int_eq(mint(&minted), 201);
        arm(n);
        int status = revoke_token(&minted);
        reached = disarm();
        if (status != 200) {
            assert_refused(n);
            status = revoke_token(&minted); /* as the operator does */
            ck_assert_int_eq(status == 200 || status == 409, true);
        }
        ck_assert_int_eq(check_over_http(&minted), 401);
    }
    end();
}
END_TEST

START_TEST(lists_and_status_are_answered_or_refused)
{
    static const char *const heads[] = {"GET /v1/tokens HTTP/1.1", "GET /v1/status HTTP/1.1"};
    begin();
    for (unsigned i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        bool reached = true;
        for (int n = 1; reached; n++) {
            ck_assert_int_lt(n, SWEEP_MAX);
            arm(n);
            if (ask("admin.sock", heads[i], "") != 200)
                assert_refused(n);
            reached = disarm();
        }
        ck_assert_int_eq(ask("admin.sock", heads[i], ""), 200);
    }
    end();
}
END_TEST

static void reload(void)
{
    ck_assert_int_eq(kill(child, SIGHUP), 0);
    ck_assert_int_eq(check_over_http(&good), 200); /* an answer later than the reload's begin */
}

START_TEST(a_reload_keeps_the_old_configuration_or_has_the_new_one)
{
    begin();
    fixture_write(dir, "etc/services.d/shop.conf", "scope = catalog:read\nrequire_site = yes\n");
    fixture_write(dir, "etc/services.d/other.conf", "accept = live\n");
    for (int n = 1; n < 400; n += 3) { /* the requests beside it are in the count, too */
        arm(n);
        ck_assert_int_eq(kill(child, SIGHUP), 0);
        ck_assert_int_ne(check_over_http(&revoked), 200);
        disarm();
        ck_assert_int_eq(check_over_http(&good), 200);
    }
    reload();
    end();
}
END_TEST

/* ---- the library: this program again, as its own child, with its own memory short --------------
 */

#define NOT_REACHED 100

static int be_client(char *argv[])
{
    struct stkgate_options options = STKGATE_OPTIONS_INIT;
    struct stkgate_request request = STKGATE_REQUEST_INIT;
    struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;
    stkgate *gate = NULL;
    bool is_good = strcmp(argv[2], "good") == 0;
    int fd = open(getenv(MEMORY_VARIABLE), O_RDWR | O_CLOEXEC);
    left = mmap(NULL, sizeof *left, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (left == MAP_FAILED)
        return 20;
    options.deadline_ms = BOUND_MS;
    request.token = stkgate_text(getenv("TEST_TOKEN"));
    request.site = stkgate_text("kasa");
    arm(atoi(argv[3]));
    int r = stkgate_open(&gate, "default", &options);
    if (r < 0) /* -EIO: the crypto library can't tell its own lack of memory from that of SHA-256 */
        return (r == -ENOMEM || r == -EIO) && !gate ? 0 : 21;
    verdict.status = 200; /* a caller that did not begin with a refusal */
    r = stkgate_check(gate, &request, &verdict);
    bool reached = atomic_load(left) == 0; /* what is left tells how many there were */
    if (r < 0 && verdict.status != 503)
        return 22;
    if (r == 0 && verdict.status != (is_good ? 200 : 401))
        return 23;
    if (r < 0 && (!reached || r != -ENOMEM))
        return 24;
    stkgate_close(gate);
    return reached ? 0 : NOT_REACHED;
}

#ifdef STKGATE_SANITIZED
const char *__lsan_default_suppressions(void);
const char *__lsan_default_options(void);

/* OpenSSL's own leaks, which are none of ours. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libcrypto.so\n";
}

const char *__lsan_default_options(void)
{
    return "print_suppressions=0";
}
#endif

/* What exit() allocates is not the library's: the count is kept, but below 0. AddressSanitizer
 * looks for leaks then. */
static void leave(int status)
{
    atomic_store(left, -atomic_load(left));
    exit(status);
}

static int client(const char *which, const char *token, int n)
{
    int status;
    char number[16];
    snprintf(number, sizeof number, "%d", n);
    pid_t pid = fork();
    if (pid == 0) {
        char path[PATH_MAX + 64];
        snprintf(path, sizeof path, "%s/client-count", dir);
        setenv("TEST_TOKEN", token, 1);
        preload();
        setenv(MEMORY_VARIABLE, path, 1); /* not the daemon's */
        execl("/proc/self/exe", "test_memory", "client", which, number, (char *)NULL);
        _exit(127);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status), "allocation %d of the library: %x", n, (unsigned)status);
    return WEXITSTATUS(status);
}

/* Looking for SHA-256 takes OpenSSL thousands of allocations: those at both ends, and samples
 * between. */
#define ALL_OF    100
#define EVERY_NTH 97

START_TEST(the_library_says_that_memory_is_short_and_lets_nothing_pass)
{
    static const int many = 1000000;
    char path[PATH_MAX + 64];
    begin();
    snprintf(path, sizeof path, "%s/client-count", dir);
    int64_t *clients_left = map_count(path);
    const char *const which[] = {"good", "revoked"};
    for (unsigned i = 0; i < 2; i++) {
        const char *token = i == 0 ? good.secret : revoked.secret;
        ck_assert_int_eq(client(which[i], token, many), NOT_REACHED);
        int count = many + (int)*clients_left;
        ck_assert_int_gt(count, 0);
        for (int n = 1; n <= count; n++) {
            if (n > ALL_OF && n < count - ALL_OF && n % EVERY_NTH != 0)
                continue;
            int status = client(which[i], token, n);
            ck_assert_msg(status == 0, "allocation %d of %d: %d", n, count, status);
        }
    }
    end();
}
END_TEST

int main(int argc, char *argv[])
{
    if (argc == 4 && strcmp(argv[1], "client") == 0)
        leave(be_client(argv));
    /* Hundreds of commits, none of which is about the disk. */
    if (access("/dev/shm", W_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 1);
    const TTest *const tests[] = {
        a_check_over_http_passes_or_is_refused_and_a_revoked_token_never_passes,
        a_check_by_the_library_passes_or_is_refused_and_a_revoked_token_never_passes,
        a_mint_that_is_acknowledged_is_there_whatever_failed,
        a_revocation_that_is_acknowledged_is_in_force_whatever_failed,
        lists_and_status_are_answered_or_refused,
        a_reload_keeps_the_old_configuration_or_has_the_new_one,
        the_library_says_that_memory_is_short_and_lets_nothing_pass,
    };
    return suite_run("memory", tests, sizeof tests / sizeof tests[0]);
}
