/* The daemon as systemd sees it: READY, WATCHDOG, RELOADING, STOPPING, and how it ends. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/manager.h"
#include "tests/daemon/fixture.h"
#include "tests/suite.h"

static char dir[PATH_MAX], state[PATH_MAX + 8], runtime[PATH_MAX + 8], config_dir[PATH_MAX + 8];
static int notify_fd;
static pid_t child;

static void start(const char *watchdog_usec)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    fixture_make_dir(dir);
    snprintf(state, sizeof state, "%s/state", dir);
    snprintf(runtime, sizeof runtime, "%s/run", dir);
    snprintf(config_dir, sizeof config_dir, "%s/etc", dir);
    fixture_write(dir, "etc/services.d/.keep", "");
    snprintf(address.sun_path, sizeof address.sun_path, "%.90s/notify", dir);
    notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(notify_fd, (struct sockaddr *)&address, sizeof address), 0);
    child = fork();
    if (child == 0) {
        const struct manager_options options = {state, runtime, config_dir, false};
        setenv("NOTIFY_SOCKET", address.sun_path, 1);
        if (watchdog_usec)
            setenv("WATCHDOG_USEC", watchdog_usec, 1);
        _exit(manager_run(&options) == 0 ? 0 : 1);
    }
}

/* Wait for a message that begins so. The daemon may say other things before. */
static void await(const char *message)
{
    char text[512];
    do {
        struct pollfd pollfd = {.fd = notify_fd, .events = POLLIN};
        ck_assert_msg(poll(&pollfd, 1, 30000) == 1, "no %s", message);
        ssize_t n = recv(notify_fd, text, sizeof text - 1, 0);
        ck_assert_int_gt(n, 0);
        text[n] = '\0';
    } while (strncmp(text, message, strlen(message)) != 0);
}

static int ended(void)
{
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    close(notify_fd);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool exists(const char *name)
{
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return access(path, F_OK) == 0;
}

START_TEST(says_ready_with_its_sockets_open_and_ends_cleanly_on_sigterm)
{
    start(NULL);
    await("READY=1");
    ck_assert(exists("run/check.sock") && exists("run/http.sock") && exists("run/admin.sock"));
    ck_assert_int_eq(kill(child, SIGTERM), 0);
    await("STOPPING=1");
    ck_assert_int_eq(ended(), 0);
    ck_assert(!exists("run/check.sock") && !exists("run/http.sock") && !exists("run/admin.sock"));
    ck_assert(exists("state/data.mdb"));
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(feeds_the_watchdog)
{
    start("200000");
    await("READY=1");
    await("WATCHDOG=1");
    await("WATCHDOG=1");
    ck_assert_int_eq(kill(child, SIGINT), 0);
    ck_assert_int_eq(ended(), 0);
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(a_reload_with_a_mistake_keeps_it_running)
{
    start(NULL);
    await("READY=1");
    fixture_write(dir, "etc/services.d/shop.conf", "nonsense\n");
    ck_assert_int_eq(kill(child, SIGHUP), 0);
    await("RELOADING=1");
    await("READY=1");
    fixture_write(dir, "etc/services.d/shop.conf", "cost = 2\n");
    ck_assert_int_eq(kill(child, SIGHUP), 0);
    await("READY=1");
    ck_assert_int_eq(kill(child, SIGTERM), 0);
    ck_assert_int_eq(ended(), 0);
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(does_not_start_with_a_mistake_in_the_configuration)
{
    start(NULL);
    await("READY=1");
    ck_assert_int_eq(kill(child, SIGTERM), 0);
    ck_assert_int_eq(ended(), 0);

    fixture_write(dir, "etc/stkgate.conf", "nonsense\n");
    child = fork();
    if (child == 0) {
        const struct manager_options options = {state, runtime, config_dir, false};
        _exit(manager_run(&options) == 0 ? 0 : 1);
    }
    ck_assert_int_eq(ended(), 1);
    ck_assert(!exists("run/check.sock"));
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(a_second_daemon_leaves_the_first_alone)
{
    start(NULL);
    await("READY=1");
    pid_t first = child;
    child = fork();
    if (child == 0) {
        const struct manager_options options = {state, runtime, config_dir, false};
        _exit(manager_run(&options) == 0 ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    ck_assert(exists("run/check.sock") && exists("run/admin.sock"));
    child = first;
    ck_assert_int_eq(kill(child, SIGTERM), 0);
    ck_assert_int_eq(ended(), 0);
    fixture_remove_dir(dir);
}
END_TEST

SUITE_MAIN("manager", says_ready_with_its_sockets_open_and_ends_cleanly_on_sigterm,
           feeds_the_watchdog, a_reload_with_a_mistake_keeps_it_running,
           does_not_start_with_a_mistake_in_the_configuration,
           a_second_daemon_leaves_the_first_alone)
