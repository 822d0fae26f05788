/* http_answer.c - answers to requests: those functions of http.h */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "daemon/http_connection.h"
#include "lib/core/secret.h"

#define DETAIL_MAX 1024

void http_add_field(struct http_request *request, const char *name, const char *value)
{
    struct http_answer_field *field = malloc(sizeof *field);
    struct http_answer_field **end = &request->fields;
    char *copy = strdup(value);

    if (!field || !copy) {
        free(field);
        free(copy);
        return;
    }
    *field = (struct http_answer_field){NULL, name, copy};
    while (*end)
        end = &(*end)->next;
    *end = field;
}

/* What MHD frees when it has sent the body. */
struct body_copy {
    size_t len;
    bool secret;
    char bytes[];
};

static void free_body_copy(void *cls)
{
    struct body_copy *copy = cls;

    if (copy->secret)
        secret_wipe(copy->bytes, copy->len);
    free(copy);
}

static struct MHD_Response *make_response(struct text body, bool secret)
{
    struct body_copy *copy = malloc(sizeof *copy + body.len + 1);

    if (!copy)
        return NULL;
    copy->len = body.len;
    copy->secret = secret;
    if (body.len > 0)
        memcpy(copy->bytes, body.data, body.len);
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
        body.len, copy->bytes, free_body_copy, copy);
    if (!response)
        free_body_copy(copy);
    return response;
}

void http_answer(struct http_request *request, unsigned status, struct text body, bool secret)
{
    if (request->answered)
        return;
    request->answered = true;
    if (!request->connection) {
        http_request_free(request);
        return;
    }
    request->status = status;
    /* Without memory for it there is no answer: the connection is closed. */
    request->response = make_response(body, secret);
    for (struct http_answer_field *field = request->fields; field && request->response;
         field = field->next)
        MHD_add_response_header(request->response, field->name, field->value);
    if (request->suspended) {
        struct MHD_Connection *connection = request->connection;
        request->suspended = false;
        MHD_resume_connection(connection);
        http_connection_wake(request->owner);
    }
}

static const char *status_title(unsigned status)
{
    switch (status) {
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    case 507: return "Insufficient Storage";
    default: return "Error";
    }
}

void http_answer_problem(struct http_request *request, unsigned status, const char *format, ...)
{
    char detail[DETAIL_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    json_t *problem = json_pack("{s:s,s:s,s:i,s:s}", "type", "about:blank", "title",
                                status_title(status), "status", (int)status, "detail", detail);
    char *text = problem ? json_dumps(problem, JSON_COMPACT) : NULL;
    json_decref(problem);
    http_add_field(request, "Content-Type", "application/problem+json");
    http_add_field(request, "Cache-Control", "no-store");
    http_answer(request, status, text_of(text ? text : "{}"), false);
    free(text);
}
