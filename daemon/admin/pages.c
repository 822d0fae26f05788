#include "daemon/admin/pages.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/admin/wiping.h"
#include "daemon/commands.h"

#define PATH_MAX_BYTES 4096
#define PAGE_ITEMS_MAX 500u /* the daemon gives no more at once */

/* Append "?name=value", or '&'. False: no room or no memory. */
static bool add_query(struct client *client, char path[static PATH_MAX_BYTES], const char *name,
                      const char *value)
{
    if (!value)
        return true;
    char *escaped = client_escape(client, value);
    size_t len = strlen(path);
    int added = escaped ? snprintf(path + len, PATH_MAX_BYTES - len, "%c%s=%s",
                                   strchr(path, '?') ? '&' : '?', name, escaped)
                        : -1;
    wiping_free(escaped);
    return added >= 0 && (size_t)added < PATH_MAX_BYTES - len;
}

/* next: of the page before; NULL or not of a type that can go on: the first one. left: items that
 * are wanted still, 0 for all. */
static int get_page(struct admin *admin, const struct pages *pages, const json_t *next,
                    uint64_t left, json_t **ret)
{
    char path[PATH_MAX_BYTES], count[24], number[24];
    const char *onward = json_string_value(next);
    struct client *client = admin->client;
    snprintf(path, sizeof path, "%s", pages->path);
    snprintf(count, sizeof count, "%" PRIu64, left < PAGE_ITEMS_MAX ? left : PAGE_ITEMS_MAX);
    if (json_is_integer(next)) {
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(next));
        onward = number;
    }
    bool fits = true;
    for (size_t i = 0; i < PAGES_QUERIES_MAX; i++)
        fits = fits && add_query(client, path, pages->queries[i].name, pages->queries[i].value);
    fits = fits && add_query(client, path, "limit", left ? count : NULL) &&
           add_query(client, path, pages->onward, onward);
    if (!fits)
        return arguments_fail(admin->usage, "the value of an option is too long");
    return admin_call(admin, "GET", path, NULL, ret);
}

struct walk {
    struct admin *admin;
    const struct pages *pages;
    pages_take_fn take;
    void *userdata;
    uint64_t taken;
};

static int take_page(struct walk *walk, const json_t *page)
{
    const json_t *items = json_object_get(page, walk->pages->member);
    size_t i;
    json_t *item;
    if (!json_is_array(items))
        return admin_fail(walk->admin, "the daemon's answer holds no list: it may be of another "
                                       "version");
    json_array_foreach(items, i, item)
    {
        if (walk->pages->items_max && walk->taken == walk->pages->items_max)
            break; /* more than it was asked for */
        int status = walk->take(item, walk->userdata);
        if (status != EXIT_STATUS_OK)
            return status;
        walk->taken++;
    }
    return EXIT_STATUS_OK;
}

static int walk_on(struct walk *walk, bool *ret_more)
{
    const struct pages *pages = walk->pages;
    json_t *page = NULL;
    int status = get_page(walk->admin, pages, NULL, pages->items_max, &page);
    while (status == EXIT_STATUS_OK) {
        const json_t *next = json_object_get(page, "next");
        bool has_next = json_is_string(next) || json_is_integer(next);
        status = take_page(walk, page);
        uint64_t left = pages->items_max - walk->taken;
        bool is_full = pages->items_max && left == 0;
        if (status != EXIT_STATUS_OK || !has_next || is_full) {
            *ret_more = has_next;
            break;
        }
        json_t *following = NULL;
        status = get_page(walk->admin, pages, next, pages->items_max ? left : 0, &following);
        json_decref(page);
        page = following;
    }
    json_decref(page);
    return status;
}

int pages_walk(struct admin *admin, const struct pages *pages, pages_take_fn take, void *userdata,
               bool *ret_more)
{
    struct walk walk = {admin, pages, take, userdata, 0};
    bool more = false;
    int status = admin_connect(admin);
    if (status == EXIT_STATUS_OK)
        status = walk_on(&walk, &more);
    if (status == EXIT_STATUS_OK && ret_more)
        *ret_more = more;
    return status;
}
