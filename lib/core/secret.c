/* secret.c - see secret.h */
#include "lib/core/secret.h"

#include <stdlib.h>
#include <string.h>

void secret_wipe(void *bytes, size_t len)
{
    if (len > 0)
        explicit_bzero(bytes, len);
}

void secret_free(char **string)
{
    if (!*string)
        return;
    secret_wipe(*string, strlen(*string));
    free(*string);
    *string = NULL;
}
