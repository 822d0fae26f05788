#include "tests/daemon/admin_rig.h"
#include "tests/suite.h"

static const struct admin_rig_row rows[] = {
    {"GET", "/v1/tokens?site=nobody", "", 404, "this site has no token"},
    {"GET", "/v1/tokens?site=stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17", "", 404,
     "this site has no token"},
    {"GET", "/v1/tokens?site=no%20body", "", 400, "site: must be 1 to 64 characters"},
    {"GET", "/v1/tokens?site=", "", 400, "site: must be 1 to 64 characters"},
    {"GET", "/v1/tokens?state=happy", "", 400, "state: must be active"},
    {"GET", "/v1/tokens?state=", "", 400, "state: must be active"},
    {"GET", "/v1/tokens?limit=", "", 400, "limit: must be a whole number from 1 to 500"},
    {"GET", "/v1/tokens?limit=0", "", 400, "limit: must be a whole number from 1 to 500"},
    {"GET", "/v1/tokens?limit=501", "", 400, "limit: must be a whole number from 1 to 500"},
    {"GET", "/v1/tokens?limit=1e2", "", 400, "limit: must be a whole number from 1 to 500"},
    {"GET", "/v1/tokens?limit=1&limit=2", "", 400, "limit: must be a whole number from 1 to 500"},
    {"GET", "/v1/tokens?limit=99999999999999999999", "", 400, "limit: must be"},
    {"GET", "/v1/tokens?after=xyz", "", 400, "after: must be what an earlier answer gave"},
    {"GET", "/v1/tokens?after=", "", 400, "after: must be what an earlier answer gave"},
    {"GET", "/v1/legacy?state=happy", "", 400, "state: must be active"},
    {"GET", "/v1/legacy?site=nobody", "", 404, "this site has no token"},
    {"GET", "/v1/legacy?limit=501", "", 400, "limit: must be a whole number from 1 to 500"},
    {"GET", "/v1/sites?after=xyz", "", 400, "after: must be what an earlier answer gave"},
    {"GET", "/v1/sites?limit=501", "", 400, "limit: must be a whole number from 1 to 500"},
    {"GET", "/v1/audit?before=0", "", 400, "before: must be a whole number"},
    {"GET", "/v1/audit?limit=501", "", 400, "limit: must be a whole number from 1 to 500"},
    {"GET", "/v1/audit?key_id=key_short", "", 400, "key_id: must be key_ and 16"},
    {"GET", "/v1/audit?key_id=", "", 400, "key_id: must be key_ and 16"},
    {"GET", "/v1/audit?key_id=stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17", "", 400,
     "key_id: must be key_ and 16"},
    {"GET", "/v1/audit?since=yesterday", "", 400, "since: must be a time such as"},
    {"GET", "/v1/audit?since=", "", 400, "since: must be a time such as"},
};

START_TEST(refuses_and_says_what_to_write)
{
    struct rig rig;

    admin_rig_start(&rig);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        admin_rig_expect_all(&rig, &rows[i], 1);
        ck_assert_ptr_null(strstr(admin_rig_answer.body, "zQWB"));
    }
    rig_stop(&rig);
}
END_TEST

SUITE_MAIN("http_admin_argument", refuses_and_says_what_to_write)
