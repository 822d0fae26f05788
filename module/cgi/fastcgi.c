#include "module/cgi/fastcgi.h"

#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

int fastcgi_init(void)
{
    return FCGX_Init() == 0 ? 0 : -EIO;
}

static bool is_authorizer(const FCGX_Request *request)
{
    const char *role = FCGX_GetParam("FCGI_ROLE", request->envp);
    return role && strcmp(role, "AUTHORIZER") == 0;
}

/* libfcgi would accept by itself, and then wait for ever for a peer that says nothing. It gets a
 * connection that is open already, and in the place of the listening socket none: when the
 * connection is at its end, so is FCGX_Accept_r(). The copy is libfcgi's, which closes it. */
void fastcgi_serve(int connection, fastcgi_answer_fn answer, void *userdata)
{
    FCGX_Request request;
    struct reply reply;
    int copy = fcntl(connection, F_DUPFD_CLOEXEC, 0);
    if (copy < 0)
        return;
    /* It uses select(), which would write beyond its set. */
    if (copy >= FD_SETSIZE || FCGX_InitRequest(&request, -1, 0) != 0) {
        close(copy);
        return;
    }
    request.ipcFd = copy;
    request.keepConnection = 1; /* until it has been read whether it is kept */
    if (FCGX_Accept_r(&request) == 0) {
        reply_init(&reply, false);
        answer(request.envp, is_authorizer(&request), &reply, userdata);
        FCGX_PutStr(reply.text, (int)reply.len, request.out);
        request.keepConnection = 0;
        FCGX_Finish_r(&request);
    }
    FCGX_Free(&request, 1);
}
