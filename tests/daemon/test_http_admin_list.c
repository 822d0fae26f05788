#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/daemon/admin_rig.h"
#include "tests/daemon/fixture.h"
#include "tests/suite.h"

START_TEST(shows_use_but_never_the_secret)
{
    struct rig rig;

    admin_rig_start(&rig);
    struct rig_token token = rig_mint(&rig, ",\"test\":false");
    ck_assert_uint_eq(admin_rig_check(&rig, token.secret), 200);
    json_t *shown = admin_rig_call(&rig, 200, "GET", admin_rig_target(&token, ""), "");
    ck_assert_ptr_null(json_object_get(shown, "secret"));
    ck_assert_ptr_null(strstr(admin_rig_answer.body, token.secret));
    ck_assert_int_eq(admin_rig_number(shown, "allowed_count"), 1);
    ck_assert_int_eq(admin_rig_number(shown, "remaining"), 59);
    ck_assert_ptr_nonnull(admin_rig_text(shown, "last_used_at"));
    json_decref(shown);
    json_decref(admin_rig_call(&rig, 200, "GET", "/v1/tokens", ""));
    ck_assert_ptr_null(strstr(admin_rig_answer.body, token.secret));
    json_decref(admin_rig_call(&rig, 200, "GET", "/v1/audit", ""));
    ck_assert_ptr_null(strstr(admin_rig_answer.body, token.secret));
    admin_rig_expect(&rig, 404, "GET", "/v1/tokens/key_0123456789ABCDEF", "",
                     "no token or legacy key with this key_id");
    rig_stop(&rig);
}
END_TEST

static size_t count_pages(struct rig *rig, const char *query, unsigned limit, size_t *ret_pages)
{
    char target[1024], next[512] = "";
    size_t tokens = 0;

    for (*ret_pages = 1;; ++*ret_pages) {
        snprintf(target, sizeof target, "/v1/tokens?limit=%u%s%s%s", limit, query,
                 next[0] ? "&after=" : "", next);
        json_t *list = admin_rig_call(rig, 200, "GET", target, "");
        size_t count = json_array_size(json_object_get(list, "tokens"));
        ck_assert_uint_le(count, limit);
        tokens += count;
        const char *position = admin_rig_text(list, "next");
        if (position)
            snprintf(next, sizeof next, "%s", position);
        json_decref(list);
        if (!position)
            return tokens;
    }
}

START_TEST(lists_page_by_page)
{
    struct rig_token tokens[5];
    struct rig rig;
    size_t pages;

    admin_rig_start(&rig);
    for (size_t i = 0; i < 5; i++)
        tokens[i] = rig_mint(&rig, "");
    json_decref(
        admin_rig_call(&rig, 201, "POST", "/v1/tokens", "{\"site_id\":\"other\",\"name\":\"n\"}"));
    json_decref(admin_rig_call(&rig, 200, "POST", admin_rig_target(&tokens[1], "/revoke"), ""));
    ck_assert_uint_eq(count_pages(&rig, "", 100, &pages), 6);
    ck_assert_uint_eq(pages, 1);
    ck_assert_uint_eq(count_pages(&rig, "", 4, &pages), 6);
    ck_assert_uint_eq(pages, 2);
    ck_assert_uint_eq(count_pages(&rig, "", 1, &pages), 6);
    ck_assert_uint_eq(pages, 6);
    ck_assert_uint_eq(count_pages(&rig, "&site=kasa", 2, &pages), 5);
    ck_assert_uint_eq(pages, 3);
    ck_assert_uint_eq(count_pages(&rig, "&site=kasa&state=active", 2, &pages), 4);
    ck_assert_uint_eq(count_pages(&rig, "&state=revoked", 100, &pages), 1);
    ck_assert_uint_eq(count_pages(&rig, "&state=expired", 100, &pages), 0);
    rig_stop(&rig);
}
END_TEST

START_TEST(tells_the_audit_trail_newest_first)
{
    struct rig rig;

    admin_rig_start(&rig);
    struct rig_token token = rig_mint(&rig, "");
    json_decref(admin_rig_call(&rig, 200, "POST", admin_rig_target(&token, "/revoke"),
                               "{\"reason\":\"old\"}"));
    json_decref(admin_rig_call(&rig, 201, "POST", "/v1/scopes", "{\"name\":\"wish:read\"}"));
    json_t *trail = admin_rig_call(&rig, 200, "GET", "/v1/audit?limit=2", "");
    json_t *entries = json_object_get(trail, "entries");
    ck_assert_uint_eq(json_array_size(entries), 2);
    ck_assert_str_eq(admin_rig_text(json_array_get(entries, 0), "action"), "scope-add");
    ck_assert_str_eq(admin_rig_text(json_array_get(entries, 0), "related"), "wish:read");
    const json_t *revoked = json_array_get(entries, 1);
    ck_assert_str_eq(admin_rig_text(revoked, "action"), "revoke");
    ck_assert_str_eq(admin_rig_text(revoked, "key_id"), token.key_id);
    ck_assert_str_eq(admin_rig_text(revoked, "site_id"), "kasa");
    ck_assert_str_eq(admin_rig_text(revoked, "reason"), "old");
    ck_assert_int_eq(admin_rig_number(revoked, "uid"), geteuid());
    ck_assert_int_eq(admin_rig_number(revoked, "pid"), getpid());
    ck_assert_int_eq(admin_rig_number(trail, "next"), 2);
    json_decref(trail);
    trail = admin_rig_call(&rig, 200, "GET", "/v1/audit?before=2", "");
    ck_assert_uint_eq(json_array_size(json_object_get(trail, "entries")), 1);
    ck_assert(json_is_null(json_object_get(trail, "next")));
    json_decref(trail);
    rig_stop(&rig);
}
END_TEST

START_TEST(finds_in_the_audit_trail_what_is_asked_for)
{
    struct rig rig;
    char target[256];

    admin_rig_start(&rig);
    struct rig_token token = rig_mint(&rig, ""), other = rig_mint(&rig, "");
    json_decref(admin_rig_call(&rig, 200, "POST", admin_rig_target(&other, "/revoke"), ""));
    json_t *rotated = admin_rig_call(&rig, 201, "POST", admin_rig_target(&token, "/rotate"), "");
    const struct {
        const char *query;
        const char *actions; /* newest first */
        json_int_t next;     /* 0: null */
    } rows[] = {
        {"key_id=%s", "rotate mint ", 0},
        {"key_id=%s&limit=1", "rotate ", 2},
        {"key_id=%s&before=4", "mint ", 0},
        {"key_id=%s&since=2020-01-01", "rotate mint ", 0},
        {"key_id=%s&since=2200-01-01T00:00:00Z", "", 0},
        {"since=2020-01-01&limit=3", "rotate revoke mint ", 2},
        {"since=2200-01-01", "", 0},
        {"key_id=key_0123456789ABCDEF", "", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *mark = strchr(rows[i].query, '%');
        size_t before = mark ? (size_t)(mark - rows[i].query) : strlen(rows[i].query);
        snprintf(target, sizeof target, "/v1/audit?%.*s%s%s", (int)before, rows[i].query,
                 mark ? token.key_id : "", mark ? mark + 2 : "");
        json_t *trail = admin_rig_call(&rig, 200, "GET", target, "");
        char actions[256] = "";
        size_t at;
        json_t *entry;
        json_array_foreach(json_object_get(trail, "entries"), at, entry)
        {
            strcat(actions, admin_rig_text(entry, "action"));
            strcat(actions, " ");
        }
        ck_assert_msg(strcmp(actions, rows[i].actions) == 0, "%s: %s", target, actions);
        ck_assert_msg(json_integer_value(json_object_get(trail, "next")) == rows[i].next, "%s: %s",
                      target, admin_rig_answer.body);
        json_decref(trail);
    }
    /* The successor is named by the rotation, as related. */
    snprintf(target, sizeof target, "/v1/audit?key_id=%s", admin_rig_text(rotated, "key_id"));
    admin_rig_expect(&rig, 200, "GET", target, "", "\"action\":\"rotate\"");
    json_decref(rotated);
    rig_stop(&rig);
}
END_TEST

START_TEST(lists_legacy_keys_alone)
{
    struct rig rig;

    admin_rig_start(&rig);
    rig_mint(&rig, "");
    json_t *key = admin_rig_call(&rig, 201, "POST", "/v1/legacy",
                                 "{\"site_id\":\"ada\",\"api_key\":\"0123456789\"}");
    json_t *list = admin_rig_call(&rig, 200, "GET", "/v1/legacy", "");
    const json_t *tokens = json_object_get(list, "tokens");
    ck_assert_uint_eq(json_array_size(tokens), 1);
    ck_assert_str_eq(admin_rig_text(json_array_get(tokens, 0), "key_id"),
                     admin_rig_text(key, "key_id"));
    ck_assert(json_is_null(json_object_get(list, "next")));
    json_decref(list);
    json_decref(key);
    admin_rig_expect(&rig, 200, "GET", "/v1/legacy?site=ada&state=active&limit=1", "",
                     "\"kind\":\"legacy\"");
    admin_rig_expect(&rig, 200, "GET", "/v1/legacy?site=kasa", "", "\"tokens\":[],\"next\":null");
    admin_rig_expect(&rig, 200, "GET", "/v1/legacy?state=revoked", "", "\"tokens\":[]");
    rig_stop(&rig);
}
END_TEST

START_TEST(sums_up_each_site)
{
    struct rig rig;
    char target[512];

    admin_rig_start(&rig);
    json_t *list = admin_rig_call(&rig, 200, "GET", "/v1/sites", "");
    ck_assert_uint_eq(json_array_size(json_object_get(list, "sites")), 0);
    ck_assert(json_is_null(json_object_get(list, "next")));
    json_decref(list);
    struct rig_token active = rig_mint(&rig, ""), suspended = rig_mint(&rig, "");
    struct rig_token revoked = rig_mint(&rig, "");
    json_decref(admin_rig_call(&rig, 200, "POST", admin_rig_target(&suspended, "/suspend"), ""));
    json_decref(admin_rig_call(&rig, 200, "POST", admin_rig_target(&revoked, "/revoke"), ""));
    json_decref(admin_rig_call(&rig, 201, "POST", "/v1/legacy",
                               "{\"site_id\":\"zoo\",\"api_key\":\"0123456789\"}"));
    json_decref(admin_rig_call(&rig, 201, "POST", "/v1/legacy",
                               "{\"site_id\":\"zoo\",\"api_key\":\"9876543210\","
                               "\"sunset_at\":\"2020-01-01\"}"));
    ck_assert_uint_eq(admin_rig_check(&rig, active.secret), 200);
    ck_assert_uint_eq(admin_rig_check(&rig, active.secret), 200);
    list = admin_rig_call(&rig, 200, "GET", "/v1/sites?limit=1", "");
    const json_t *site = json_array_get(json_object_get(list, "sites"), 0);
    ck_assert_uint_eq(json_array_size(json_object_get(list, "sites")), 1);
    ck_assert_str_eq(admin_rig_text(site, "site_id"), "kasa");
    ck_assert_int_eq(admin_rig_number(site, "active"), 1);
    ck_assert_int_eq(admin_rig_number(site, "suspended"), 1);
    ck_assert_int_eq(admin_rig_number(site, "revoked"), 1);
    ck_assert_int_eq(admin_rig_number(site, "expired"), 0);
    ck_assert_int_eq(admin_rig_number(site, "legacy"), 0);
    ck_assert_int_eq(admin_rig_number(site, "allowed_count"), 2);
    ck_assert_ptr_nonnull(admin_rig_text(site, "last_used_at"));
    snprintf(target, sizeof target, "/v1/sites?limit=1&after=%s", admin_rig_text(list, "next"));
    json_decref(list);
    list = admin_rig_call(&rig, 200, "GET", target, "");
    site = json_array_get(json_object_get(list, "sites"), 0);
    ck_assert_str_eq(admin_rig_text(site, "site_id"), "zoo");
    ck_assert_int_eq(admin_rig_number(site, "active"), 1);
    ck_assert_int_eq(admin_rig_number(site, "expired"), 1);
    ck_assert_int_eq(admin_rig_number(site, "legacy"), 2);
    ck_assert(json_is_null(json_object_get(site, "last_used_at")));
    ck_assert(json_is_null(json_object_get(list, "next")));
    json_decref(list);
    rig_stop(&rig);
}
END_TEST

/* ---- answers that end before the list does -----------------------------------------------------
 */

#define MANY 2100

static unsigned minted;

static void on_minted(const struct outcome *outcome, void *userdata)
{
    ck_assert_int_eq(outcome->error, 0);
    minted++;
}

/* A legacy key of site zoo, then many tokens of site big. */
static void mint_many(struct fixture *fixture)
{
    struct mint mint = fixture_kasa();

    mint.kind = KIND_LEGACY;
    mint.site = TEXT("zoo");
    mint.legacy_key = TEXT("0123456789");
    for (unsigned i = 0; i <= MANY; i++) {
        ck_assert_int_eq(
            service_mint(fixture->service, &mint, (struct actor){0, 0, 1}, on_minted, NULL), 0);
        mint = fixture_kasa();
        mint.site = TEXT("big");
    }
    while (minted <= MANY) {
        struct pollfd pollfd = {.fd = committer_fd(fixture->committer), .events = POLLIN};
        ck_assert_int_eq(poll(&pollfd, 1, 30000), 1);
        committer_collect(fixture->committer);
    }
}

static void start_with_many(struct rig *rig)
{
    rig_config = NULL;
    rig_prepare = mint_many;
    rig_start(rig, rig_serve_faces);
}

/* The page after this one, which must have one. */
static json_t *turn(const struct rig *rig, json_t *page, const char *target)
{
    char next[1024];

    ck_assert_ptr_nonnull(admin_rig_text(page, "next"));
    snprintf(next, sizeof next, "%s%s", target, admin_rig_text(page, "next"));
    json_decref(page);
    return admin_rig_call(rig, 200, "GET", next, "");
}

START_TEST(looks_at_so_many_records_for_an_answer_and_no_more)
{
    struct rig rig;

    start_with_many(&rig);
    json_t *page = admin_rig_call(&rig, 200, "GET", "/v1/legacy", "");
    ck_assert_uint_eq(json_array_size(json_object_get(page, "tokens")), 0);
    page = turn(&rig, page, "/v1/legacy?after=");
    ck_assert_uint_eq(json_array_size(json_object_get(page, "tokens")), 1);
    ck_assert(json_is_null(json_object_get(page, "next")));
    json_decref(page);
    rig_stop(&rig);
}
END_TEST

START_TEST(splits_a_large_site_between_pages_that_add_up)
{
    struct rig rig;

    start_with_many(&rig);
    json_t *page = admin_rig_call(&rig, 200, "GET", "/v1/sites", "");
    const json_t *sites = json_object_get(page, "sites");
    ck_assert_uint_eq(json_array_size(sites), 1);
    ck_assert_str_eq(admin_rig_text(json_array_get(sites, 0), "site_id"), "big");
    json_int_t first = admin_rig_number(json_array_get(sites, 0), "active");
    ck_assert_int_lt(first, MANY);
    page = turn(&rig, page, "/v1/sites?after=");
    sites = json_object_get(page, "sites");
    ck_assert_uint_eq(json_array_size(sites), 2);
    ck_assert_str_eq(admin_rig_text(json_array_get(sites, 0), "site_id"), "big");
    ck_assert_int_eq(first + admin_rig_number(json_array_get(sites, 0), "active"), MANY);
    ck_assert_str_eq(admin_rig_text(json_array_get(sites, 1), "site_id"), "zoo");
    ck_assert(json_is_null(json_object_get(page, "next")));
    json_decref(page);
    rig_stop(&rig);
}
END_TEST

START_TEST(searches_a_long_audit_trail_piece_by_piece)
{
    struct rig rig;
    char target[256], next[512];
    json_t *page;

    start_with_many(&rig);
    page = admin_rig_call(&rig, 200, "GET", "/v1/legacy", "");
    page = turn(&rig, page, "/v1/legacy?after=");
    const json_t *key = json_array_get(json_object_get(page, "tokens"), 0);
    snprintf(target, sizeof target, "/v1/audit?key_id=%s", admin_rig_text(key, "key_id"));
    json_decref(page);
    page = admin_rig_call(&rig, 200, "GET", target, "");
    ck_assert_uint_eq(json_array_size(json_object_get(page, "entries")), 0);
    snprintf(next, sizeof next, "%s&before=%lld", target,
             (long long)admin_rig_number(page, "next"));
    json_decref(page);
    page = admin_rig_call(&rig, 200, "GET", next, "");
    ck_assert_uint_eq(json_array_size(json_object_get(page, "entries")), 1);
    ck_assert(json_is_null(json_object_get(page, "next")));
    json_decref(page);
    rig_stop(&rig);
}
END_TEST

SUITE_MAIN("http_admin_list", shows_use_but_never_the_secret, lists_page_by_page,
           tells_the_audit_trail_newest_first, finds_in_the_audit_trail_what_is_asked_for,
           lists_legacy_keys_alone, sums_up_each_site,
           looks_at_so_many_records_for_an_answer_and_no_more,

           splits_a_large_site_between_pages_that_add_up,
           searches_a_long_audit_trail_piece_by_piece)
