#include "daemon/admin/user.h"

#include <pwd.h>
#include <stdint.h>
#include <stdio.h>

bool user_name(const json_t *uid, char ret[static USER_TEXT_MAX])
{
    ret[0] = '\0';
    if (!json_is_integer(uid))
        return false;
    json_int_t number = json_integer_value(uid);
    /* Cut to a uid_t, 2^32 would be root. */
    const struct passwd *user = number >= 0 && number < UINT32_MAX ? getpwuid((uid_t)number) : NULL;
    if (user)
        snprintf(ret, USER_TEXT_MAX, "%s", user->pw_name);
    else
        snprintf(ret, USER_TEXT_MAX, "uid %" JSON_INTEGER_FORMAT, number);
    return user;
}
