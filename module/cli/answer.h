/* answer.h - a verdict for people and for programs
 */
#ifndef STKGATE_MODULE_CLI_ANSWER_H
#define STKGATE_MODULE_CLI_ANSWER_H

#include <stdbool.h>

#include "stkgate.h"

struct answer_form {
    bool json;    /* one object on one line, instead of a line of words */
    bool headers; /* also the header fields: "Name: value" lines, or a member of the object */
};

/* Print to stdout. 0, or -ENOMEM, or what stkgate_verdict_headers() returned. */
int answer_print(stkgate *gate, const struct stkgate_verdict *verdict, struct answer_form form);

#endif
