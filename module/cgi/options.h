/* options.h - the options of `stkgate cgi` and `stkgate authorizer`
 */
#ifndef STKGATE_MODULE_CGI_OPTIONS_H
#define STKGATE_MODULE_CGI_OPTIONS_H

#include <stdbool.h>

#include "module/cli/gate.h"

#define OPTIONS_RUNTIME_MAX 256 /* bytes: more than a socket address has room for */

enum face {
    FACE_CGI,
    FACE_AUTHORIZER,
};

struct options {
    enum face face;
    const char *program; /* "stkgate cgi": what messages begin with */
    struct gate_options gate;
    const char *site; /* NULL: what X-Site-ID says */
    char runtime[OPTIONS_RUNTIME_MAX];
    bool preflight;    /* let a browser's question pass, unspent */
    bool log_refusals; /* each one is a line on stderr */
    bool pass_token;   /* FACE_CGI: the program behind gets the credentials, too */
    bool no_fields;    /* FACE_CGI: nothing is put before what the program behind writes */
    unsigned threads;  /* FACE_AUTHORIZER */
    bool help;
    char **command; /* FACE_CGI: the program behind and its arguments, NULL behind the last */
};

/* Read the arguments; argv[0] is the command's name. NULL, or what is wrong: a static text that
 * repeats nothing of what stands there. ret->gate.runtime points into ret: it must not be copied.
 */
const char *options_parse(enum face face, int argc, char *argv[], struct options *ret);

#endif
