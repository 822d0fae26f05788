#include <errno.h>

#include "module/cgi/fastcgi.h"

int fastcgi_init(void)
{
    return -ENOSYS;
}

void fastcgi_serve(int connection, fastcgi_answer_fn answer, void *userdata)
{
}
