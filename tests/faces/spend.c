/* spend.c - spend CALLS ADDRESS TARGET: so many calls with one token, one after the other
 *
 * "TOKEN SITE" comes on standard input. Prints how many passed and how many were over the limit;
 * any other answer ends the program.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/faces/answer.h"

static struct answer answer; /* too large for a stack */

int main(int argc, char *argv[])
{
    char token[128], site[128], request[1024];
    unsigned passed = 0, limited = 0, undecided = 0;

    if (argc != 4 || scanf("%127s %127s", token, site) != 2)
        errx(EXIT_FAILURE, "usage: spend CALLS ADDRESS TARGET, and \"TOKEN SITE\"");
    int len = snprintf(request, sizeof request,
                       "GET %s HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n"
                       "X-Stella-Token: %s\r\nX-Site-ID: %s\r\n\r\n",
                       argv[3], token, site);
    if (len < 0 || (size_t)len >= sizeof request)
        errx(EXIT_FAILURE, "too long a request");
    for (unsigned long left = strtoul(argv[1], NULL, 10); left > 0; left--) {
        const char *problem = answer_get(argv[2], request, (size_t)len, false, false, &answer);
        if (problem)
            errx(EXIT_FAILURE, "%s: %s", argv[2], problem);
        if (answer.status != 200 && answer.status != 429 && answer.status != 503)
            errx(EXIT_FAILURE, "%s: status %u", argv[2], answer.status);
        passed += answer.status == 200;
        limited += answer.status == 429;
        undecided += answer.status == 503;
    }
    printf("%u %u %u\n", passed, limited, undecided);
    return EXIT_SUCCESS;
}
