#include "tests/daemon/admin_rig.h"
#include "tests/suite.h"

START_TEST(tells_the_status)
{
    struct rig rig;

    admin_rig_start(&rig);
    rig_mint(&rig, "");
    json_t *status = admin_rig_call(&rig, 200, "GET", "/v1/status", "");
    ck_assert_ptr_nonnull(admin_rig_text(status, "version"));
    ck_assert_int_eq(admin_rig_number(status, "credentials"), 1);
    ck_assert_int_eq(admin_rig_number(status, "seq"), 1);
    ck_assert_int_gt(
        json_integer_value(json_object_get(json_object_get(status, "map"), "used_bytes")), 0);
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(status, "services"), 0)),
                     "default");
    json_decref(status);
    rig_stop(&rig);
}
END_TEST

SUITE_MAIN("http_admin_status", tells_the_status)
