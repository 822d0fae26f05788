/* put.h - a call at random, as the library and the plain model are given it
 */
#ifndef STKGATE_TESTS_MODULE_CLIENT_PUT_H
#define STKGATE_TESTS_MODULE_CLIENT_PUT_H

#include "tests/module/client/world.h"

struct put {
    unsigned service;
    struct plain_call call;
    struct stkgate_request request; /* its texts may be those below */
    char text[80], other[TOKEN_LEN + 1];
};

/* Of some service, and mostly one that passes. */
void put_draw(const struct plain_policy policies[static DEPUTY_SERVICES], struct put *put);

#endif
