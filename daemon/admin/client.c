#include "daemon/admin/client.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <curl/curl.h>

#include "daemon/admin/wiping.h"
#include "daemon/commands.h"

#define CONNECT_TIMEOUT_MS 5000L
#define ANSWER_TIMEOUT_MS  60000L
#define FIELDS_BYTES_MAX   ((size_t)64 * 1024)
#define BODY_BYTES_MAX     ((size_t)8 * 1024 * 1024)

struct client {
    CURL *curl;
    struct curl_slist *fields;
    long timeout_ms;
    char socket[sizeof((struct sockaddr_un *)0)->sun_path];
    char message[CLIENT_MESSAGE_MAX];
    /* the answer that is being received */
    char *body;
    size_t body_len, body_capacity, fields_len;
};

/* ---- receiving ----------------------------------------------------------------------------- */

static bool grow_body(struct client *client, size_t wanted)
{
    if (wanted <= client->body_capacity)
        return true;
    size_t capacity = client->body_capacity ? client->body_capacity : 4096;
    while (capacity < wanted)
        capacity *= 2;
    char *body = wiping_realloc(client->body, capacity);
    if (!body)
        return false;
    client->body = body;
    client->body_capacity = capacity;
    return true;
}

/* A count that differs from the one given makes libcurl end the transfer. */
static size_t take_body(char *bytes, size_t size, size_t count, void *userdata)
{
    struct client *client = userdata;
    size_t len = size * count;
    if (len > BODY_BYTES_MAX - client->body_len || !grow_body(client, client->body_len + len))
        return 0;
    memcpy(client->body + client->body_len, bytes, len);
    client->body_len += len;
    return len;
}

static size_t take_field(char *bytes, size_t size, size_t count, void *userdata)
{
    struct client *client = userdata;
    client->fields_len += size * count;
    return client->fields_len > FIELDS_BYTES_MAX ? 0 : size * count;
}

static void forget_body(struct client *client)
{
    wiping_free(client->body);
    client->body = NULL;
    client->body_len = client->body_capacity = client->fields_len = 0;
}

/* ---- life ---------------------------------------------------------------------------------- */

static bool set_options(struct client *client)
{
    CURL *curl = client->curl;
    return curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, client->socket) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, client->timeout_ms) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HTTPHEADER, client->fields) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, client) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_field) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERDATA, client) == CURLE_OK;
}

/* "Expect:" without a value: libcurl then never waits for a 100 before it sends a body. */
static struct curl_slist *request_fields(void)
{
    static const char *const lines[] = {"Content-Type: application/json",
                                        "Accept: application/json", "Expect:"};
    struct curl_slist *list = NULL;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct curl_slist *longer = curl_slist_append(list, lines[i]);
        if (!longer) {
            curl_slist_free_all(list);
            return NULL;
        }
        list = longer;
    }
    return list;
}

int client_new(const struct client_options *options, struct client **ret)
{
    struct client *client = calloc(1, sizeof *client);
    if (!client)
        return -ENOMEM;
    int len = snprintf(client->socket, sizeof client->socket, "%s/admin.sock", options->runtime);
    if (len < 0 || (size_t)len >= sizeof client->socket) {
        client_free(client);
        return -ENAMETOOLONG;
    }
    client->timeout_ms = options->timeout_ms ? options->timeout_ms : ANSWER_TIMEOUT_MS;
    client->curl = curl_easy_init();
    client->fields = request_fields();
    if (!client->curl || !client->fields || !set_options(client)) {
        client_free(client);
        return -ENOMEM;
    }
    *ret = client;
    return 0;
}

struct client *client_free(struct client *client)
{
    if (client) {
        forget_body(client);
        curl_easy_cleanup(client->curl);
        curl_slist_free_all(client->fields);
        free(client);
    }
    return NULL;
}

const char *client_message(const struct client *client)
{
    return client->message;
}

char *client_escape(struct client *client, const char *text)
{
    /* Its length would be an int; nothing this long can be a site or a position. */
    return strlen(text) > 4096 ? NULL : curl_easy_escape(client->curl, text, 0);
}

/* ---- calling ------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static int fail(struct client *client, int status,
                                                      const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(client->message, sizeof client->message, format, args);
    va_end(args);
    return status;
}

static int fail_to_connect(struct client *client)
{
    long error = 0;
    curl_easy_getinfo(client->curl, CURLINFO_OS_ERRNO, &error);
    switch (error) {
    case EACCES:
    case EPERM:
        return fail(client, EXIT_STATUS_UNAVAILABLE,
                    "you may not open %s: be root or a member of group stkgate-admin",
                    client->socket);
    case EAGAIN:
        return fail(client, EXIT_STATUS_UNAVAILABLE, "the daemon at %s is busy: try again",
                    client->socket);
    default:
        return fail(client, EXIT_STATUS_UNAVAILABLE,
                    "no daemon at %s (%s): start it with 'systemctl start stkgate.socket', or name "
                    "its directory with --runtime",
                    client->socket, error ? strerror((int)error) : "no connection");
    }
}

/* No answer to a request that may have arrived: a change may have been made. */
static int fail_in_transfer(struct client *client, CURLcode code, bool is_change)
{
    const char *what = code == CURLE_OPERATION_TIMEDOUT ? "did not answer in time"
                       : code == CURLE_WRITE_ERROR      ? "gave too long an answer"
                       : code == CURLE_OUT_OF_MEMORY    ? "could not be asked: out of memory"
                                                        : "broke off without an answer";
    return fail(client, EXIT_STATUS_REFUSED, "the daemon at %s %s%s", client->socket, what,
                is_change ? ": the change may have been made; look with 'stkgate admin list'" : "");
}

/* What a problem+json says, its detail first. */
static int fail_with_problem(struct client *client, long http_status, const json_t *problem)
{
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    if (!detail || *detail == '\0')
        detail = json_string_value(json_object_get(problem, "title"));
    if (!detail || *detail == '\0')
        return fail(client, EXIT_STATUS_REFUSED,
                    "the daemon answered with status %ld and no explanation; its log may have one",
                    http_status);
    return fail(client, EXIT_STATUS_REFUSED, "%s", detail);
}

static int take_answer(struct client *client, json_t **ret)
{
    long http_status = 0;
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &http_status);
    json_t *answer = json_loadb(client->body ? client->body : "", client->body_len,
                                JSON_REJECT_DUPLICATES, NULL);
    int status = EXIT_STATUS_OK;
    if (http_status < 200 || http_status > 299)
        status = fail_with_problem(client, http_status, answer);
    else if (!json_is_object(answer))
        status = fail(client, EXIT_STATUS_REFUSED,
                      "what answers at %s is no stkgate daemon, or one of another version",
                      client->socket);
    if (status == EXIT_STATUS_OK)
        *ret = answer;
    else
        json_decref(answer);
    return status;
}

static bool is_change(const struct client_call *call)
{
    return strcmp(call->method, "GET") != 0;
}

/* body: "" for none. */
static bool set_request(struct client *client, const struct client_call *call, const char *body)
{
    char url[8192];
    int len = snprintf(url, sizeof url, "http://localhost%s", call->path);
    if (len < 0 || (size_t)len >= sizeof url ||
        curl_easy_setopt(client->curl, CURLOPT_URL, url) != CURLE_OK)
        return false;
    if (!is_change(call))
        return curl_easy_setopt(client->curl, CURLOPT_HTTPGET, 1L) == CURLE_OK &&
               curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, NULL) == CURLE_OK;
    return curl_easy_setopt(client->curl, CURLOPT_POST, 1L) == CURLE_OK &&
           curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, call->method) == CURLE_OK &&
           curl_easy_setopt(client->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body)) ==
               CURLE_OK &&
           curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, body) == CURLE_OK;
}

int client_call(struct client *client, const struct client_call *call, json_t **ret)
{
    char *body = call->body ? json_dumps(call->body, JSON_COMPACT) : NULL;
    int status;
    forget_body(client);
    if ((call->body && !body) || !set_request(client, call, body ? body : "")) {
        status = fail(client, EXIT_STATUS_REFUSED, "the request could not be made: out of memory");
    } else {
        CURLcode code = curl_easy_perform(client->curl);
        status = code == CURLE_OK                ? take_answer(client, ret)
                 : code == CURLE_COULDNT_CONNECT ? fail_to_connect(client)
                                                 : fail_in_transfer(client, code, is_change(call));
    }
    curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, NULL);
    wiping_free(body);
    forget_body(client);
    return status;
}
