/* turns.c - turns SECONDS FIELDS NAME=PORT/PATH...: what several web servers take for a request
 *
 * As wrk does it, each of eight connections has one request under way; but the servers are asked in
 * turns of some milliseconds, so that what the machine does otherwise is the same for all, and with
 * new connections every second or so: where their memory comes to lie matters, too. Prints of each
 * server "NAME RATE RATIO": requests per second, and the median over all turns of what that is to
 * the first server's in the same one. FIELDS: a file of header fields, a line each; a line without
 * any ends those of a request, and which of the requests is next is drawn. Over loopback. An answer
 * that is not 200 ends it.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define SERVERS_MAX  8
#define CONNECTIONS  8
#define WARM_UP      50  /* requests of a turn that don't count: they show who had the one before */
#define REQUESTS     400 /* those that do */
#define RECONNECT_AT 32  /* turns */
#define ROUNDS_MAX   100000
#define ANSWER_MAX   8192
#define REQUEST_MAX  2048
#define BLOCKS_MAX   10000 /* of fields */

struct connection {
    int fd;
    size_t len; /* of the answer so far */
    char answer[ANSWER_MAX + 1];
};

struct server {
    const char *name;
    unsigned port;
    char **requests; /* as many as blocks */
    int epoll;
    struct connection connections[CONNECTIONS];
    double *rates; /* of each round */
};

static struct server servers[SERVERS_MAX];
static unsigned server_count;
static char *blocks[BLOCKS_MAX];
static unsigned block_count;

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* ---- connections -------------------------------------------------------------------------------
 */

static int dial(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
        err(EXIT_FAILURE, "port %u", port);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static void connect_all(struct server *server)
{
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (server->epoll < 0)
        err(EXIT_FAILURE, "epoll");
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        struct connection *connection = &server->connections[i];
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
        connection->fd = dial(server->port);
        if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, connection->fd, &event) < 0)
            err(EXIT_FAILURE, "epoll");
    }
}

static void disconnect_all(struct server *server)
{
    for (unsigned i = 0; i < CONNECTIONS; i++)
        close(server->connections[i].fd);
    close(server->epoll);
}

/* ---- requests ----------------------------------------------------------------------------------
 */

static unsigned draw(unsigned count)
{
    static uint64_t state = UINT64_C(0x9e3779b97f4a7c15); /* xorshift64 of Marsaglia */

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state % count);
}

static void ask(const struct server *server, struct connection *connection)
{
    const char *request = server->requests[draw(block_count)];
    size_t len = strlen(request);

    connection->len = 0;
    if (send(connection->fd, request, len, MSG_NOSIGNAL) != (ssize_t)len)
        err(EXIT_FAILURE, "%s: send", server->name);
}

/* Whether the answer is all there. */
static bool is_whole(const struct server *server, const struct connection *connection)
{
    static const char length[] = "\r\nContent-Length: ";
    const char *body = strstr(connection->answer, "\r\n\r\n");

    if (!body)
        return false;
    if (strncmp(connection->answer, "HTTP/1.1 200 ", 13) != 0)
        errx(EXIT_FAILURE, "%s answers %.60s", server->name, connection->answer);
    const char *at = strstr(connection->answer, length);
    if (!at || at > body)
        errx(EXIT_FAILURE, "%s: an answer without a length", server->name);
    size_t wanted =
        (size_t)(body + 4 - connection->answer) + strtoull(at + sizeof length - 1, NULL, 10);
    return connection->len >= wanted;
}

static bool receive(const struct server *server, struct connection *connection)
{
    ssize_t n =
        recv(connection->fd, connection->answer + connection->len, ANSWER_MAX - connection->len, 0);

    if (n <= 0)
        err(EXIT_FAILURE, "%s: recv", server->name);
    connection->len += (size_t)n;
    connection->answer[connection->len] = '\0';
    return is_whole(server, connection);
}

/* Requests per second. */
static double take_turn(struct server *server)
{
    unsigned asked = 0, answered = 0;
    uint64_t began = 0;

    for (; asked < CONNECTIONS; asked++)
        ask(server, &server->connections[asked]);
    while (answered < WARM_UP + REQUESTS) {
        struct epoll_event events[CONNECTIONS];
        int count = epoll_wait(server->epoll, events, CONNECTIONS, 10000);
        if (count <= 0)
            err(EXIT_FAILURE, "%s does not answer", server->name);
        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;
            if (!receive(server, connection))
                continue;
            if (++answered == WARM_UP)
                began = now_ns();
            if (asked < WARM_UP + REQUESTS) {
                ask(server, connection);
                asked++;
            }
        }
    }
    return REQUESTS * 1e9 / (double)(now_ns() - began);
}

/* ---- all of it ---------------------------------------------------------------------------------
 */

static void add_server(char *argument)
{
    struct server *server = &servers[server_count++];
    char *port = strchr(argument, '='), *path = port ? strchr(port, '/') : NULL;

    if (!path)
        errx(EXIT_FAILURE, "%s: write NAME=PORT/PATH", argument);
    *port = '\0';
    server->name = argument;
    server->port = (unsigned)strtoul(port + 1, NULL, 10);
    server->rates = calloc(ROUNDS_MAX, sizeof *server->rates);
    server->requests = calloc(block_count, sizeof *server->requests);
    if (!server->rates || !server->requests)
        err(EXIT_FAILURE, "memory");
    for (unsigned i = 0; i < block_count; i++)
        if (asprintf(&server->requests[i], "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n%s\r\n", path,
                     server->port, blocks[i]) < 0)
            err(EXIT_FAILURE, "memory");
}

static void keep_block(char *block)
{
    if (block_count == BLOCKS_MAX)
        errx(EXIT_FAILURE, "too many requests");
    blocks[block_count] = strdup(block);
    if (!blocks[block_count++])
        err(EXIT_FAILURE, "memory");
    block[0] = '\0';
}

static void read_fields(const char *path)
{
    char line[1024], block[REQUEST_MAX] = "";
    FILE *file = fopen(path, "re");

    if (!file)
        err(EXIT_FAILURE, "%s", path);
    while (fgets(line, sizeof line, file)) {
        size_t len = strlen(block);
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '\0')
            keep_block(block);
        else if (snprintf(block + len, sizeof block - len, "%s\r\n", line) >=
                 (int)(sizeof block - len))
            errx(EXIT_FAILURE, "%s: a long request", path);
    }
    if (block[0] != '\0' || block_count == 0)
        keep_block(block);
    fclose(file);
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(double *values, unsigned count)
{
    qsort(values, count, sizeof *values, compare);
    return values[count / 2];
}

static void print(const struct server *server, unsigned rounds)
{
    double *ratios = calloc(rounds, sizeof *ratios), *rates = calloc(rounds, sizeof *rates);

    if (!ratios || !rates)
        err(EXIT_FAILURE, "memory");
    for (unsigned i = 0; i < rounds; i++) {
        rates[i] = server->rates[i];
        ratios[i] = server->rates[i] / servers[0].rates[i];
    }
    double rate = median(rates, rounds);
    printf("%s %.0f %.4f\n", server->name, rate, median(ratios, rounds));
    free(ratios);
    free(rates);
}

/* Who is before whom is drawn, too: with any order that comes again, it is to be seen. */
static void take_turns(unsigned round)
{
    unsigned order[SERVERS_MAX] = {0};

    for (unsigned i = 0; i < server_count; i++) {
        unsigned at = draw(i + 1);
        order[i] = order[at];
        order[at] = i;
    }
    for (unsigned i = 0; i < server_count; i++) {
        struct server *server = &servers[order[i]];
        server->rates[round] = take_turn(server);
    }
}

int main(int argc, char *argv[])
{
    unsigned rounds = 0;

    if (argc < 4 || argc - 3 > SERVERS_MAX)
        errx(EXIT_FAILURE, "usage: turns SECONDS FIELDS NAME=PORT/PATH...");
    read_fields(argv[2]);
    for (int i = 3; i < argc; i++)
        add_server(argv[i]);
    uint64_t end = now_ns() + strtoull(argv[1], NULL, 10) * UINT64_C(1000000000);
    for (; now_ns() < end && rounds < ROUNDS_MAX; rounds++) {
        for (unsigned i = 0; rounds % RECONNECT_AT == 0 && i < server_count; i++) {
            if (rounds > 0)
                disconnect_all(&servers[i]);
            connect_all(&servers[i]);
            (void)take_turn(&servers[i]);
        }
        take_turns(rounds);
    }
    for (unsigned i = 0; i < server_count; i++)
        print(&servers[i], rounds);
    return EXIT_SUCCESS;
}
