#include "daemon/http_admin_verbs.h"
#include "lib/core/moment.h"

bool http_admin_argument_number(struct http_request *request, const char *name, uint64_t min,
                                uint64_t max, uint64_t *ret)
{
    struct text t = http_argument(request, name);
    uint64_t value = 0;
    bool valid = t.len >= 1 && t.len <= 18;

    if (!t.data)
        return true;
    for (size_t i = 0; valid && i < t.len; i++) {
        valid = t.data[i] >= '0' && t.data[i] <= '9';
        value = value * 10 + (uint64_t)(t.data[i] - '0');
    }
    if (!valid || value < min || value > max) {
        http_answer_problem(request, 400, "%s: must be a whole number from %llu to %llu", name,
                            (unsigned long long)min, (unsigned long long)max);
        return false;
    }
    *ret = value;
    return true;
}

bool http_admin_argument_site(struct http_request *request, struct text *ret)
{
    struct text site = http_argument(request, "site");

    if (site.data && !text_is_site(site)) {
        http_answer_problem(request, 400, "site: must be 1 to %d characters of A-Z a-z 0-9 . _ -",
                            SITE_MAX);
        return false;
    }
    if (site.data)
        *ret = site;
    return true;
}

bool http_admin_argument_state(struct http_request *request, struct text *ret)
{
    struct text name = http_argument(request, "state");

    if (!name.data)
        return true;
    for (int state = RECORD_ACTIVE; state <= RECORD_EXPIRED; state++)
        if (text_equal(name, text_of(record_state_name((enum record_state)state)))) {
            *ret = name;
            return true;
        }
    http_answer_problem(request, 400, "state: must be active, suspended, revoked or expired");
    return false;
}

bool http_admin_argument_after(struct http_request *request, struct http_admin_position *ret)
{
    struct text digits = http_argument(request, "after");

    if (digits.data && !admin_json_position_parse(digits, ret->bytes, &ret->len)) {
        http_answer_problem(request, 400, "after: must be what an earlier answer gave as next");
        return false;
    }
    return true;
}

bool http_admin_argument_key_id(struct http_request *request, struct text *ret)
{
    struct text key_id = http_argument(request, "key_id");

    if (key_id.data && !key_id_is_valid(key_id)) {
        http_answer_problem(request, 400,
                            "key_id: must be key_ and %d of A-Z a-z 0-9, as a list shows it",
                            KEY_ID_LEN - 4);
        return false;
    }
    if (key_id.data)
        *ret = key_id;
    return true;
}

bool http_admin_argument_since(struct http_request *request, int64_t *ret_unix_s)
{
    struct text since = http_argument(request, "since");

    if (since.data && moment_parse(since, ret_unix_s) < 0) {
        http_answer_problem(request, 400,
                            "since: must be a time such as 2027-01-31T12:00:00Z, or a date such as "
                            "2027-01-31");
        return false;
    }
    return true;
}
