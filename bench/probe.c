#include "bench/probe.h"

#include <err.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/wire/message.h"

static int dial(const char *runtime)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    int len = snprintf(address.sun_path, sizeof address.sun_path, "%s/check.sock", runtime);

    if (len < 0 || (size_t)len >= sizeof address.sun_path)
        errx(EXIT_FAILURE, "%s: too long for a socket's address", runtime);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
        err(EXIT_FAILURE, "%s", address.sun_path);
    return fd;
}

static size_t exchange(int fd, const uint8_t *question, size_t question_bytes,
                       uint8_t answer[static WIRE_FRAME_MAX], struct frame *ret)
{
    if (question_bytes == 0 || send(fd, question, question_bytes, MSG_NOSIGNAL) < 0)
        err(EXIT_FAILURE, "send");
    ssize_t n = recv(fd, answer, WIRE_FRAME_MAX, 0);
    if (n <= 0 || frame_open(answer, (size_t)n, ret) < 0)
        errx(EXIT_FAILURE, "the daemon's answer is no frame");
    return (size_t)n;
}

static void make_query(const struct token_entry *token, struct query *ret)
{
    *ret = (struct query){
        .form = CREDENTIAL_TOKEN,
        .kind = KIND_LIVE,
        .site = text_of(token->site),
        .origin = TEXT(TOKEN_FILE_ORIGIN),
    };
    digest_token(text_of(token->token), ret->digest);
}

void probe_sizes(const char *runtime, const struct token_entry *token, size_t *ret_question_bytes,
                 size_t *ret_answer_bytes)
{
    uint8_t question[WIRE_FRAME_MAX], answer[WIRE_FRAME_MAX];
    const struct hello hello = {.service = TEXT("bench")};
    struct frame frame;
    struct query query;
    struct verdict verdict;
    uint64_t generation;
    int fd = dial(runtime);

    exchange(fd, question, hello_write(question, sizeof question, 1, &hello), answer, &frame);
    make_query(token, &query);
    size_t question_bytes = check_write(question, sizeof question, 2, &query);
    size_t answer_bytes = exchange(fd, question, question_bytes, answer, &frame);
    if (verdict_read(&frame, &generation, &verdict) < 0 || verdict.reason != REASON_OK)
        errx(EXIT_FAILURE, "the daemon does not let a token of the bench pass");
    close(fd);
    *ret_question_bytes = question_bytes;
    *ret_answer_bytes = answer_bytes;
}
