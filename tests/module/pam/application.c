#include "tests/module/pam/application.h"

#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#define LOG_MAX     65536
#define TOKENS_MAX  40
#define TOKEN_BYTES 128

static struct {
    char name[32], text[TOKEN_BYTES];
} tokens[TOKENS_MAX];

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static char logged[LOG_MAX], taken[LOG_MAX];
static size_t logged_len;

/* libpam calls this one, in place of the C library's: it was compiled with _FORTIFY_SOURCE. */
__attribute__((visibility("default"), format(printf, 3, 4))) void
__syslog_chk(int priority, int flag, const char *format, ...);

void __syslog_chk(int priority, int flag, const char *format, ...)
{
    char line[4096];
    va_list args;

    va_start(args, format);
    int len = vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    ck_assert_int_ge(len, 0);
    ck_assert_int_lt(len, (int)sizeof line - 1);
    ck_assert_int_eq(priority & LOG_FACMASK, LOG_AUTHPRIV);
    line[len++] = '\n';
    pthread_mutex_lock(&log_lock);
    if (logged_len + (size_t)len < sizeof logged) {
        memcpy(logged + logged_len, line, (size_t)len);
        logged_len += (size_t)len;
    }
    pthread_mutex_unlock(&log_lock);
}

const char *application_log(void)
{
    pthread_mutex_lock(&log_lock);
    memcpy(taken, logged, logged_len);
    taken[logged_len] = '\0';
    logged_len = 0;
    pthread_mutex_unlock(&log_lock);
    return taken;
}

bool application_logged(const char *text, const char *also)
{
    char lines[LOG_MAX], *rest = lines, *line;

    pthread_mutex_lock(&log_lock);
    memcpy(lines, logged, logged_len);
    lines[logged_len] = '\0';
    pthread_mutex_unlock(&log_lock);
    while ((line = strsep(&rest, "\n")))
        if (strstr(line, text) && strstr(line, also))
            return true;
    return false;
}

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    ck_assert_msg(value != NULL, "%s is not set: run test_pam_stkgate.sh", name);
    return value;
}

const char *application_runtime(void)
{
    return variable("STKGATE_RUNTIME");
}

static void read_tokens(void)
{
    FILE *file = fopen(variable("STKGATE_TEST_TOKENS"), "re");
    ck_assert_ptr_nonnull(file);
    for (size_t i = 0; i < TOKENS_MAX; i++)
        if (fscanf(file, "%31s %127s", tokens[i].name, tokens[i].text) != 2)
            break;
    fclose(file);
}

const char *application_token(const char *name)
{
    if (tokens[0].name[0] == '\0')
        read_tokens();
    for (size_t i = 0; i < TOKENS_MAX; i++)
        if (strcmp(tokens[i].name, name) == 0)
            return tokens[i].text;
    ck_abort_msg("no token %s", name);
}

static const char *confdir(void)
{
    return variable("STKGATE_TEST_CONFDIR");
}

void application_service_with(const char *service, const char *lines, const char *options)
{
    char path[4096], module[4096];

    /* What is tested is not how soon this machine answers. */
    const char *patience =
        strstr(lines, "timeout=") || strstr(options, "timeout=") ? "" : "timeout=20s ";
    snprintf(module, sizeof module, "%s/module/pam/.libs/pam_stkgate.so",
             variable("STKGATE_BUILDDIR"));
    snprintf(path, sizeof path, "%s/%s", confdir(), service);
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    for (const char *at = lines; *at;) {
        if (strncmp(at, "MODULE", 6) == 0) {
            fprintf(file, "%s socket=%s/check.sock %s%s", module, application_runtime(), patience,
                    options);
            at += 6;
        } else if (strncmp(at, "BARE", 4) == 0) {
            fputs(module, file);
            at += 4;
        } else {
            fputc(*at++, file);
        }
    }
    ck_assert_int_eq(fclose(file), 0);
}

void application_service(const char *service, const char *lines)
{
    application_service_with(service, lines, "");
}

static void answer(struct application *app, const struct pam_message *message,
                   struct pam_response *response)
{
    switch (message->msg_style) {
    case PAM_PROMPT_ECHO_ON: app->asked_aloud++; break;
    case PAM_PROMPT_ECHO_OFF: app->asked++; break;
    default: app->told++; return;
    }
    snprintf(app->prompt, sizeof app->prompt, "%s", message->msg);
    if (app->password)
        response->resp = strdup(app->password);
}

static int converse(int count, const struct pam_message **messages, struct pam_response **ret,
                    void *userdata)
{
    struct application *app = userdata;

    if (app->talks_nonsense)
        return app->conversation_code;
    *ret = calloc((size_t)count, sizeof **ret);
    if (!*ret)
        return PAM_BUF_ERR;
    for (int i = 0; i < count; i++)
        answer(app, messages[i], *ret + i);
    if (app->conversation_code != PAM_SUCCESS) {
        for (int i = 0; i < count; i++)
            free((*ret)[i].resp);
        free(*ret);
        *ret = NULL;
    }
    return app->conversation_code;
}

void application_start(struct application *app, const char *service, const char *user,
                       const char *password)
{
    *app = (struct application){.password = password};
    struct pam_conv conversation = {converse, app};
    ck_assert_int_eq(pam_start_confdir(service, user, &conversation, confdir(), &app->pamh),
                     PAM_SUCCESS);
}

void application_end(struct application *app, int result)
{
    ck_assert_int_eq(pam_end(app->pamh, result), PAM_SUCCESS);
    app->pamh = NULL;
}

int application_login(const char *service, const char *user, const char *password)
{
    struct application app;

    application_start(&app, service, user, password);
    int r = pam_authenticate(app.pamh, 0);
    application_end(&app, r);
    return r;
}

const char *application_variable(const struct application *app, const char *name)
{
    const char *value = pam_getenv(app->pamh, name);
    return value ? value : "";
}

static int run(const char *input, const char *command, const char *arguments)
{
    char line[8192];

    snprintf(line, sizeof line, "'%s/stkgate' %s %s >/dev/null 2>&1", variable("STKGATE_BUILDDIR"),
             command, arguments);
    FILE *pipe = popen(line, "we");
    ck_assert_ptr_nonnull(pipe);
    fputs(input, pipe);
    int status = pclose(pipe);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

int application_admin(const char *arguments)
{
    return run("", "admin", arguments);
}

int application_check(const char *token, const char *arguments)
{
    return run(token, "check", arguments);
}
