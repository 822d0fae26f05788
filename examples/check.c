/* check.c - ask whether a call with the token on standard input may pass
 *
 *     cc check.c -o check $(pkg-config --cflags --libs libstkgate)
 *     ./check SITE [ORIGIN] < file-with-the-token
 *
 * Exits 0 when it may. The token comes from standard input, not from the command line, which every
 * user of the machine can read.
 */
#include <stdio.h>
#include <stkgate.h>

static int print_field(const char *name, const char *value, void *userdata)
{
    (void)userdata;
    return printf("%s: %s\n", name, value) < 0 ? -1 : 0;
}

static void print_verdict(const struct stkgate_verdict *verdict)
{
    printf("%u %s\n", verdict->status, stkgate_reason_string(verdict->reason));
    if (verdict->key_id[0] != '\0')
        printf("token %s of site %s\n", verdict->key_id, verdict->site);
    if (verdict->status == 200 || verdict->status == 429)
        printf("%llu of %llu left\n", (unsigned long long)verdict->remaining,
               (unsigned long long)verdict->burst);
}

int main(int argc, char *argv[])
{
    struct stkgate_request request = STKGATE_REQUEST_INIT;
    struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;
    char token[128];
    stkgate *gate;

    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: check SITE [ORIGIN] < token\n");
        return 64;
    }
    if (fgets(token, sizeof token, stdin) == NULL)
        token[0] = '\0';
    token[strcspn(token, "\n")] = '\0';

    /* A server does this once, when it starts. */
    if (stkgate_open(&gate, "default", NULL) < 0)
        return 70;

    /* And this for each call. */
    request.token = stkgate_text(token);
    request.site = stkgate_text(argv[1]);
    request.origin = stkgate_text(argc > 2 ? argv[2] : NULL);
    int error = stkgate_check(gate, &request, &verdict);
    if (error < 0)
        fprintf(stderr, "no verdict: %s\n", strerror(-error));

    print_verdict(&verdict);
    stkgate_verdict_headers(gate, &verdict, print_field, NULL);
    stkgate_close(gate);
    return verdict.status == 200 ? 0 : 1;
}
