/* hold.c - hold RUNTIME NAME COUNT: opens COUNT connections to RUNTIME/NAME and says nothing on
 * them
 *
 * Prints "held" when it has, and keeps them until its standard input ends. What is not accepted
 * waits in the kernel's queue.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (argc != 4)
        errx(EXIT_FAILURE, "usage: hold RUNTIME NAME COUNT");
    int len = snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", argv[1], argv[2]);
    if (len < 0 || (size_t)len >= sizeof address.sun_path)
        errx(EXIT_FAILURE, "%s: too long for a socket's address", argv[1]);
    int type = strcmp(argv[2], "check.sock") == 0 ? SOCK_SEQPACKET : SOCK_STREAM;
    for (unsigned long left = strtoul(argv[3], NULL, 10); left > 0; left--) {
        int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
        if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
            err(EXIT_FAILURE, "%s", address.sun_path);
    }
    puts("held");
    fflush(stdout);
    while (getchar() != EOF)
        continue;
    return EXIT_SUCCESS;
}
