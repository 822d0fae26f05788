#include "module/face/field.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *name, *variable;
} fields[FIELD_COUNT + 1] = {
    [FIELD_TOKEN] = {"X-Stella-Token", "HTTP_X_STELLA_TOKEN"},
    [FIELD_AUTHORIZATION] = {"Authorization", "HTTP_AUTHORIZATION"},
    [FIELD_API_KEY] = {"X-API-Key", "HTTP_X_API_KEY"},
    [FIELD_SITE] = {"X-Site-ID", "HTTP_X_SITE_ID"},
    [FIELD_ORIGIN] = {"Origin", "HTTP_ORIGIN"},
    [FIELD_COUNT] = {"", ""},
};

enum field field_of_name(const char *name, size_t len)
{
    for (unsigned field = 0; field < FIELD_COUNT; field++)
        if (strlen(fields[field].name) == len && strncasecmp(fields[field].name, name, len) == 0)
            return (enum field)field;
    return FIELD_COUNT;
}

const char *field_name(enum field field)
{
    return fields[field < FIELD_COUNT ? field : FIELD_COUNT].name;
}

const char *field_variable(enum field field)
{
    return fields[field < FIELD_COUNT ? field : FIELD_COUNT].variable;
}

/* Blanks around a value are none of it (RFC 9110, 5.5). nginx takes spaces off and leaves tabs. */
static struct stkgate_text trim(struct stkgate_text value)
{
    while (value.length > 0 && (value.data[0] == ' ' || value.data[0] == '\t')) {
        value.data++;
        value.length--;
    }
    while (value.length > 0 &&
           (value.data[value.length - 1] == ' ' || value.data[value.length - 1] == '\t'))
        value.length--;
    return value;
}

void field_set(struct stkgate_request *request, enum field field, struct stkgate_text value)
{
    value = trim(value);
    switch (field) {
    case FIELD_TOKEN: request->token = value; break;
    case FIELD_AUTHORIZATION: request->authorization = value; break;
    case FIELD_API_KEY: request->api_key = value; break;
    case FIELD_SITE: request->site = value; break;
    case FIELD_ORIGIN: request->origin = value; break;
    case FIELD_COUNT: break;
    }
}

/* Wherever it stands: behind another scheme or value, too, where a field came more than once. */
static bool holds(struct stkgate_text value, const char *what)
{
    size_t len = strlen(what);
    for (size_t i = 0; i + len <= value.length; i++)
        if (memcmp(value.data + i, what, len) == 0)
            return true;
    return false;
}

bool field_is_secret(enum field field, struct stkgate_text value)
{
    switch (field) {
    case FIELD_TOKEN:
    case FIELD_API_KEY: return true;
    case FIELD_AUTHORIZATION: return holds(value, "stk_");
    case FIELD_SITE:
    case FIELD_ORIGIN:
    case FIELD_COUNT: break;
    }
    return false;
}
