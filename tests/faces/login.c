/* login.c - login LOGINS CONFDIR SERVICE: so many logins with one token, by PAM's real library
 *
 * "TOKEN SITE" comes on standard input: the password and the user. Prints how many passed and how
 * many were over the limit; any other answer ends the program.
 */
#include <err.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char token[128], site[128];

static int converse(int count, const struct pam_message **messages, struct pam_response **ret,
                    void *userdata)
{
    struct pam_response *responses = calloc((size_t)count, sizeof *responses);

    (void)userdata;
    if (!responses)
        return PAM_BUF_ERR;
    for (int i = 0; i < count; i++)
        if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF)
            responses[i].resp = strdup(token);
    *ret = responses;
    return PAM_SUCCESS;
}

/* A program that waits as long as a module asks would wait between two refusals. */
static void wait_for_nothing(int result, unsigned delay_us, void *userdata)
{
    (void)result;
    (void)delay_us;
    (void)userdata;
}

static int log_in(const char *confdir, const char *service)
{
    const struct pam_conv conversation = {converse, NULL};
    union {
        void (*function)(int, unsigned, void *);
        const void *item;
    } delay = {wait_for_nothing};
    pam_handle_t *handle;

    int r = pam_start_confdir(service, site, &conversation, confdir, &handle);
    if (r != PAM_SUCCESS)
        errx(EXIT_FAILURE, "no PAM: %d", r);
    (void)pam_set_item(handle, PAM_FAIL_DELAY, delay.item);
    r = pam_authenticate(handle, 0);
    pam_end(handle, r);
    return r;
}

/* The HTTP status that a result comes to, by docs/servers/pam.md. */
static unsigned status_of(int result)
{
    switch (result) {
    case PAM_SUCCESS: return 200;
    case PAM_MAXTRIES: return 429;
    case PAM_AUTHINFO_UNAVAIL: return 503;
    case PAM_AUTH_ERR: return 401;
    case PAM_PERM_DENIED: return 403;
    default: errx(EXIT_FAILURE, "PAM says %d", result);
    }
}

int main(int argc, char *argv[])
{
    static const unsigned statuses[] = {200, 429, 503, 401, 403};
    unsigned counts[5] = {0};

    if (argc != 4 || scanf("%127s %127s", token, site) != 2)
        errx(EXIT_FAILURE, "usage: login LOGINS CONFDIR SERVICE, and \"TOKEN SITE\"");
    for (unsigned long left = strtoul(argv[1], NULL, 10); left > 0; left--) {
        unsigned status = status_of(log_in(argv[2], argv[3]));
        for (size_t i = 0; i < 5; i++)
            counts[i] += status == statuses[i];
    }
    printf("%u %u %u %u %u\n", counts[0], counts[1], counts[2], counts[3], counts[4]);
    return EXIT_SUCCESS;
}
