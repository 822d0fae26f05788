#include "tests/daemon/server_rig.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/server.h"
#include "lib/wire/message.h"

struct fixture server_rig_fixture;
struct sockaddr_un server_rig_address = {.sun_family = AF_UNIX};

static pthread_t thread;
static int listen_fd, stop_fd, look_fd, looked_fd;
static struct server_rig_state looked;

static int on_stop(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    return sd_event_exit(userdata, 0);
}

static int on_look(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct service *service = server_rig_fixture.service;
    struct quota_usage usage;
    eventfd_t question;

    ck_assert_int_eq(eventfd_read(fd, &question), 0);
    quota_total(service_quota(service), &usage);
    looked.connections = usage.connections[QUOTA_CHECK];
    looked.attached = attached_count(service_attached(service));
    ck_assert_int_eq(eventfd_write(looked_fd, 1), 0);
    return 0;
}

static void *run(void *none)
{
    sd_event *event;
    struct turns *turns;
    struct server *server;

    ck_assert_int_ge(sd_event_new(&event), 0);
    ck_assert_int_eq(turns_new(event, &turns), 0);
    ck_assert_int_ge(sd_event_add_io(event, NULL, stop_fd, POLLIN, on_stop, event), 0);
    ck_assert_int_ge(sd_event_add_io(event, NULL, look_fd, POLLIN, on_look, NULL), 0);
    ck_assert_int_eq(server_new(event, turns, server_rig_fixture.service, listen_fd, &server), 0);
    ck_assert_int_eq(sd_event_loop(event), 0);
    server_free(server);
    turns_free(turns);
    sd_event_unref(event);
    return NULL;
}

void server_rig_start(const char *config)
{
    struct sockaddr_un *address = &server_rig_address;

    fixture_open(&server_rig_fixture,
                 (struct fixture_file[]){{"stkgate.conf", config}, {NULL, NULL}});
    snprintf(address->sun_path, sizeof address->sun_path, "%.90s/check.sock",
             server_rig_fixture.dir);
    listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(listen_fd, (struct sockaddr *)address, sizeof *address), 0);
    ck_assert_int_eq(listen(listen_fd, 128), 0);
    stop_fd = eventfd(0, EFD_CLOEXEC);
    look_fd = eventfd(0, EFD_CLOEXEC);
    looked_fd = eventfd(0, EFD_CLOEXEC);
    ck_assert_int_eq(pthread_create(&thread, NULL, run, NULL), 0);
}

struct quota_usage server_rig_stop(void)
{
    struct quota_usage usage;

    ck_assert_int_eq(eventfd_write(stop_fd, 1), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    close(stop_fd);
    close(look_fd);
    close(looked_fd);
    quota_total(service_quota(server_rig_fixture.service), &usage);
    ck_assert_uint_eq(attached_count(service_attached(server_rig_fixture.service)), 0);
    fixture_close(&server_rig_fixture);
    return usage;
}

struct server_rig_state server_rig_look(void)
{
    eventfd_t done;

    ck_assert_int_eq(eventfd_write(look_fd, 1), 0);
    ck_assert_int_eq(eventfd_read(looked_fd, &done), 0);
    return looked;
}

int server_rig_dial(void)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(connect(fd, (struct sockaddr *)&server_rig_address, sizeof server_rig_address),
                     0);
    return fd;
}

bool server_rig_hello(int fd)
{
    uint8_t bytes[WIRE_FRAME_MAX];
    const struct hello hello = {.service = TEXT("storefront")};
    struct welcome welcome;
    struct frame frame;
    size_t len = hello_write(bytes, sizeof bytes, 1, &hello);

    if (send(fd, bytes, len, MSG_NOSIGNAL) != (ssize_t)len)
        return false;
    ssize_t n = recv(fd, bytes, sizeof bytes, 0);
    return n > 0 && frame_open(bytes, (size_t)n, &frame) == 0 &&
           welcome_read(&frame, &welcome) == 0;
}

bool server_rig_ends(int fd)
{
    char bytes[WIRE_FRAME_MAX];
    ssize_t n;

    while ((n = recv(fd, bytes, sizeof bytes, 0)) > 0)
        continue;
    close(fd);
    return n == 0 || errno == ECONNRESET;
}

int server_rig_open_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}
