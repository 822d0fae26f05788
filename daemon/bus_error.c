#include "daemon/bus_error.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* Async-signal-safe: no log.c here. The journal takes lines of stderr, too. */
static void on_sigbus(int signo)
{
    static const char line[] =
        "stkgate: data.mdb can't be read: it was cut while this daemon had it open, or the disk "
        "fails; the kernel's log says which. This daemon ends now. What was acknowledged is in a "
        "file that is whole\n";
    ssize_t n = write(STDERR_FILENO, line, sizeof line - 1);

    (void)n;
    _exit(EXIT_FAILURE);
}

int bus_error_watch(void)
{
    struct sigaction action = {.sa_handler = on_sigbus, .sa_flags = (int)SA_RESETHAND};

    sigemptyset(&action.sa_mask);
    return sigaction(SIGBUS, &action, NULL) < 0 ? -errno : 0;
}
