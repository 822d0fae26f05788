#include <errno.h>

#include "daemon/http_admin_verbs.h"

#define LIST_DEFAULT 100
#define LIST_MAX     500
/* Records or entries looked at for one answer, when a filter leaves out most: checks wait
 * meanwhile.
 */
#define SCAN_MAX 2000

/* Takes both. */
static void answer_page(struct http_request *request, const char *name, json_t *items, json_t *next)
{
    http_admin_answer_json(request, 200, json_pack("{s:o,s:o}", name, items, "next", next));
}

/* ---- tokens and legacy keys --------------------------------------------------------------------
 */

struct list {
    const struct scope_registry *registry;
    bool legacy_alone;
    struct text site, state; /* wanted; empty: any */
    uint64_t limit;
    json_t *tokens;
    unsigned scanned;
    char position[2 * ADMIN_POSITION_MAX + 1]; /* of the last one scanned */
    bool more;
};

static bool is_wanted(const struct list *list, const struct listing *listing)
{
    if (list->legacy_alone && listing->record.kind != KIND_LEGACY)
        return false;
    return list->state.len == 0 ||
           text_equal(list->state, text_of(record_state_name(listing->state)));
}

static int on_listing(const struct listing *listing, struct text position, void *userdata)
{
    struct list *list = userdata;

    if (json_array_size(list->tokens) == list->limit || list->scanned == SCAN_MAX) {
        list->more = true;
        return 1;
    }
    list->scanned++;
    if (!admin_json_position_format(position, list->position))
        return -EBADMSG;
    if (!is_wanted(list, listing))
        return 0;
    return json_array_append_new(list->tokens, admin_json_token(listing, list->registry)) < 0
               ? -ENOMEM
               : 0;
}

static void run_list(struct http_request *request, struct service *service,
                     const struct http_admin_position *after, struct list *list)
{
    list->tokens = json_array();
    int r = service_list(service, list->site, (struct text){after->bytes, after->len}, on_listing,
                         list);
    if (r >= 0 && (list->site.len == 0 || after->len > 0 || list->scanned > 0)) {
        answer_page(request, "tokens", list->tokens,
                    list->more ? json_string(list->position) : json_null());
        return;
    }
    json_decref(list->tokens);
    if (r < 0)
        http_admin_answer_error(request, 0, r);
    else
        http_answer_problem(request, 404,
                            "this site has no token or legacy key: check its spelling, "
                            "or GET /v1/sites");
}

static void list_tokens(struct http_request *request, struct service *service, bool legacy_alone)
{
    struct http_admin_position after = {.len = 0};
    struct list list = {
        .registry = service_scopes(service),
        .legacy_alone = legacy_alone,
        .limit = LIST_DEFAULT,
    };

    if (http_admin_argument_site(request, &list.site) &&
        http_admin_argument_state(request, &list.state) &&
        http_admin_argument_after(request, &after) &&
        http_admin_argument_number(request, "limit", 1, LIST_MAX, &list.limit))
        run_list(request, service, &after, &list);
}

void http_admin_tokens(struct http_request *request, struct service *service, struct text none)
{
    list_tokens(request, service, false);
}

void http_admin_legacy(struct http_request *request, struct service *service, struct text none)
{
    list_tokens(request, service, true);
}

struct show {
    const struct scope_registry *registry;
    json_t *token;
};

static int on_shown(const struct listing *listing, struct text position, void *userdata)
{
    struct show *show = userdata;

    show->token = admin_json_token(listing, show->registry);
    return 0;
}

void http_admin_show(struct http_request *request, struct service *service, struct text key_id)
{
    struct show show = {service_scopes(service), NULL};

    int r = service_show(service, key_id, on_shown, &show);
    if (r < 0)
        http_admin_answer_error(request, 0, r);
    else
        http_admin_answer_json(request, 200, show.token);
}

/* ---- sites -------------------------------------------------------------------------------------
 */

struct sites {
    uint64_t limit;
    json_t *sites;
    char position[2 * ADMIN_POSITION_MAX + 1]; /* of the last one taken */
    bool more;
};

static int on_site(const struct site_summary *summary, struct text position, void *userdata)
{
    struct sites *sites = userdata;

    if (json_array_size(sites->sites) == sites->limit) {
        sites->more = true;
        return 1;
    }
    if (!admin_json_position_format(position, sites->position))
        return -EBADMSG;
    return json_array_append_new(sites->sites, admin_json_site(summary)) < 0 ? -ENOMEM : 0;
}

void http_admin_sites(struct http_request *request, struct service *service, struct text none)
{
    struct http_admin_position after = {.len = 0};
    struct sites sites = {.limit = LIST_DEFAULT};
    bool unfinished = false;

    if (!http_admin_argument_after(request, &after) ||
        !http_admin_argument_number(request, "limit", 1, LIST_MAX, &sites.limit))
        return;
    sites.sites = json_array();
    int r = service_sites(service, (struct text){after.bytes, after.len}, SCAN_MAX, on_site, &sites,
                          &unfinished);
    if (r < 0) {
        json_decref(sites.sites);
        http_admin_answer_error(request, 0, r);
        return;
    }
    answer_page(request, "sites", sites.sites,
                sites.more || unfinished ? json_string(sites.position) : json_null());
}

/* ---- scopes ------------------------------------------------------------------------------------
 */

void http_admin_scopes(struct http_request *request, struct service *service, struct text none)
{
    json_t *names = admin_json_scopes(service_scopes(service), UINT64_MAX);

    http_admin_answer_json(request, 200, json_pack("{s:o}", "scopes", names));
}

/* ---- the audit trail ---------------------------------------------------------------------------
 */

struct trail {
    uint64_t limit;
    json_t *entries;
};

static int on_entry(const struct audit_entry *entry, void *userdata)
{
    struct trail *trail = userdata;

    if (json_array_size(trail->entries) == trail->limit)
        return 1;
    return json_array_append_new(trail->entries, admin_json_audit(entry)) < 0 ? -ENOMEM : 0;
}

void http_admin_audit(struct http_request *request, struct service *service, struct text none)
{
    struct trail trail = {.limit = LIST_DEFAULT};
    struct audit_query query = {.scan_max = SCAN_MAX};
    uint64_t next = 0;

    if (!http_admin_argument_number(request, "limit", 1, LIST_MAX, &trail.limit) ||
        !http_admin_argument_number(request, "before", 1, INT64_MAX, &query.before) ||
        !http_admin_argument_key_id(request, &query.key_id) ||
        !http_admin_argument_since(request, &query.since))
        return;
    trail.entries = json_array();
    int r = service_audit(service, &query, on_entry, &trail, &next);
    if (r < 0) {
        json_decref(trail.entries);
        http_admin_answer_error(request, 0, r);
        return;
    }
    answer_page(request, "entries", trail.entries,
                next > 0 ? json_integer((json_int_t)next) : json_null());
}
