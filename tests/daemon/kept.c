#include "tests/daemon/kept.h"

#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct fdstore store;
static int notify_fd = -1;
static pthread_t thread;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t seen = PTHREAD_COND_INITIALIZER;
static unsigned barriers;

static int descriptor_of(struct msghdr *message)
{
    struct cmsghdr *control = CMSG_FIRSTHDR(message);
    int fd = -1;

    if (control && control->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(control), sizeof fd);
    return fd;
}

static void forget(const char *name)
{
    for (unsigned i = store.count; i > 0; i--) {
        if (strcmp(store.files[i - 1].name, name) != 0)
            continue;
        close(store.files[i - 1].fd);
        memmove(&store.files[i - 1], &store.files[i], (store.count - i) * sizeof store.files[0]);
        store.count--;
    }
}

/* One message; false at the last. */
static bool take_message(void)
{
    char text[512] = "", name[FDSTORE_NAME_MAX + 1] = "";
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec iov = {text, sizeof text - 1};
    struct msghdr message = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};

    ssize_t n = recvmsg(notify_fd, &message, MSG_CMSG_CLOEXEC);
    ck_assert_int_ge(n, 0);
    int fd = descriptor_of(&message);
    const char *at = strstr(text, "FDNAME=");
    if (at)
        (void)sscanf(at, "FDNAME=%31[^\n]", name);
    bool last = strcmp(text, "END") == 0;
    pthread_mutex_lock(&mutex);
    if (strstr(text, "FDSTORE=1") && fd >= 0)
        ck_assert_int_eq(fdstore_add(&store, name, fd), 0);
    else if (strstr(text, "FDSTOREREMOVE=1"))
        forget(name);
    else if (strcmp(text, "BARRIER") == 0)
        barriers++;
    pthread_cond_broadcast(&seen);
    pthread_mutex_unlock(&mutex);
    return !last;
}

static void *run(void *userdata)
{
    while (take_message())
        continue;
    return NULL;
}

static void say(const char *text)
{
    struct sockaddr_un address;
    socklen_t len = sizeof address;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(getsockname(notify_fd, (struct sockaddr *)&address, &len), 0);
    ck_assert_int_eq(sendto(fd, text, strlen(text), 0, (struct sockaddr *)&address, len),
                     (ssize_t)strlen(text));
    close(fd);
}

void kept_begin(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char name[64];

    notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(notify_fd, 0);
    snprintf(name, sizeof name, "@stkgate-kept-%d", (int)getpid());
    memcpy(address.sun_path + 1, name + 1, strlen(name) - 1);
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    ck_assert_int_eq(bind(notify_fd, (struct sockaddr *)&address, len), 0);
    ck_assert_int_eq(setenv("NOTIFY_SOCKET", name, 1), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, run, NULL), 0);
}

void kept_end(void)
{
    say("END");
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    while (store.count > 0)
        close(store.files[--store.count].fd);
    close(notify_fd);
    unsetenv("NOTIFY_SOCKET");
}

void kept_give(struct fdstore *ret)
{
    pthread_mutex_lock(&mutex);
    unsigned wanted = barriers + 1;
    pthread_mutex_unlock(&mutex);
    say("BARRIER"); /* all that was said before is in then */
    pthread_mutex_lock(&mutex);
    while (barriers < wanted)
        pthread_cond_wait(&seen, &mutex);
    *ret = (struct fdstore){.count = store.count};
    for (unsigned i = 0; i < store.count; i++) {
        ret->files[i] = store.files[i];
        ret->files[i].fd = fcntl(store.files[i].fd, F_DUPFD_CLOEXEC, 3);
        ck_assert_int_ge(ret->files[i].fd, 0);
    }
    pthread_mutex_unlock(&mutex);
}
