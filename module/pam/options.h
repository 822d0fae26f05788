/* options.h - what stands behind pam_stkgate.so in a service file
 *
 *     auth required pam_stkgate.so service=ftp scope=catalog:read,cart:write [prompt=Access token:
 * ]
 *
 * What is not understood is a mistake: a login that goes by half of its options may let in whom the
 * other half would have refused. Pure.
 */
#ifndef STKGATE_PAM_OPTIONS_H
#define STKGATE_PAM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define OPTIONS_COMPLAINT_MAX 200 /* bytes, with the NUL */

/* Pointers are into argv, or to static text. */
struct options {
    const char *service; /* "default" unless told */
    const char *site;    /* NULL: the user's name is the site id */
    const char *scopes;  /* "" unless told */
    const char *prompt;
    /* For an answer; 1000 unless told, where the library's own is 50: who logs in rather waits than
     * hears that a busy machine was late, or that the daemon was just being restarted. */
    unsigned timeout_ms;
    uint64_t cost;     /* 0: what the service's policy says */
    bool peek;         /* cost=0 */
    bool legacy;       /* the password is an X-API-Key, not a token */
    bool first_pass;   /* never ask: another module has */
    char runtime[256]; /* the directory of the daemon's sockets; "/run/stkgate" unless told */
};

/* 0; or -EINVAL, ret untouched, and complaint says what is wrong and what to do. It repeats no
 * value, and no name that can't be an option's: either may be a token in the wrong place. */
int options_parse(int argc, const char *const *argv, struct options *ret,
                  char complaint[static OPTIONS_COMPLAINT_MAX]);

#endif
