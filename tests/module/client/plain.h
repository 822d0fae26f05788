/* plain.h - what a check must come to, told plainly
 *
 * The product's table and its buckets once more, for a test to compare with: no shared memory, no
 * digest, and not a line of lib/core. A bucket is the time that has flowed into it and was not
 * spent; a unit is so much of it.
 */
#ifndef STKGATE_TESTS_MODULE_CLIENT_PLAIN_H
#define STKGATE_TESTS_MODULE_CLIENT_PLAIN_H

#include <stdbool.h>

#include <stkgate.h>

#define PLAIN_NOBODY (-1)

/* Sites and sets of origins are numbers here: whoever makes records of them knows their texts. */
struct plain_limit {
    uint64_t requests, window_ns, burst;
};

struct plain {
    bool gone, suspended, revoked, strict, missing_origin_allowed;
    uint32_t kind; /* enum stkgate_kind */
    int site;
    unsigned origins; /* bit n: origin n is allowed; 0: all are */
    uint64_t scopes;
    struct plain_limit limit;
    int64_t expires_at, grace_until, deprecation_at, sunset_at;
    bool linked;
    int rotated_to; /* PLAIN_NOBODY, or who */
    char key_id[STKGATE_KEY_ID_MAX + 1];

    uint64_t credit_ns, at_ns; /* what it had then */
    uint64_t allowed, refused, last_used_s;
};

/* What a service requires. */
struct plain_policy {
    unsigned kinds; /* bit n: kind n is accepted */
    unsigned sites; /* bit n: may ask about site n; 0: about all */
    bool require_site;
    uint64_t scopes, cost, last_known_ns;
};

struct plain_call {
    const struct plain_policy *policy;
    struct plain *who; /* NULL: who it is stands in unknown */
    uint32_t unknown;  /* STKGATE_MISSING_TOKEN, _MALFORMED_TOKEN, _UNKNOWN_TOKEN */
    int site, origin;  /* PLAIN_NOBODY: none came */
    uint64_t scopes, cost;
    bool peek;
    uint64_t now_ns;
    int64_t wall_s;
};

/* The texts of sites, and the one link that there is. */
extern const char *const plain_sites[];
extern const char plain_link[];

/* Spends, and counts. */
void plain_check(const struct plain_call *call, struct stkgate_verdict *ret);

/* A full bucket. */
void plain_begin(struct plain *who, const struct plain_limit *limit, uint64_t now_ns);
/* Another limit: the same units are left, at most the new burst; a full bucket stays full. */
void plain_set_limit(struct plain *who, const struct plain_limit *limit, uint64_t now_ns);
/* It has at most what the other one would have under its limit. */
void plain_carry_debt(struct plain *from, struct plain *to, uint64_t now_ns);
/* What it lacks to be full, in ns. */
uint64_t plain_debt_ns(struct plain *who, uint64_t now_ns);

/* Revoked, or its grace is over. */
bool plain_is_over(const struct plain *who, int64_t wall_s);

#endif
