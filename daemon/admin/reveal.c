#include "daemon/admin/reveal.h"

#include <stdio.h>

#include "daemon/admin/answer.h"
#include "daemon/admin/printable.h"
#include "daemon/commands.h"
#include "lib/core/secret.h"
#include "lib/core/token.h"

static void write_row(FILE *out, const char *label, const char *text)
{
    if (!*text)
        return;
    fprintf(out, "%s: ", label);
    printable_write(out, text);
    fputc('\n', out);
}

static void write_facts(FILE *out, const json_t *token)
{
    char limit[ANSWER_TEXT_MAX];
    answer_limit(token, limit);
    write_row(out, "key_id", answer_text(token, "key_id"));
    write_row(out, "site_id", answer_text(token, "site_id"));
    write_row(out, "name", answer_text(token, "name"));
    fputs("scopes: ", out);
    answer_write_texts(out, token, "scopes", "none");
    fputs("\nallowed_origins: ", out);
    answer_write_texts(out, token, "allowed_origins", "any");
    fputc('\n', out);
    write_row(out, "limit", limit);
    write_row(out, "expires_at", answer_text(token, "expires_at"));
}

static void write_fate(FILE *out, const json_t *token, const char *old_fate)
{
    if (!old_fate)
        return;
    printable_write(out, answer_text(token, "rotated_from_key_id"));
    fputc(' ', out);
    printable_write(out, old_fate);
    fputc('\n', out);
}

static void write_block(const struct terminal *terminal, const json_t *token, const char *old_fate)
{
    printf("\n    %s%s%s\n\n", terminal_begin(terminal, STYLE_HEADING),
           answer_text(token, "secret"), terminal_end(terminal, STYLE_HEADING));
    puts("Copy this token now: it is kept nowhere and can't be shown again.\n");
    write_facts(stdout, token);
    write_fate(stdout, token, old_fate);
}

int reveal_token(const struct admin *admin, const json_t *token, const char *old_fate)
{
    const char *secret = answer_text(token, "secret");
    if (token_parse(text_of(secret)) == KIND_NONE)
        return admin_fail(admin, "the daemon's answer holds no token; look with 'stkgate admin "
                                 "list'");
    static char buffer[4096]; /* stdout's own would keep the secret until the end */
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    int status = EXIT_STATUS_OK;
    if (admin->json)
        status = admin_print_json(admin, token);
    else if (admin->terminal.is_terminal)
        write_block(&admin->terminal, token, old_fate);
    else
        puts(secret);
    bool failed = fflush(stdout) != 0 || ferror(stdout);
    secret_wipe(buffer, sizeof buffer);
    if (failed)
        return admin_fail(admin,
                          "the token could not be written and is lost: revoke %s, and mint another",
                          answer_text(token, "key_id"));
    if (status == EXIT_STATUS_OK && !admin->json && !admin->terminal.is_terminal) {
        write_facts(stderr, token);
        write_fate(stderr, token, old_fate);
    }
    return status;
}
