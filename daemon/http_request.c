#include "daemon/http_request.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "lib/core/secret.h"

/* From this version on libmicrohttpd judges NUL bytes itself, and keeps lengths. */
#define MHD_VERSION_KEEPS_NUL 0x00097600

struct http_request *http_request_new(struct http_connection *owner, const char *target)
{
    struct http_request *request = calloc(1, sizeof *request);

    if (!request)
        return NULL;
    request->owner = owner;
    request->raw_target = target;
    request->target = strdup(target ? target : "");
    if (!request->target) {
        free(request);
        return NULL;
    }
    request->target_len = strlen(request->target);
    return request;
}

static void free_answer(struct http_request *request)
{
    while (request->fields) {
        struct http_answer_field *field = request->fields;
        request->fields = field->next;
        free(field->value);
        free(field);
    }
    if (request->response)
        MHD_destroy_response(request->response);
    request->response = NULL;
}

struct http_request *http_request_free(struct http_request *request)
{
    if (!request)
        return NULL;
    free_answer(request);
    while (request->kept) {
        struct http_kept *kept = request->kept;
        request->kept = kept->next;
        secret_wipe(kept->bytes, kept->len);
        free(kept);
    }
    secret_wipe(request->body, request->body_capacity);
    free(request->body);
    free(request->arguments);
    free(request->target);
    free(request);
    return NULL;
}

/* ---- judging the header section ----------------------------------------------------------------
 */

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

static bool has_control(struct text t)
{
    for (size_t i = 0; i < t.len; i++)
        if (is_control(t.data[i]))
            return true;
    return false;
}

/* What RFC 9110, section 5.5, calls dangerous. Other control characters may stay in a value that is
 * looked at and goes no further. */
static bool is_dangerous(struct text t)
{
    return memchr(t.data, '\0', t.len) || memchr(t.data, '\r', t.len) ||
           memchr(t.data, '\n', t.len);
}

/* RFC 9110, section 5.6.2: token. */
static bool is_token(struct text t)
{
    for (size_t i = 0; i < t.len; i++) {
        char c = t.data[i];
        bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!alnum && (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c)))
            return false;
    }
    return t.len > 0;
}

/* Walks the fields in the order in which they came. */
struct section_walk {
    const char *at;  /* where the next field's name must begin */
    const char *end; /* of the section */
    bool bad;
};

/* MHD has put a NUL in place of each colon, CR and LF. Between the end of a value and the next name
 * there must be the two of the line's end and nothing else: what a NUL byte has cut off would lie
 * there, and so would a continued line. */
static enum MHD_Result walk_field(void *cls, enum MHD_ValueKind kind, const char *name,
                                  size_t name_len, const char *value, size_t value_len)
{
    struct section_walk *walk = cls;

    walk->bad = true;
    if (!value || !is_token((struct text){name, name_len}) ||
        is_dangerous((struct text){value, value_len}))
        return MHD_NO;
    if (MHD_VERSION < MHD_VERSION_KEEPS_NUL) {
        if (name != walk->at || value <= name + name_len || value + value_len + 2 > walk->end ||
            value[value_len] != '\0' || value[value_len + 1] != '\0')
            return MHD_NO;
        for (const char *c = name + name_len + 1; c < value; c++)
            if (*c != ' ' && *c != '\t')
                return MHD_NO;
        walk->at = value + value_len + 2;
    }
    walk->bad = false;
    return MHD_YES;
}

/* version is "HTTP/1.1" in place, with its line's end after it. */
static bool section_is_clean(const struct http_request *request, const char *method,
                             const char *version, size_t section_len)
{
    struct section_walk walk = {.at = version + strlen(version) + 2, .end = method + section_len};

    if (MHD_VERSION < MHD_VERSION_KEEPS_NUL) {
        /* Each is followed by the one space and the next: a NUL in the method or the target would
         * have ended it early. */
        if (method + strlen(method) + 1 != request->raw_target ||
            request->raw_target + request->target_len + 1 != version)
            return false;
        if (walk.at > walk.end || walk.at[-1] != '\0')
            return false;
    }
    MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND, walk_field, &walk);
    if (walk.bad)
        return false;
    return MHD_VERSION >= MHD_VERSION_KEEPS_NUL ||
           (walk.at + 2 == walk.end && walk.at[0] == '\0' && walk.at[1] == '\0');
}

/* How the body ends must be beyond doubt, or another program on the way may see another request
 * (RFC 9112, section 6.3; request smuggling). */
static bool framing_is_clear(struct http_request *request)
{
    struct text length = http_field(request, "Content-Length");
    struct text coding = http_field(request, "Transfer-Encoding");

    for (size_t i = 0; i < length.len; i++)
        if (length.data[i] < '0' || length.data[i] > '9')
            return false;
    if (coding.len == 0)
        return !coding.data;
    return !length.data && coding.len == 7 && strncasecmp(coding.data, "chunked", 7) == 0;
}

/* ---- the target --------------------------------------------------------------------------------
 */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One character of a query at *at, decoded; -1 when it must not be. */
static int decode_one(struct text query, size_t *at)
{
    char c = query.data[(*at)++];

    if (c == '+')
        return ' ';
    if (c == '%') {
        if (query.len - *at < 2)
            return -1;
        int high = hex_digit(query.data[*at]), low = hex_digit(query.data[*at + 1]);
        if (high < 0 || low < 0)
            return -1;
        *at += 2;
        c = (char)(high << 4 | low);
    }
    return is_control(c) ? -1 : (unsigned char)c;
}

bool http_request_decode(struct text query, char *ret, size_t *ret_len)
{
    size_t at = 0, out = 0;

    while (at < query.len) {
        bool in_value = false;
        size_t start = at;
        while (at < query.len && query.data[at] != '&') {
            if (query.data[at] == '=' && !in_value) {
                in_value = true;
                ret[out++] = '\0';
                at++;
                continue;
            }
            int c = decode_one(query, &at);
            if (c < 0)
                return false;
            ret[out++] = (char)c;
        }
        if (at > start) {
            if (!in_value)
                ret[out++] = '\0';
            ret[out++] = '\0';
        }
        at++;
    }
    *ret_len = out;
    return true;
}

/* The target's path and arguments. An absolute target (RFC 9112, section 3.2.2) loses its host. */
static struct http_fault split_target(struct http_request *request)
{
    struct text target = {request->target, request->target_len};
    static const struct http_fault bad = {400, "the target of the request is not a valid one"};

    if (has_control(target))
        return bad;
    if (text_begins(target, TEXT("http://"))) {
        const char *slash = memchr(target.data + 7, '/', target.len - 7);
        /* The host ends at a '?', too: what follows that is no path. */
        if (!slash || memchr(target.data, '?', (size_t)(slash - target.data)))
            return bad;
        target.len -= (size_t)(slash - target.data);
        target.data = slash;
    }
    const char *mark = memchr(target.data, '?', target.len);
    request->path = (struct text){target.data, mark ? (size_t)(mark - target.data) : target.len};
    if (!mark)
        return (struct http_fault){0, NULL};
    struct text query = {mark + 1, target.len - request->path.len - 1};
    request->arguments = malloc(2 * query.len + 2);
    if (!request->arguments)
        return (struct http_fault){503, "memory is short"};
    if (!http_request_decode(query, request->arguments, &request->arguments_len))
        return (struct http_fault){400, "a query argument is not encoded as it must be, or has a "
                                        "control character in it"};
    return (struct http_fault){0, NULL};
}

void http_request_mark_unreadable(struct http_request *request)
{
    http_add_field(request, "Stkgate-Reason", "unreadable_request");
}

struct http_fault http_request_begin(struct http_request *request,
                                     struct MHD_Connection *connection, const char *method,
                                     const char *version, size_t section_len)
{
    request->connection = connection;
    if (!text_copy(text_of(method), request->method, sizeof request->method) ||
        !is_token(text_of(method)))
        return (struct http_fault){400, "the method is not a valid one"};
    if (!section_is_clean(request, method, version, section_len)) {
        http_request_mark_unreadable(request);
        return (struct http_fault){
            400, "a header line is not a valid one: lines end with CR LF and are not continued, "
                 "and a NUL is not allowed"};
    }
    if (!framing_is_clear(request))
        return (struct http_fault){400, "where the body ends is not clear: Content-Length or "
                                        "Transfer-Encoding: chunked, once"};
    return split_target(request);
}

/* ---- the body ----------------------------------------------------------------------------------
 */

int http_request_add_body(struct http_request *request, const void *bytes, size_t len, size_t max)
{
    if (request->body_too_long || len > max - request->body_len) {
        request->body_too_long = true;
        request->body_dropped += len;
        return 0;
    }
    if (len > request->body_capacity - request->body_len) {
        size_t capacity = 2 * (request->body_len + len);
        char *body = malloc(capacity);
        if (!body)
            return -ENOMEM;
        /* Not realloc(): it would leave a copy behind. */
        if (request->body_len > 0)
            memcpy(body, request->body, request->body_len);
        secret_wipe(request->body, request->body_capacity);
        free(request->body);
        request->body = body;
        request->body_capacity = capacity;
    }
    memcpy(request->body + request->body_len, bytes, len);
    request->body_len += len;
    return 0;
}

void http_request_drop_body(struct http_request *request)
{
    secret_wipe(request->body, request->body_capacity);
    free(request->body);
    request->body = NULL;
    request->body_len = request->body_capacity = 0;
    request->body_too_long = true;
}

/* ---- what the handler asks ---------------------------------------------------------------------
 */

const char *http_method(const struct http_request *request)
{
    return request->method;
}

struct text http_path(const struct http_request *request)
{
    return request->path;
}

struct text http_body(const struct http_request *request)
{
    return (struct text){request->body, request->body_len};
}

const struct peer *http_peer(const struct http_request *request)
{
    return &request->peer;
}

/* a, separator and b, kept with the request. When memory is short, a text that nothing accepts: one
 * value of two would be a guess, and an absent one might mean less to be checked. */
static struct text join(struct http_request *request, struct text a, const char *separator,
                        struct text b)
{
    size_t separator_len = strlen(separator);
    size_t len = a.len + separator_len + b.len;
    struct http_kept *kept = malloc(sizeof *kept + len + 1);

    if (!kept)
        return TEXT("\001");
    kept->len = len + 1;
    kept->next = request->kept;
    request->kept = kept;
    if (a.len > 0)
        memcpy(kept->bytes, a.data, a.len);
    memcpy(kept->bytes + a.len, separator, separator_len);
    if (b.len > 0)
        memcpy(kept->bytes + a.len + separator_len, b.data, b.len);
    kept->bytes[len] = '\0';
    return (struct text){kept->bytes, len};
}

struct field_search {
    struct http_request *request;
    struct text name;
    struct text found;
};

static bool is_named(const char *name, size_t name_len, struct text wanted)
{
    return name_len == wanted.len && strncasecmp(name, wanted.data, wanted.len) == 0;
}

static enum MHD_Result search_field(void *cls, enum MHD_ValueKind kind, const char *name,
                                    size_t name_len, const char *value, size_t value_len)
{
    struct field_search *search = cls;

    if (!is_named(name, name_len, search->name))
        return MHD_YES;
    struct text this = text_trim((struct text){value, value_len});
    search->found = search->found.data ? join(search->request, search->found, ", ", this) : this;
    return MHD_YES;
}

struct text http_field(struct http_request *request, const char *name)
{
    struct field_search search = {.request = request, .name = text_of(name)};

    if (request->connection)
        MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND, search_field, &search);
    return search.found;
}

struct text http_argument(struct http_request *request, const char *name)
{
    struct text found = {NULL, 0};

    for (size_t at = 0; at < request->arguments_len;) {
        struct text key = text_of(request->arguments + at);
        struct text value = text_of(request->arguments + at + key.len + 1);
        at += key.len + value.len + 2;
        if (text_equal(key, text_of(name)))
            found = found.data ? join(request, found, " ", value) : value;
    }
    return found;
}

static enum MHD_Result wipe_field(void *cls, enum MHD_ValueKind kind, const char *name,
                                  size_t name_len, const char *value, size_t value_len)
{
    if (is_named(name, name_len, TEXT("X-Stella-Token")) ||
        is_named(name, name_len, TEXT("Authorization")) ||
        is_named(name, name_len, TEXT("X-API-Key")))
        /* In the connection's own, writable memory; const is MHD's promise to itself. */
        secret_wipe((char *)(uintptr_t)value, value_len);
    return MHD_YES;
}

void http_request_wipe_fields(struct http_request *request)
{
    if (request->connection)
        MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND, wipe_field, NULL);
}
