/* client.c - the public calls; include/stkgate.h is their contract */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "lib/core/headers.h"
#include "lib/core/uninitialized.h"
#include "module/client/ask.h"
#include "module/client/convert.h"
#include "module/client/fast.h"

/* A set-user-id program is run by somebody who must not choose whom it asks. */
static const char *runtime_of(const struct stkgate_options *options)
{
    if (options->runtime != NULL)
        return options->runtime;
    const char *runtime = secure_getenv("STKGATE_RUNTIME");
    return runtime != NULL && runtime[0] != '\0' ? runtime : RUNTIME_DEFAULT;
}

/* For who looks for the cause of something, and for measuring. */
static bool is_told_to_ask(void)
{
    const char *direct = secure_getenv("STKGATE_DIRECT");
    return direct != NULL && strcmp(direct, "no") == 0;
}

static int set_address(struct stkgate *gate, const char *runtime)
{
    if (runtime[0] == '\0')
        return -EINVAL;
    gate->address.sun_family = AF_UNIX;
    size_t capacity = sizeof gate->address.sun_path;
    int len = snprintf(gate->address.sun_path, capacity, "%s/%s", runtime, SOCKET_NAME);
    return len < 0 || (size_t)len >= capacity ? -ENAMETOOLONG : 0;
}

/* Secret, and of this handle alone: who could choose texts with the same hash, would be taken for
 * another's token. */
static int draw_key(struct universal_key *ret)
{
    ssize_t n = getrandom(ret, sizeof *ret, 0);
    return n == (ssize_t)sizeof *ret ? 0 : n < 0 ? -errno : -EIO;
}

static int set_up(struct stkgate *gate, const char *service, const struct stkgate_options *options)
{
    if (!text_is_service(text_of(service)) || options->deadline_ms > DEADLINE_MAX_MS)
        return -EINVAL;
    text_copy(text_of(service), gate->service, sizeof gate->service);
    gate->deadline_ms = options->deadline_ms != 0 ? options->deadline_ms : DEADLINE_DEFAULT_MS;
    gate->asks = is_told_to_ask();
    int r = set_address(gate, runtime_of(options));
    if (r == 0)
        r = snapshots_init(&gate->snapshots);
    if (r == 0)
        r = draw_key(&gate->recent_key);
    if (r == 0)
        r = seats_init(&gate->seats);
    if (r == 0)
        r = pool_init(&gate->pool);
    return r;
}

int stkgate_open(stkgate **ret, const char *service, const struct stkgate_options *options)
{
    struct stkgate_options known;
    if (ret == NULL || service == NULL)
        return -EINVAL;
    int r = convert_options(options, &known);
    if (r < 0)
        return r;
    struct stkgate *gate = calloc(1, sizeof *gate);
    if (gate == NULL)
        return -ENOMEM;
    r = set_up(gate, service, &known);
    if (r < 0) {
        stkgate_close(gate);
        return r;
    }
    *ret = gate;
    return 0;
}

stkgate *stkgate_close(stkgate *gate)
{
    if (gate != NULL) {
        pool_deinit(&gate->pool);
        mappings_deinit(&gate->mappings);
        seats_deinit(&gate->seats);
        snapshots_deinit(&gate->snapshots);
        free(gate);
    }
    return NULL;
}

static int parse_scopes(stkgate *gate, const char *names, uint64_t *ret_mask)
{
    const struct snapshot *snapshot = snapshots_current(&gate->snapshots);
    return scope_parse(&snapshot->registry, text_of(names), ret_mask, NULL);
}

int stkgate_scope(stkgate *gate, const char *names, uint64_t *ret_mask)
{
    if (gate == NULL || names == NULL || ret_mask == NULL)
        return -EINVAL;
    int r = parse_scopes(gate, names, ret_mask);
    if (r != -ENOENT)
        return r;
    /* Registered since, perhaps. */
    r = ask_welcome(gate);
    if (r < 0)
        return r;
    r = parse_scopes(gate, names, ret_mask);
    /* Not the ENOENT of a daemon that is not there. */
    return r == -ENOENT ? -ENXIO : r;
}

_Static_assert(STKGATE_SCOPES_MAX == SCOPE_TEXT_MAX, "as many as lib/core/scope.h says");

int stkgate_scope_names(stkgate *gate, uint64_t mask, char *buffer, size_t capacity,
                        size_t *ret_length)
{
    UNINITIALIZED char names[SCOPE_TEXT_MAX];
    if (gate == NULL || buffer == NULL || ret_length == NULL)
        return -EINVAL;
    size_t len = scope_format(&snapshots_current(&gate->snapshots)->registry, mask, names);
    if (len >= capacity)
        return -ENOBUFS;
    memcpy(buffer, names, len + 1);
    *ret_length = len;
    return 0;
}

static void digest(const struct credential *credential, uint8_t ret[static DIGEST_BYTES])
{
    if (credential->form == CREDENTIAL_LEGACY)
        digest_legacy(credential->value, ret);
    else
        digest_token(credential->value, ret);
}

/* The daemon has the last word, unless it has none. That it does not let this user ask is one. */
static int ask(stkgate *gate, const struct query *query, struct verdict *ret)
{
    verdict_init(ret);
    int r = ask_verdict(gate, query, ret);
    if (r == 0 || r == -EPERM)
        return r;
    struct seat seat;
    seats_take(&gate->seats, &seat);
    if (fast_check_alone(gate, query, ret))
        r = 0;
    seats_leave(&gate->seats, &seat);
    return r;
}

/* What a call has learnt of its token by its hash, before anything else was looked at. */
struct look {
    enum looked { LOOKED_NOT, LOOKED_IN_VAIN, LOOKED_FOUND } looked;
    struct universal hash; /* unless LOOKED_NOT */
};

static bool may_pass_again(const struct stkgate_request *request)
{
    return request->token.length == TOKEN_LEN && recent_is_likely();
}

/* Most calls are of a token that was allowed a moment ago. What is known again by its whole hash
 * was well-formed: neither its form nor the other fields, over which it goes, need be looked at. On
 * its own, or its frame would be a refusal's, too. */
__attribute__((noinline)) static bool passes_again(stkgate *gate,
                                                   const struct stkgate_request *request,
                                                   struct look *look,
                                                   struct stkgate_verdict *verdict)
{
    struct fast fast;
    struct seat seat;
    bool passes = false;

    seats_take(&gate->seats, &seat);
    if (seat.recent != NULL && fast_begin(gate, &fast)) {
        look->hash = universal_of(&gate->recent_key, request->token.data);
        struct recent_token *token = recent_find(seat.recent, &look->hash, fast.mapping->number);
        look->looked = token != NULL ? LOOKED_FOUND : LOOKED_IN_VAIN;
        passes = token != NULL && fast_pass(&fast, token, request, verdict);
    }
    seats_leave(&gate->seats, &seat);
    mappings_tidy(&gate->mappings, &gate->seats);
    return passes;
}

static bool check_found(stkgate *gate, struct fast *fast, struct recent *recent, struct look *look,
                        const struct credential *credential, struct query *query,
                        struct verdict *ret)
{
    if (look->looked == LOOKED_IN_VAIN)
        return false;
    if (look->looked == LOOKED_NOT)
        look->hash = universal_of(&gate->recent_key, credential->value.data);
    struct recent_token *token = recent_find(recent, &look->hash, fast->mapping->number);
    return token != NULL && fast_check_recent(fast, token, query, ret);
}

/* Once it is digested, the text of a token is not needed any more. */
static bool check_here(stkgate *gate, struct recent *recent, struct look *look,
                       const struct credential *credential, struct query *query,
                       struct verdict *ret)
{
    struct fast fast;
    bool has_view = fast_begin(gate, &fast);

    if (recent != NULL && look->looked == LOOKED_NOT &&
        (credential->form != CREDENTIAL_TOKEN || !recent_is_worth()))
        recent = NULL;
    if (has_view && recent != NULL &&
        check_found(gate, &fast, recent, look, credential, query, ret))
        return true;
    digest(credential, query->digest);
    return has_view && fast_check(&fast, recent, &look->hash, query, ret);
}

static int check(stkgate *gate, const struct stkgate_request *request, struct look *look,
                 const struct credential *credential, struct verdict *ret)
{
    UNINITIALIZED struct query query;
    query.form = credential->form;
    query.kind = credential->kind;
    query.site = convert_text(request->site);
    query.origin = convert_text(request->origin);
    query.scopes = request->scopes;
    query.cost = request->cost;
    query.peek = (request->flags & STKGATE_PEEK) != 0;
    struct seat seat;
    seats_take(&gate->seats, &seat);
    bool decided = check_here(gate, seat.recent, look, credential, &query, ret);
    seats_leave(&gate->seats, &seat);
    mappings_tidy(&gate->mappings, &gate->seats);
    return decided ? 0 : ask(gate, &query, ret);
}

/* What the service requires is not known before the daemon was first heard of: a CGI program has a
 * handle of its own for each call, and is to name the realm that the others name. That there is no
 * daemon is no reason to let its caller wait for the refusal. */
__attribute__((noinline, cold)) static const struct snapshot *learn(stkgate *gate)
{
    (void)ask_welcome(gate);
    return snapshots_current(&gate->snapshots);
}

/* Rows 1 and 2 of the table need no table, and who sends garbage is to cost little. */
static inline void refuse(stkgate *gate, enum credential_form form, uint64_t scopes,
                          struct stkgate_verdict *ret)
{
    const struct snapshot *snapshot = snapshots_current(&gate->snapshots);
    if (snapshot->content_len == 0)
        snapshot = learn(gate);
    convert_outcome(reason_of_form(form), scopes | snapshot->policy.scopes, ret);
}

static int check_well_formed(stkgate *gate, const struct stkgate_request *request,
                             struct look *look, const struct credential *credential,
                             struct stkgate_verdict *ret)
{
    UNINITIALIZED struct verdict decided;
    int r = check(gate, request, look, credential, &decided); /* all of it, when it is 0 */
    if (r < 0)
        return r;
    /* The daemon answered, but could not decide. */
    if (decided.reason == REASON_UNAVAILABLE)
        return -EIO;
    convert_verdict(&decided, ret);
    return 0;
}

static int check_fields(stkgate *gate, const struct stkgate_request *request, struct look *look,
                        struct stkgate_verdict *ret)
{
    const struct credential credential =
        credential_choose(convert_text(request->token), convert_text(request->authorization),
                          convert_text(request->api_key));
    if (reason_of_form(credential.form) == REASON_OK)
        return check_well_formed(gate, request, look, &credential, ret);
    refuse(gate, credential.form, request->scopes, ret);
    return 0;
}

/* These are on their own, so that their frames are not also that of a malformed token. */

__attribute__((noinline)) static int check_any(stkgate *gate, const struct stkgate_request *request,
                                               struct stkgate_verdict *ret)
{
    struct look look = {.looked = LOOKED_NOT};
    return check_fields(gate, request, &look, ret);
}

__attribute__((noinline)) static int
check_likely(stkgate *gate, const struct stkgate_request *request, struct stkgate_verdict *ret)
{
    struct look look = {.looked = LOOKED_NOT};
    if (passes_again(gate, request, &look, ret))
        return 0;
    return check_fields(gate, request, &look, ret);
}

__attribute__((noinline)) static int check_token(stkgate *gate,
                                                 const struct stkgate_request *request,
                                                 enum kind kind, struct stkgate_verdict *ret)
{
    const struct credential credential = {CREDENTIAL_TOKEN, kind, convert_text(request->token)};
    struct look look = {.looked = LOOKED_NOT};
    return check_well_formed(gate, request, &look, &credential, ret);
}

/* stkgate_check() once more, with a request that is of our size, and no further than that:
 * NOLINTBEGIN(misc-no-recursion) */
__attribute__((noinline, cold)) static int
check_other_size(stkgate *gate, const struct stkgate_request *request, struct stkgate_verdict *ret)
{
    struct stkgate_request ours;
    int r = convert_request(request, &ours);
    return r < 0 ? r : stkgate_check(gate, &ours, ret);
}

int stkgate_check(stkgate *gate, const struct stkgate_request *request,
                  struct stkgate_verdict *verdict)
{
    if (verdict == NULL)
        return -EINVAL;
    int r = convert_refuse(verdict);
    if (r < 0)
        return r;
    if (gate == NULL || request == NULL)
        return -EINVAL;
    if (request->size != sizeof *request)
        return check_other_size(gate, request, verdict);
    if (!convert_is_sound(request))
        return -EINVAL;
    if (may_pass_again(request))
        return check_likely(gate, request, verdict);
    const struct text token = convert_text(request->token);
    if (!credential_is_plain(token))
        return check_any(gate, request, verdict);
    enum kind kind = token_parse(token);
    if (kind != KIND_NONE)
        return check_token(gate, request, kind, verdict);
    refuse(gate, CREDENTIAL_MALFORMED, request->scopes, verdict);
    return 0;
}
/* NOLINTEND(misc-no-recursion) */

/* Out of the way of the others, which are nearly all. */
__attribute__((noinline, cold)) static int headers_of_any(const struct stkgate_verdict *verdict,
                                                          const struct snapshot *snapshot,
                                                          stkgate_header_fn fn, void *userdata)
{
    UNINITIALIZED struct verdict known;
    int r = convert_back(verdict, &known);
    if (r < 0)
        return r;
    return headers_each(&known, &snapshot->policy, &snapshot->registry, fn, userdata);
}

int stkgate_verdict_headers(stkgate *gate, const struct stkgate_verdict *verdict,
                            stkgate_header_fn fn, void *userdata)
{
    if (gate == NULL || verdict == NULL || fn == NULL)
        return -EINVAL;
    const struct snapshot *snapshot = snapshots_current(&gate->snapshots);
    if (snapshot->policy.fields == FIELDS_THREE && convert_is_plain(verdict))
        return headers_three(verdict->limit, verdict->remaining, verdict->reset_ns, fn, userdata);
    return headers_of_any(verdict, snapshot, fn, userdata);
}

int stkgate_verdict_problem(stkgate *gate, const struct stkgate_verdict *verdict, char *buffer,
                            size_t capacity, size_t *ret_length)
{
    UNINITIALIZED struct verdict known;
    char body[PROBLEM_MAX];
    if (gate == NULL || verdict == NULL || buffer == NULL || ret_length == NULL)
        return -EINVAL;
    int r = convert_back(verdict, &known);
    if (r < 0)
        return r;
    size_t len = headers_problem(&known, body);
    if (len >= capacity)
        return -ENOBUFS;
    memcpy(buffer, body, len + 1);
    *ret_length = len;
    return 0;
}

const char *stkgate_reason_string(uint32_t reason)
{
    return reason_name(reason);
}

const char *stkgate_version(void)
{
    return STKGATE_VERSION;
}
