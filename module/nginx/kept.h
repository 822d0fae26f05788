/* kept.h - what is known of a request, for as long as it lives
 *
 * nginx forgets a module's context with each internal redirect (error_page, try_files, index,
 * X-Accel-Redirect): then one request would be charged at each stop. So it stands in the request's
 * pool, where it is found again. The pool is the same for a request and its sub-requests.
 */
#ifndef STKGATE_NGINX_KEPT_H
#define STKGATE_NGINX_KEPT_H

#include <stdbool.h>
#include <stdint.h>

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "module/face/field.h"
#include "stkgate.h"

#define KEPT_VALUES_ROOM 64 /* bytes */

enum outcome {
    OUTCOME_NONE,    /* not checked */
    OUTCOME_ALLOWED, /* verdict.status is 200 */
    OUTCOME_REFUSED, /* it is another */
};

struct kept {
    bool gathered;
    struct stkgate_request request; /* the header fields, also those taken out; nothing else */

    enum outcome outcome;
    bool charged;    /* the verdict was one that spends */
    bool may_change; /* refused, but a handler after ours may let it pass: satisfy any */
    stkgate *gate;   /* the terms on which it was allowed */
    struct stkgate_text site;
    uint64_t scopes;
    char values[KEPT_VALUES_ROOM];  /* of header fields, when they are sent */
    struct stkgate_verdict verdict; /* the last member: large */
};

/* What is known; NULL: nothing. */
struct kept *kept_find(ngx_http_request_t *r);

/* The same, or a new one, with a verdict that is a refusal and has nothing else yet. NULL: no
 * memory. */
struct kept *kept_get(ngx_http_request_t *r);

#endif
