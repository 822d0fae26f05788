/* request.h - a row of the table as the bytes of a request */
#ifndef STKGATE_TESTS_FACES_REQUEST_H
#define STKGATE_TESTS_FACES_REQUEST_H

#include "tests/faces/purse.h"

#define REQUEST_MAX (128 * 1024)

struct request {
    char bytes[REQUEST_MAX];
    size_t len;
};

/* The request of row for target, with Host and "Connection: close" before the row's own lines. A
 * credential that does not exist, an escape that is none or too many bytes end the program. */
void request_make(const struct row *row, const char *target, struct purse *purse,
                  struct request *ret);

#endif
