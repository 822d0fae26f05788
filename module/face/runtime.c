#include "module/face/runtime.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static bool ends_with(const char *path, size_t len, const char *end)
{
    size_t end_len = strlen(end);
    return len > end_len && memcmp(path + len - end_len, end, end_len) == 0;
}

int runtime_of_socket(const char *path, char *ret, size_t capacity)
{
    static const char name[] = "/check.sock";
    size_t len = strlen(path);

    if (path[0] != '/' || ends_with(path, len, "/http.sock") || ends_with(path, len, "/admin.sock"))
        return -EINVAL;
    if (ends_with(path, len, name))
        len -= sizeof name - 1;
    if (len >= capacity)
        return -ENAMETOOLONG;
    memcpy(ret, path, len);
    ret[len] = '\0';
    return 0;
}
