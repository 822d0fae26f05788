#include "module/face/field.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    size_t len; /* of the name; candidate() has them, too */
    const char *variable;
} fields[FIELD_COUNT + 1] = {
    [FIELD_TOKEN] = {"X-Stella-Token", 14, "HTTP_X_STELLA_TOKEN"},
    [FIELD_AUTHORIZATION] = {"Authorization", 13, "HTTP_AUTHORIZATION"},
    [FIELD_API_KEY] = {"X-API-Key", 9, "HTTP_X_API_KEY"},
    [FIELD_SITE] = {"X-Site-ID", 9, "HTTP_X_SITE_ID"},
    [FIELD_ORIGIN] = {"Origin", 6, "HTTP_ORIGIN"},
    [FIELD_COUNT] = {"", 0, ""},
};

/* The one it is if it is any: their lengths tell them apart, but for two. */
static enum field candidate(const char *name, size_t len)
{
    switch (len) {
    case 14: return FIELD_TOKEN;
    case 13: return FIELD_AUTHORIZATION;
    case 9: return name[2] == 'S' || name[2] == 's' ? FIELD_SITE : FIELD_API_KEY;
    case 6: return FIELD_ORIGIN;
    default: return FIELD_COUNT;
    }
}

enum field field_of_name(const char *name, size_t len)
{
    enum field field = candidate(name, len);
    if (field != FIELD_COUNT && strncasecmp(fields[field].name, name, len) != 0)
        field = FIELD_COUNT;
    return field;
}

enum field field_of_lookalike(const char *name, size_t len)
{
    char hyphens[FIELD_NAME_MAX];

    if (len > sizeof hyphens || memchr(name, '_', len) == NULL)
        return FIELD_COUNT;
    for (size_t i = 0; i < len; i++)
        hyphens[i] = (char)(name[i] == '_' ? '-' : name[i]);
    return field_of_name(hyphens, len);
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

struct stkgate_text *field_in(struct stkgate_request *request, enum field field)
{
    switch (field) {
    case FIELD_TOKEN: return &request->token;
    case FIELD_AUTHORIZATION: return &request->authorization;
    case FIELD_API_KEY: return &request->api_key;
    case FIELD_SITE: return &request->site;
    case FIELD_ORIGIN: return &request->origin;
    case FIELD_COUNT: break;
    }
    return NULL;
}

void field_set(struct stkgate_request *request, enum field field, struct stkgate_text value)
{
    struct stkgate_text *place = field_in(request, field);
    if (place != NULL)
        *place = trim(value);
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
