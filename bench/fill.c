/* fill.c - fill STATE COUNT TOKENS: a table of COUNT tokens, made through the store as mint does
 *
 * Each token has one origin and a limit that no bench reaches, so that each check goes all the way
 * through decide() and spends. What the tokens are goes to the file TOKENS.
 */
#include <err.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "bench/token_file.h"
#include "daemon/store/committer.h"
#include "lib/core/scope.h"

#define SITES        1000
#define IN_FLIGHT    (COMMITTER_QUEUE_MAX / 2)
#define NS_PER_S     UINT64_C(1000000000)
#define REQUESTS     10000000
#define BURST        10000000
#define COUNT_DIGITS 10

struct filling {
    struct committer *committer;
    FILE *tokens;
    uint8_t origins[ORIGINS_BYTES_MAX];
    size_t origins_len;
    unsigned in_flight;
};

static int draw(void *bytes, size_t len, void *userdata)
{
    /* At most 256 bytes at a time: getrandom() gives all of them. */
    return getentropy(bytes, len);
}

static void on_committed(const struct change *change, const struct change_result *result,
                         void *userdata)
{
    struct filling *filling = userdata;

    filling->in_flight--;
    if (result->error < 0)
        errx(EXIT_FAILURE, "a mint failed: %s", strerror(-result->error));
}

static void collect(struct filling *filling)
{
    struct pollfd pollfd = {.fd = committer_fd(filling->committer), .events = POLLIN};

    if (poll(&pollfd, 1, -1) > 0)
        committer_collect(filling->committer);
}

static void mint(struct filling *filling, unsigned number)
{
    struct change change = {.verb = CHANGE_MINT, .at = (int64_t)time(NULL)};
    struct token_entry entry;
    char key_id[KEY_ID_LEN + 1];

    snprintf(entry.site, sizeof entry.site, "merchant-%03u", number % SITES);
    struct record record = {
        .kind = KIND_LIVE,
        .scopes = SCOPE_ALL_BUILTIN,
        .limit = {.requests = REQUESTS, .window_ns = NS_PER_S, .burst = BURST},
        .created_at = change.at,
        .site = text_of(entry.site),
        .name = TEXT("bench"),
        .origins = {filling->origins, filling->origins_len},
    };
    if (token_generate(KIND_LIVE, draw, NULL, entry.token) < 0 ||
        key_id_generate(draw, NULL, key_id) < 0)
        errx(EXIT_FAILURE, "cannot make a token");
    digest_token(text_of(entry.token), record.digest);
    record.key_id = text_of(key_id);
    record.secret_prefix = (struct text){entry.token, SECRET_PREFIX_LEN};
    if (record_encode(&record, change.record, &change.record_len) < 0 ||
        committer_submit(filling->committer, &change, on_committed, filling) < 0)
        errx(EXIT_FAILURE, "cannot submit a token");
    filling->in_flight++;
    token_file_write(filling->tokens, &entry);
}

static void fill(struct filling *filling, unsigned count)
{
    const struct text origin = TEXT(TOKEN_FILE_ORIGIN);

    if (textlist_append(filling->origins, sizeof filling->origins, &filling->origins_len, origin) <
        0)
        errx(EXIT_FAILURE, "cannot list an origin");
    for (unsigned i = 0; i < count; i++) {
        while (filling->in_flight >= IN_FLIGHT)
            collect(filling);
        mint(filling, i);
    }
    while (filling->in_flight > 0)
        collect(filling);
}

int main(int argc, char *argv[])
{
    struct filling filling = {0};
    char message[STORE_ERROR_MAX] = "";
    struct store *store;

    if (argc != 4 || strlen(argv[2]) > COUNT_DIGITS)
        errx(EXIT_FAILURE, "usage: fill STATE COUNT TOKENS");
    unsigned count = (unsigned)strtoul(argv[2], NULL, 10);
    const struct store_options options = {.dir = argv[1], .create = true};
    if (store_open(&options, &store, message) < 0)
        errx(EXIT_FAILURE, "%s", message);
    if (committer_new(store, &filling.committer) < 0)
        errx(EXIT_FAILURE, "cannot open the table for writing");
    filling.tokens = token_file_create(argv[3]);
    fill(&filling, count);
    if (fclose(filling.tokens) != 0)
        err(EXIT_FAILURE, "%s", argv[3]);
    committer_free(filling.committer);
    store_close(store);
    return EXIT_SUCCESS;
}
