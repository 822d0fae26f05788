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

int main(int argc, char *argv[])
{
    unsigned passed = 0, limited = 0, undecided = 0;

    if (argc != 4 || scanf("%127s %127s", token, site) != 2)
        errx(EXIT_FAILURE, "usage: login LOGINS CONFDIR SERVICE, and \"TOKEN SITE\"");
    for (unsigned long left = strtoul(argv[1], NULL, 10); left > 0; left--) {
        int r = log_in(argv[2], argv[3]);
        if (r != PAM_SUCCESS && r != PAM_MAXTRIES && r != PAM_AUTHINFO_UNAVAIL)
            errx(EXIT_FAILURE, "PAM says %d", r);
        passed += r == PAM_SUCCESS;
        limited += r == PAM_MAXTRIES;
        undecided += r == PAM_AUTHINFO_UNAVAIL;
    }
    printf("%u %u %u\n", passed, limited, undecided);
    return EXIT_SUCCESS;
}
