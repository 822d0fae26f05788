#include "tests/faces/purse.h"

#include <err.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "tests/crowd/admin_call.h"

#define KEY_ID_MAX 32

void purse_open(struct purse *purse, const struct table *table, const char *runtime,
                const char *secrets)
{
    *purse = (struct purse){.table = table, .admin_fd = admin_call_dial(runtime)};
    purse->secrets = fopen(secrets, "ae");
    if (!purse->secrets)
        err(EXIT_FAILURE, "%s", secrets);
}

void purse_close(struct purse *purse)
{
    close(purse->admin_fd);
    if (fclose(purse->secrets) != 0)
        err(EXIT_FAILURE, "the list of secrets");
}

static void draw_legacy(char ret[static PURSE_VALUE_MAX])
{
    uint64_t words[2];

    if (getrandom(words, sizeof words, 0) != (ssize_t)sizeof words)
        err(EXIT_FAILURE, "getrandom");
    snprintf(ret, PURSE_VALUE_MAX, "legacy-%016llx%016llx", (unsigned long long)words[0],
             (unsigned long long)words[1]);
}

static void make(struct purse *purse, const struct credential_spec *spec,
                 char ret_key_id[static KEY_ID_MAX], char ret[static PURSE_VALUE_MAX])
{
    char reply[ADMIN_REPLY_MAX + 1], body[1024];

    if (strcmp(spec->kind, "legacy") == 0) {
        draw_legacy(ret);
        snprintf(body, sizeof body, "{\"api_key\":\"%s\",%s", ret, spec->json + 1);
        admin_call_post(purse->admin_fd, "/v1/legacy", body, reply);
    } else {
        admin_call_post(purse->admin_fd, "/v1/tokens", spec->json, reply);
        admin_call_member(reply, "secret", ret, PURSE_VALUE_MAX);
    }
    admin_call_member(reply, "key_id", ret_key_id, KEY_ID_MAX);
    fprintf(purse->secrets, "%s\n", ret);
}

static void wait_until_expired(struct purse *purse, const char *key_id)
{
    char path[64], reply[ADMIN_REPLY_MAX + 1], state[16];
    const struct timespec nap = {.tv_nsec = 20000000};

    snprintf(path, sizeof path, "/v1/tokens/%s", key_id);
    for (int i = 0; i < 1500; i++) {
        admin_call(purse->admin_fd, "GET", path, "", reply);
        admin_call_member(reply, "state", state, sizeof state);
        if (strcmp(state, "expired") == 0)
            return;
        nanosleep(&nap, NULL);
    }
    errx(EXIT_FAILURE, "%s does not expire", key_id);
}

static void change(struct purse *purse, const char *then, const char *key_id)
{
    char path[96], reply[ADMIN_REPLY_MAX + 1], value[PURSE_VALUE_MAX];

    if (strcmp(then, "expired") == 0)
        return;
    snprintf(path, sizeof path, "/v1/tokens/%s/%s", key_id, then);
    admin_call_post(purse->admin_fd, path, "{}", reply);
    if (strcmp(then, "rotate") == 0) {
        admin_call_member(reply, "secret", value, sizeof value);
        fprintf(purse->secrets, "%s\n", value);
    }
}

void purse_fill(struct purse *purse, const char *path)
{
    char key_ids[CREDENTIALS_MAX][KEY_ID_MAX];
    const struct table *table = purse->table;
    FILE *file = fopen(path, "we");

    if (!file)
        err(EXIT_FAILURE, "%s", path);
    for (size_t i = 0; i < table->credential_count; i++) {
        const struct credential_spec *spec = &table->credentials[i];
        if (spec->fresh)
            continue;
        make(purse, spec, key_ids[i], purse->values[i]);
        if (spec->then)
            change(purse, spec->then, key_ids[i]);
        fprintf(file, "%s %s\n", spec->name, purse->values[i]);
    }
    for (size_t i = 0; i < table->credential_count; i++)
        if (table->credentials[i].then && strcmp(table->credentials[i].then, "expired") == 0)
            wait_until_expired(purse, key_ids[i]);
    if (fclose(file) != 0)
        err(EXIT_FAILURE, "%s", path);
}

void purse_load(struct purse *purse, const char *path)
{
    const struct table *table = purse->table;
    char line[PURSE_VALUE_MAX + 64];
    FILE *file = fopen(path, "re");

    if (!file)
        err(EXIT_FAILURE, "%s", path);
    while (fgets(line, sizeof line, file)) {
        char *value = strchr(line, ' ');
        line[strcspn(line, "\n")] = '\0';
        const struct credential_spec *spec =
            value ? table_credential(table, line, (size_t)(value - line)) : NULL;
        if (!spec || strlen(value + 1) >= PURSE_VALUE_MAX)
            errx(EXIT_FAILURE, "%s: not the credentials of this table", path);
        strcpy(purse->values[spec - table->credentials], value + 1);
    }
    fclose(file);
}

void purse_next_row(struct purse *purse)
{
    for (size_t i = 0; i < purse->table->credential_count; i++)
        if (purse->table->credentials[i].fresh)
            purse->values[i][0] = '\0';
}

const char *purse_value(struct purse *purse, const struct credential_spec *spec)
{
    char key_id[KEY_ID_MAX];
    char *value = purse->values[spec - purse->table->credentials];

    if (value[0] == '\0' && spec->fresh)
        make(purse, spec, key_id, value);
    if (value[0] == '\0')
        errx(EXIT_FAILURE, "%s was not made", spec->name);
    return value;
}
