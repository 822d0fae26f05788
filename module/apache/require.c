#include "module/apache/require.h"

#include <apr_strings.h>
#include <apr_tables.h>
#include <errno.h>
#include <http_log.h>
#include <http_request.h>
#include <mod_auth.h>
#include <string.h>

#include "module/apache/call.h"
#include "module/apache/gates.h"
#include "module/apache/scopes.h"

APLOG_USE_MODULE(stkgate);

struct scope_line {
    const char *names, *file;
    int line;
};

static apr_array_header_t *scope_lines; /* of struct scope_line, in the configuration's pool */

void require_begin(apr_pool_t *pconf)
{
    scope_lines = apr_array_make(pconf, 8, sizeof(struct scope_line));
}

/* Of whom a line is to judge; NULL: nobody has asked who it is yet, and *ret says what that comes
 * to. */
static struct call *judged(request_rec *r, authz_status *ret)
{
    struct call *call = ap_get_module_config(r->request_config, &stkgate_module);
    if (call && call->is_within) {
        *ret = AUTHZ_GRANTED;
        return call->stage == CALL_PREFLIGHT ? NULL : call;
    }
    /* Before that, httpd asks whether it is needed to know who it is. */
    if (r->user && !call_is_ours(r))
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "stkgate: a Require stkgate-... line needs AuthType " SETTINGS_AUTH_TYPE);
    *ret = AUTHZ_DENIED_NO_USER;
    return NULL;
}

/* ---- stkgate-scope ------------------------------------------------------------------------- */

static const char *parse_scopes(cmd_parms *command, const char *line, const void **parsed)
{
    if (line[strspn(line, " \t,")] == '\0')
        return "Require stkgate-scope: name a scope, as in Require stkgate-scope catalog:read";
    if (!settings_is_htaccess(command)) {
        struct scope_line *read = apr_array_push(scope_lines);
        *read =
            (struct scope_line){line, command->directive->filename, command->directive->line_num};
    }
    *parsed = scopes_line_make(command->pool);
    settings_mention(command);
    return NULL;
}

static authz_status check_scopes(request_rec *r, const char *line, const void *parsed)
{
    authz_status status;
    uint64_t mask;
    struct call *call = judged(r, &status);
    if (!call)
        return status;

    int error = scopes_look_up((struct scopes_line *)parsed, call->gate, line, &mask);
    if (error < 0) {
        call->is_unanswered = true;
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "stkgate: Require stkgate-scope %s: %s", line,
                      error == -ENXIO ? "no such scope is registered" : strerror(-error));
        return AUTHZ_DENIED;
    }
    if ((mask & ~call->verdict.scopes) != 0) {
        call->missing |= mask;
        return AUTHZ_DENIED;
    }
    call->granted |= mask;
    return AUTHZ_GRANTED;
}

int require_look_up(server_rec *server)
{
    int status = OK;
    for (int i = 0; i < scope_lines->nelts; i++) {
        const struct scope_line *read = (const struct scope_line *)scope_lines->elts + i;
        int error = gates_know_scopes(read->names);
        if (error == -ENXIO || error == -EINVAL) {
            ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_CRIT, 0, server,
                         "%s:%d: Require stkgate-scope %s: %s", read->file, read->line, read->names,
                         error == -ENXIO
                             ? "no such scope is registered: see stkgate admin scope list"
                             : "these are not names of scopes");
            status = HTTP_INTERNAL_SERVER_ERROR;
        } else if (error < 0) {
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server,
                         "%s:%d: Require stkgate-scope %s: the daemon can't be asked about it now "
                         "(%s); until it can, requests are refused",
                         read->file, read->line, read->names, strerror(-error));
        }
    }
    return status;
}

/* ---- stkgate-site -------------------------------------------------------------------------- */

static const char *parse_sites(cmd_parms *command, const char *line, const void **parsed)
{
    const char *wrong = NULL;
    if (line[0] == '\0')
        return "Require stkgate-site: name a site id, as in Require stkgate-site kasa";
    *parsed = ap_expr_parse_cmd(command, line, AP_EXPR_FLAG_STRING_RESULT | AP_EXPR_FLAG_DONT_VARY,
                                &wrong, NULL);
    if (wrong)
        return apr_psprintf(command->pool, "Require stkgate-site: cannot parse '%s': %s", line,
                            wrong);
    settings_mention(command);
    return NULL;
}

static authz_status check_sites(request_rec *r, const char *line, const void *parsed)
{
    authz_status status;
    const char *wrong = NULL;
    struct call *call = judged(r, &status);
    if (!call)
        return status;

    const char *sites = ap_expr_str_exec(r, parsed, &wrong);
    if (wrong) {
        call->is_unanswered = true;
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "stkgate: Require stkgate-site %s: %s", line,
                      wrong);
        return AUTHZ_DENIED;
    }
    while (*sites != '\0')
        if (strcmp(ap_getword_conf(r->pool, &sites), call->verdict.site) == 0)
            return AUTHZ_GRANTED;
    call->is_other_site = true;
    return AUTHZ_DENIED;
}

void require_register(apr_pool_t *pool)
{
    static const authz_provider scopes = {check_scopes, parse_scopes};
    static const authz_provider sites = {check_sites, parse_sites};
    ap_register_auth_provider(pool, AUTHZ_PROVIDER_GROUP, "stkgate-scope", AUTHZ_PROVIDER_VERSION,
                              &scopes, AP_AUTH_INTERNAL_PER_CONF);
    ap_register_auth_provider(pool, AUTHZ_PROVIDER_GROUP, "stkgate-site", AUTHZ_PROVIDER_VERSION,
                              &sites, AP_AUTH_INTERNAL_PER_CONF);
}
