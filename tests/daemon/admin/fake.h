/* fake.h - a stand-in for the daemon's admin.sock, and a run of `stkgate admin` against it
 *
 * The test plays the daemon: it gets the request as bytes and sends the bytes that its script says.
 */
#ifndef STKGATE_TESTS_FAKE_H
#define STKGATE_TESTS_FAKE_H

#include <stdbool.h>
#include <stddef.h>

#define FAKE_EXCHANGES_MAX 4
#define FAKE_TEXT_MAX      65536

struct fake {
    char runtime[64]; /* a directory of its own */
    int listen_fd;
};

/* One run: what goes in, and what came out. */
struct fake_run {
    const char *const *arguments;             /* after "admin", NULL-terminated */
    const char *input;                        /* standard input; NULL: empty */
    bool on_terminal;                         /* standard output is one, of 120 columns */
    bool can_be_asked;                        /* standard input and error are one; no echo */
    const char *replies[FAKE_EXCHANGES_MAX];  /* raw; "" breaks off without an answer */
    char requests[FAKE_EXCHANGES_MAX][16384]; /* raw, as they came */
    unsigned request_count;
    int status;
    char out[FAKE_TEXT_MAX], err[FAKE_TEXT_MAX];
};

void fake_start(struct fake *ret);
void fake_stop(struct fake *fake);

/* Accept one connection, take one request, send reply, close. False: end_fd (or
 * -1) is a pipe that hung up first, and there won't be any. Ends the test after 10 s. */
bool fake_exchange(const struct fake *fake, int end_fd, const char *reply, char *request,
                   size_t capacity);

/* A whole answer with this body; static storage that holds eight of them. */
const char *fake_reply(const char *status_line, const char *body);

/* Run command_admin() in a child with --runtime of the fake. */
void fake_admin(const struct fake *fake, struct fake_run *run);

/* Words of a command line. */
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The same with these arguments and replies (NULL-terminated, made by fake_reply()): each reply is
 * asked for, and the exit status is this one, or the test ends. */
void fake_expect(const struct fake *fake, struct fake_run *run, const char *const *arguments,
                 const char *const *replies, int status);

/* The nth request (from 0) begins with this: "POST /v1/tokens HTTP", or the test ends. */
void fake_asked(const struct fake_run *run, unsigned n, const char *beginning);
/* Its body. */
const char *fake_body(const struct fake_run *run, unsigned n);

#endif
