/* layout.c - prints where stkgate.h has the members of its structs, for programs that mirror them
 *
 * A line each: STRUCT sizeof N, or STRUCT.MEMBER N. */
#include <stdio.h>

#include "stkgate.h"

#define SIZE(type) printf(#type " %zu\n", sizeof(struct stkgate_##type))
#define MEMBER(type, member)                                                                       \
    printf(#type "." #member " %zu\n", offsetof(struct stkgate_##type, member))

static void print_request(void)
{
    SIZE(request);
    MEMBER(request, size);
    MEMBER(request, token);
    MEMBER(request, authorization);
    MEMBER(request, api_key);
    MEMBER(request, site);
    MEMBER(request, origin);
    MEMBER(request, scopes);
    MEMBER(request, cost);
    MEMBER(request, flags);
}

static void print_verdict(void)
{
    SIZE(verdict);
    MEMBER(verdict, size);
    MEMBER(verdict, status);
    MEMBER(verdict, reason);
    MEMBER(verdict, kind);
    MEMBER(verdict, flags);
    MEMBER(verdict, scopes);
    MEMBER(verdict, needed);
    MEMBER(verdict, limit);
    MEMBER(verdict, window_ns);
    MEMBER(verdict, burst);
    MEMBER(verdict, remaining);
    MEMBER(verdict, reset_ns);
    MEMBER(verdict, retry_after_ns);
    MEMBER(verdict, next_ns);
    MEMBER(verdict, deprecation);
    MEMBER(verdict, sunset);
    MEMBER(verdict, key_id);
    MEMBER(verdict, site);
    MEMBER(verdict, link);
}

int main(void)
{
    SIZE(text);
    MEMBER(text, data);
    MEMBER(text, length);
    SIZE(options);
    MEMBER(options, size);
    MEMBER(options, runtime);
    MEMBER(options, deadline_ms);
    print_request();
    print_verdict();
    return 0;
}
