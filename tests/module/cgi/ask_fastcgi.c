/* ask_fastcgi.c - a web server's side of FastCGI, for tests: one request, and what came back
 *
 *     ask_fastcgi SOCKET ROLE [NAME=VALUE]... [-- HOW]
 *
 * ROLE is the number of the role: 1 responder, 2 authorizer. NAME=@N is N bytes of 'x'. HOW:
 *
 *     cut        closes after half of the parameters, and prints nothing
 *     silent     says nothing, and waits for the other end to close
 *     garbage    sends bytes that are no FastCGI
 *     twice      asks twice on one connection
 *
 * Prints what came on STDOUT; ends with 0 when an END_REQUEST came, 1 when the connection ended
 * without.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BEGIN = 1, END = 3, PARAMS = 4, STDIN = 5, STDOUT = 6 };

static void die(const char *what)
{
    perror(what);
    exit(99);
}

static int dial(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (strlen(path) >= sizeof address.sun_path)
        exit(99);
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        die(path);
    return fd;
}

static void put(int fd, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len > 0) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);
        if (n <= 0)
            return; /* what came back says the rest */
        at += n;
        len -= (size_t)n;
    }
}

static void put_record(int fd, uint8_t type, const void *bytes, size_t len)
{
    uint8_t header[8] = {1, type, 0, 1, (uint8_t)(len >> 8), (uint8_t)len, 0, 0};
    put(fd, header, sizeof header);
    put(fd, bytes, len);
}

struct parameters {
    uint8_t *bytes;
    size_t len;
};

static void add_length(struct parameters *all, size_t len)
{
    if (len <= 127) {
        all->bytes[all->len++] = (uint8_t)len;
        return;
    }
    for (int shift = 24; shift >= 0; shift -= 8)
        all->bytes[all->len++] = (uint8_t)((len >> shift) | (shift == 24 ? 0x80 : 0));
}

static void add_parameter(struct parameters *all, const char *variable)
{
    const char *equals = strchr(variable, '=');
    if (!equals)
        exit(99);
    size_t name_len = (size_t)(equals - variable);
    bool is_filled = equals[1] == '@';
    size_t value_len = is_filled ? strtoul(equals + 2, NULL, 10) : strlen(equals + 1);
    all->bytes = realloc(all->bytes, all->len + 8 + name_len + value_len);
    if (!all->bytes)
        exit(99);
    add_length(all, name_len);
    add_length(all, value_len);
    memcpy(all->bytes + all->len, variable, name_len);
    all->len += name_len;
    if (is_filled)
        memset(all->bytes + all->len, 'x', value_len);
    else
        memcpy(all->bytes + all->len, equals + 1, value_len);
    all->len += value_len;
}

static void ask(int fd, uint8_t role, bool keep, const struct parameters *all, bool is_cut)
{
    uint8_t begin[8] = {0, role, keep, 0, 0, 0, 0, 0};
    size_t end = is_cut ? all->len / 2 : all->len;
    put_record(fd, BEGIN, begin, sizeof begin);
    for (size_t at = 0; at < end; at += 32768)
        put_record(fd, PARAMS, all->bytes + at, end - at < 32768 ? end - at : 32768);
    if (is_cut)
        exit(0);
    put_record(fd, PARAMS, "", 0);
    put_record(fd, STDIN, "", 0);
}

static bool get(int fd, void *bytes, size_t len)
{
    char *at = bytes;
    while (len > 0) {
        ssize_t n = read(fd, at, len);
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static bool print_answer(int fd)
{
    uint8_t header[8];
    static uint8_t body[65536 + 256];
    while (get(fd, header, sizeof header)) {
        size_t len = (size_t)header[4] << 8 | header[5];
        if (!get(fd, body, len + header[6]))
            return false;
        if (header[1] == STDOUT)
            fwrite(body, 1, len, stdout);
        if (header[1] == END)
            return true;
    }
    return false;
}

int main(int argc, char *argv[])
{
    struct parameters all = {NULL, 0};
    const char *how = "";
    if (argc < 3)
        return 99;
    int fd = dial(argv[1]);
    uint8_t role = (uint8_t)strtoul(argv[2], NULL, 10);
    for (int i = 3; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0) {
            how = argv[i + 1] ? argv[i + 1] : "";
            break;
        }
        add_parameter(&all, argv[i]);
    }
    bool is_twice = strcmp(how, "twice") == 0;
    if (strcmp(how, "garbage") == 0)
        put(fd, "GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n", 36);
    else if (strcmp(how, "silent") != 0)
        ask(fd, role, is_twice, &all, strcmp(how, "cut") == 0);
    bool ended = print_answer(fd);
    if (ended && is_twice) {
        ask(fd, role, false, &all, false);
        ended = print_answer(fd);
    }
    free(all.bytes);
    return ended ? 0 : 1;
}
