/* Tests of module/cli/gate.c: no daemon is there. */
#include "module/cli/gate.h"

#include <errno.h>
#include <stdio.h>

#include "tests/suite.h"

START_TEST(takes_times_with_their_unit)
{
    static const struct {
        const char *value;
        uint32_t ms; /* 0: refused */
    } rows[] = {{"1ms", 1}, {"60000ms", 60000}, {"1s", 1000}, {"60s", 60000}, {"60001ms", 0},
                {"61s", 0}, {"0s", 0},          {"5", 0},     {"s", 0},       {"-1s", 0},
                {"1s ", 0}, {"1.5s", 0},        {"", 0},      {"1m", 0},      {" 1s", 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct gate_options options = GATE_OPTIONS_INIT;
        const char *mistake = gate_take_deadline(&options, rows[i].value);
        ck_assert_msg((mistake == NULL) == (rows[i].ms != 0), "'%s'", rows[i].value);
        ck_assert_uint_eq(options.deadline_ms, rows[i].ms ? rows[i].ms : 1000);
    }
}
END_TEST

START_TEST(takes_costs_from_one_on)
{
    static const char *const refused[] = {"0", "-1", "", "x", "1x", "9223372036854775808"};
    struct gate_options options = GATE_OPTIONS_INIT;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        ck_assert_ptr_nonnull(gate_take_cost(&options, refused[i]));
    ck_assert_uint_eq(options.cost, 0);
    ck_assert_ptr_null(gate_take_cost(&options, "9223372036854775807"));
    ck_assert_uint_eq(options.cost, INT64_MAX);
}
END_TEST

START_TEST(gathers_scopes_as_long_as_there_is_room)
{
    struct gate_options options = GATE_OPTIONS_INIT;
    char half[GATE_SCOPES_MAX / 2];
    memset(half, 'x', sizeof half - 1);
    half[sizeof half - 1] = '\0';
    ck_assert_ptr_null(gate_take_scopes(&options, half));
    ck_assert_ptr_null(gate_take_scopes(&options, half + 2));
    ck_assert_ptr_nonnull(gate_take_scopes(&options, "more"));
    ck_assert_uint_lt(strlen(options.scopes), sizeof options.scopes);
}
END_TEST

START_TEST(tells_a_mistake_from_a_daemon_that_is_not_there)
{
    struct gate_options options = GATE_OPTIONS_INIT;
    stkgate *gate = NULL;
    const char *mistake = "";
    uint64_t scopes = 7;
    options.service = "a/b";
    ck_assert_int_eq(gate_open(&options, &gate, &mistake), -EINVAL);
    ck_assert_ptr_nonnull(strstr(mistake, "--service"));
    options.service = "default";
    options.runtime = "/nowhere";
    ck_assert_int_eq(gate_open(&options, &gate, &mistake), 0);
    ck_assert_ptr_null(mistake);
    ck_assert_int_eq(gate_scopes(&options, gate, &scopes, &mistake), 0);
    ck_assert_uint_eq(scopes, 0);
    gate_take_scopes(&options, "catalog:read");
    gate_take_scopes(&options, "cart:write");
    ck_assert_int_eq(gate_scopes(&options, gate, &scopes, &mistake), 0);
    ck_assert_uint_eq(scopes, 3);
    gate_take_scopes(&options, "not:builtin");
    ck_assert_int_lt(gate_scopes(&options, gate, &scopes, &mistake), 0);
    ck_assert_ptr_null(mistake);
    options.scopes[0] = '\0';
    gate_take_scopes(&options, "Not a name!");
    ck_assert_int_eq(gate_scopes(&options, gate, &scopes, &mistake), -EINVAL);
    ck_assert_ptr_nonnull(strstr(mistake, "--scope"));
    ck_assert_uint_eq(scopes, 3);
    stkgate_close(gate);
}
END_TEST

START_TEST(says_what_to_do)
{
    static const struct {
        int error;
        const char *wanted;
    } rows[] = {{-ENOENT, "systemctl start stkgate.socket"},
                {-EACCES, "may not open"},
                {-EPERM, "services.d/shop.conf"},
                {-ETIMEDOUT, "1000 ms"},
                {-EPROTO, "no stkgate daemon"},
                {-EMFILE, "can't be asked"}};
    struct gate_options options = GATE_OPTIONS_INIT;
    options.service = "shop";
    options.runtime = "/nowhere";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char line[512] = "";
        FILE *file = tmpfile(), *before = stderr;
        stderr = file;
        gate_explain("stkgate test", &options, rows[i].error);
        stderr = before;
        rewind(file);
        ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
        fclose(file);
        ck_assert_msg(strncmp(line, "stkgate test: ", 14) == 0 && strstr(line, rows[i].wanted),
                      "%s", line);
    }
}
END_TEST

SUITE_MAIN("gate", takes_times_with_their_unit, takes_costs_from_one_on,
           gathers_scopes_as_long_as_there_is_room, tells_a_mistake_from_a_daemon_that_is_not_there,
           says_what_to_do)
