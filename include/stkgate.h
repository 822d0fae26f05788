/* stkgate.h - ask the local stkgate daemon whether a call may pass
 *
 * A storefront's API calls carry a storefront access token. This library decides, on the same
 * host, whether such a call may pass: it answers with an HTTP status, a reason, who the token
 * belongs to, and what is left of its rate limit, and it names the header fields to send.
 *
 *     stkgate *gate;
 *     int r = stkgate_open(&gate, "storefront", NULL);          // once per program
 *
 *     struct stkgate_request request = STKGATE_REQUEST_INIT;    // per call
 *     request.token  = stkgate_text(getenv("HTTP_X_STELLA_TOKEN"));
 *     request.site   = stkgate_text(getenv("HTTP_X_SITE_ID"));
 *     request.origin = stkgate_text(getenv("HTTP_ORIGIN"));
 *     request.scopes = cart_write;                              // from stkgate_scope()
 *
 *     struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;
 *     r = stkgate_check(gate, &request, &verdict);
 *     if (verdict.status != 200)                                // also when r < 0
 *         ...refuse with verdict.status...
 *
 * As with PAM, a program names the service that it is, and the operator's file
 * services.d/SERVICE.conf says what that service requires.
 *
 * Where the operator trusts the program (`direct` in the service's file), the library decides by
 * itself, from memory that it shares with the daemon: a call takes no system call then, and goes on
 * for some seconds when the daemon is gone. Nothing else is different, and nothing is to be done.
 *
 * Conventions, which hold for each function here:
 *
 *   Errors    0, or a negative errno value. Nothing is printed, nothing aborts, errno is not
 *             part of the contract. A refusal is no error: it is a verdict, with 0 returned.
 *   Refusal   A verdict is a refusal from the first instruction on; whatever fails on the way
 *             leaves it one. A caller that looks at verdict.status alone is safe.
 *   Strings   Pointer and length, no NUL needed. Absent and empty are the same.
 *   Structs   begin with their size, set by the _INIT macros: a program keeps working with a
 *             newer library. Fields that are new in a release stand at the end.
 *   Threads   One handle may be used by any number of threads at once, without a lock of theirs.
 *   Forks     A child may go on with its parent's handle: it gets connections of its own, and
 *             keeps the memory that is shared with the daemon.
 *   Signals   None is raised (no SIGPIPE), none is caught; a call that a signal handler
 *             interrupts goes on within its deadline. Not for use within signal handlers.
 *   Time      No call takes longer than the deadline of the handle (50 ms unless told). After a
 *             failure to reach the daemon, calls fail at once until the next attempt is due.
 *   Files     The library opens sockets to the daemon, close-on-exec, and touches no other
 *             descriptor: one that the program closed or replaced is noticed and left alone. What
 *             the daemon hands out is mapped, and its descriptors are closed within the call. The
 *             mappings stay until stkgate_close(), or until a larger table takes their place; core
 *             files leave them out.
 */
#ifndef STKGATE_H
#define STKGATE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define STKGATE_PUBLIC __attribute__((visibility("default")))
#else
#define STKGATE_PUBLIC
#endif

/* The version of this header; stkgate_version() tells the version of the library. */
#define STKGATE_VERSION "0.1.0"

/* A handle: the connections of one program to the daemon, as one service. */
typedef struct stkgate stkgate;

/* Some bytes: data may be NULL when length is 0. The library never writes through data and
 * keeps no copy of the pointer after the call returns. */
struct stkgate_text {
    const char *data;
    size_t length;
};

/* The bytes of a NUL-terminated string; of NULL, none. */
static inline struct stkgate_text stkgate_text(const char *string)
{
    struct stkgate_text text = {string, string ? strlen(string) : 0};
    return text;
}

/* Why a verdict is what it is. The values are stable; new ones may come. */
enum stkgate_reason {
    STKGATE_OK = 0,                  /* 200 */
    STKGATE_MISSING_TOKEN = 1,       /* 401: no credential in the request */
    STKGATE_MALFORMED_TOKEN = 2,     /* 401: not of a token's form, or its checksum is wrong */
    STKGATE_UNKNOWN_TOKEN = 3,       /* 401: not in the table, or of a kind the service refuses */
    STKGATE_REVOKED_TOKEN = 4,       /* 401 */
    STKGATE_SUSPENDED_TOKEN = 5,     /* 401 */
    STKGATE_EXPIRED_TOKEN = 6,       /* 401 */
    STKGATE_LEGACY_SUNSET = 7,       /* 401: a legacy key past its sunset */
    STKGATE_SITE_MISMATCH = 8,       /* 401: site id absent, or another merchant's */
    STKGATE_ORIGIN_DENIED = 9,       /* 403 */
    STKGATE_INSUFFICIENT_SCOPE = 10, /* 403 */
    STKGATE_COST_EXCEEDS_BURST = 11, /* 403: can never pass */
    STKGATE_RATE_LIMITED = 12,       /* 429 */
    STKGATE_UNAVAILABLE = 13,        /* 503: no verdict could be had; the call returned an error */
};

/* Which kind of credential the verdict is about. */
enum stkgate_kind {
    STKGATE_KIND_NONE = 0,   /* none came, or it is not in the table */
    STKGATE_KIND_LIVE = 1,   /* stk_live_... */
    STKGATE_KIND_TEST = 2,   /* stk_test_... */
    STKGATE_KIND_LEGACY = 3, /* an X-API-Key value */
};

/* How to open a handle. */
struct stkgate_options {
    size_t size;          /* sizeof(struct stkgate_options) */
    const char *runtime;  /* the daemon's --runtime directory; NULL: $STKGATE_RUNTIME (ignored in
                           * set-user-id programs), else /run/stkgate */
    uint32_t deadline_ms; /* upper bound of one call, in milliseconds; 0: 50; at most 60000 */
};
/* clang-format off */
#define STKGATE_OPTIONS_INIT { sizeof(struct stkgate_options), NULL, 0 }
/* clang-format on */

/* stkgate_request.flags */
#define STKGATE_PEEK                                                                               \
    1u /* look without spending: the verdict is the one that a call of cost 1 would                \
        * get, and the bucket stays as it is */

/* One call to be checked. Give each header field's value as it came; where a field came more than
 * once, join its values with ", " as CGI does (such a credential is malformed, such an origin never
 * matches). Of the three credentials the first that is present counts: token, then a Bearer value
 * in authorization, then api_key. An authorization of another scheme than Bearer is ignored; so is
 * a Bearer value that does not begin with "stk_" when there is an api_key. */
struct stkgate_request {
    size_t size;                       /* sizeof(struct stkgate_request) */
    struct stkgate_text token;         /* X-Stella-Token */
    struct stkgate_text authorization; /* Authorization, with its scheme */
    struct stkgate_text api_key;       /* X-API-Key, of legacy callers */
    struct stkgate_text site;          /* X-Site-ID */
    struct stkgate_text origin;        /* Origin */
    uint64_t scopes;                   /* scopes the call needs, from stkgate_scope(), or-ed */
    uint64_t cost;                     /* units to spend; 0: what the service's policy says */
    uint32_t flags;                    /* STKGATE_PEEK or 0; other bits: -EINVAL */
};
/* clang-format off */
#define STKGATE_REQUEST_INIT { sizeof(struct stkgate_request), \
    {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, 0, 0, 0 }
/* clang-format on */

#define STKGATE_KEY_ID_MAX 20 /* bytes, without the NUL */
#define STKGATE_SITE_MAX   64
#define STKGATE_LINK_MAX   255

/* The answer. Owned by the caller; holds no pointer, so it may be copied and kept. key_id, site and
 * all below them are set when the token is in the table, also in refusals: they are for the local
 * program and its logs. Do not send them to the remote caller of a refused request. Each text ends
 * with a NUL; the bytes behind it are what they were. */
struct stkgate_verdict {
    size_t size;             /* sizeof(struct stkgate_verdict) */
    uint32_t status;         /* HTTP status: 200, 401, 403, 429, 503 */
    uint32_t reason;         /* enum stkgate_reason */
    uint32_t kind;           /* enum stkgate_kind */
    uint32_t flags;          /* 0 */
    uint64_t scopes;         /* scopes of the token */
    uint64_t needed;         /* scopes that the call needed */
    uint64_t limit;          /* requests per window */
    uint64_t window_ns;      /* nanoseconds */
    uint64_t burst;          /* size of the bucket, in units of cost */
    uint64_t remaining;      /* units left in the bucket, rounded down */
    uint64_t reset_ns;       /* 200: until the bucket is full. 429: as retry_after_ns */
    uint64_t retry_after_ns; /* 429: until this call would pass; else 0 */
    uint64_t next_ns;        /* until one more unit is in the bucket; 0 when it is full */
    int64_t deprecation;     /* legacy: Unix seconds of the deprecation; 0: none */
    int64_t sunset;          /* legacy: Unix seconds of the sunset; 0: none */
    char key_id[STKGATE_KEY_ID_MAX + 1];
    char site[STKGATE_SITE_MAX + 1];
    char link[STKGATE_LINK_MAX + 1]; /* legacy: where the deprecation is explained */
};
/* clang-format off */
#define STKGATE_VERDICT_INIT { sizeof(struct stkgate_verdict), 503, STKGATE_UNAVAILABLE, \
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, {0}, {0}, {0} }
/* clang-format on */

/* Open a handle for the service of this name (1 to 64 bytes of a-z, 0-9, '-', '_'; "default" is the
 * policy of every service without a file). Connects to nothing yet: a program may start before the
 * daemon does. options may be NULL. Sets *ret, to be given to stkgate_close().
 * -EINVAL: a name, size or option out of range; -ENOMEM; -EIO: no random numbers; -ENAMETOOLONG:
 * runtime too long for a socket address. */
STKGATE_PUBLIC int stkgate_open(stkgate **ret, const char *service,
                                const struct stkgate_options *options);

/* Close the handle and its connections. No other thread may be using it. NULL is allowed.
 * Returns NULL, so that gate = stkgate_close(gate) leaves no dangling pointer. */
STKGATE_PUBLIC stkgate *stkgate_close(stkgate *gate);

/* The bits of scope names, separated by spaces or commas ("cart:write catalog:read"), to be used in
 * stkgate_request.scopes: resolve them once, check often. An empty list is 0. The bits stay valid
 * for the life of the handle. The built-in names (catalog:read, cart:write, checkout:create,
 * customer:auth) need no daemon; for one that is new to the handle the daemon is asked.
 * -ENXIO: no such scope is registered; -EINVAL: not a scope name; or as stkgate_check(). */
STKGATE_PUBLIC int stkgate_scope(stkgate *gate, const char *names, uint64_t *ret_mask);

/* The names of the scopes in mask, such as those of a verdict, with a space between them, for logs
 * and for programs behind this one: "catalog:read cart:write". Writes at most capacity bytes to
 * buffer, its NUL included, and sets *ret_length (without it). Asks nobody; a bit that the handle
 * has no name for is left out. STKGATE_SCOPES_MAX bytes are always enough; else -ENOBUFS. -EINVAL:
 * an argument is NULL. */
#define STKGATE_SCOPES_MAX 2112 /* bytes, with the NUL */
STKGATE_PUBLIC int stkgate_scope_names(stkgate *gate, uint64_t mask, char *buffer, size_t capacity,
                                       size_t *ret_length);

/* Decide about one call. Returns 0 and a verdict, which may well be a refusal; or a negative errno
 * value, and a verdict of 503 STKGATE_UNAVAILABLE:
 *
 *   -EINVAL           a size or flag that this library does not know, a text without data
 *   -ENOENT, -ECONNREFUSED, -EACCES   no daemon there, or its socket is not for this user
 *   -ETIMEDOUT        the deadline passed
 *   -EPERM            this user may not ask as this service
 *   -EAGAIN           too many connections, or many are waiting for the daemon to take theirs
 *   -ECONNRESET       the daemon went away
 *   -EPROTO           what it said is no answer
 *   -EPROTONOSUPPORT  it speaks another version of the protocol
 *   -EIO              it could not read its table; its journal says why
 *   -EMFILE, -ENFILE, -ENOMEM, -ENOBUFS   no room here; or what else connect(2) failed with
 *
 * After a failure the next attempt is due in 10 ms, after each further one in twice the time, up to
 * 1 s; until then calls fail at once with the value of the last failure. A missing or malformed
 * token is refused without the daemon; only a handle that never heard of it tries to, so that the
 * refusal names the service's realm. A call is spent at most once, but for one case: a connection
 * that served earlier calls turns out dead (the daemon was restarted), and the call is put once
 * more on a new one; a daemon that died between spending and answering has spent it twice then.
 * request and verdict are the caller's; the token's text is neither kept nor sent anywhere: the
 * daemon gets its digest. */
STKGATE_PUBLIC int stkgate_check(stkgate *gate, const struct stkgate_request *request,
                                 struct stkgate_verdict *verdict);

/* One header field. Both strings are NUL-terminated; the name is in static storage, the value lives
 * until the callback returns. Non-zero stops the walk and is returned by stkgate_verdict_headers().
 */
typedef int (*stkgate_header_fn)(const char *name, const char *value, void *userdata);

/* Call fn for each header field that the answer to the remote caller should carry: RateLimit-*
 * (in the form that the service's policy names), Retry-After, WWW-Authenticate, Deprecation,
 * Sunset, Link, Cache-Control. verdict is one that stkgate_check() filled in on this handle. 0,
 * what fn returned, or -EINVAL. Sends nothing itself; asks nobody. */
STKGATE_PUBLIC int stkgate_verdict_headers(stkgate *gate, const struct stkgate_verdict *verdict,
                                           stkgate_header_fn fn, void *userdata);

/* The body for a refusal: application/problem+json (RFC 9457), NUL-terminated, safe to show to the
 * remote caller. Writes at most capacity bytes to buffer and sets *ret_length (without the NUL).
 * An allowed call has an empty body. 1024 bytes are always enough; else -ENOBUFS. */
STKGATE_PUBLIC int stkgate_verdict_problem(stkgate *gate, const struct stkgate_verdict *verdict,
                                           char *buffer, size_t capacity, size_t *ret_length);

/* The name of a reason, as logs and documentation have it: "rate_limited". Static storage;
 * "unknown" for a number that this library does not know. */
STKGATE_PUBLIC const char *stkgate_reason_string(uint32_t reason);

/* The version of the library, such as "0.1.0". Static storage. */
STKGATE_PUBLIC const char *stkgate_version(void);

#ifdef __cplusplus
}
#endif

#endif
