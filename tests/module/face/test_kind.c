/* What programs behind a web server are told of a credential's kind. */
#include "module/face/kind.h"
#include "stkgate.h"
#include "tests/suite.h"

START_TEST(each_kind_has_its_name_and_no_other_number_has_one)
{
    ck_assert_str_eq(face_kind_name(STKGATE_KIND_NONE), "");
    ck_assert_str_eq(face_kind_name(STKGATE_KIND_LIVE), "live");
    ck_assert_str_eq(face_kind_name(STKGATE_KIND_TEST), "test");
    ck_assert_str_eq(face_kind_name(STKGATE_KIND_LEGACY), "legacy");
    ck_assert_str_eq(face_kind_name(4), "");
    ck_assert_str_eq(face_kind_name(UINT32_MAX), "");
}
END_TEST

SUITE_MAIN("kind", each_kind_has_its_name_and_no_other_number_has_one)
