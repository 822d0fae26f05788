#include "module/apache/gates.h"

#include <apr_strings.h>
#include <apr_tables.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

struct gate {
    const char *service, *runtime;
    stkgate *handle;
};

static struct {
    apr_pool_t *pool;
    apr_array_header_t *services, *runtimes; /* of const char * */
    apr_array_header_t *gates;               /* of struct gate */
    uint32_t deadline_ms;
    pid_t opener;
} set;

/* A child's threads may still be at work when its pools go: there they are left to its end. */
static apr_status_t close_all(void *data)
{
    for (int i = 0; set.gates && i < set.gates->nelts && getpid() == set.opener; i++) {
        struct gate *gate = (struct gate *)set.gates->elts + i;
        gate->handle = stkgate_close(gate->handle);
    }
    memset(&set, 0, sizeof set);
    return APR_SUCCESS;
}

static bool is_same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static void add_once(apr_array_header_t *names, const char *name)
{
    for (int i = 0; i < names->nelts; i++)
        if (is_same(((const char *const *)names->elts)[i], name))
            return;
    *(const char **)apr_array_push(names) = name;
}

void gates_begin(apr_pool_t *pconf)
{
    set.pool = pconf;
    set.opener = getpid();
    set.deadline_ms = 0;
    set.services = apr_array_make(pconf, 4, sizeof(const char *));
    set.runtimes = apr_array_make(pconf, 2, sizeof(const char *));
    set.gates = apr_array_make(pconf, 4, sizeof(struct gate));
    add_once(set.services, GATES_SERVICE);
    add_once(set.runtimes, NULL);
    apr_pool_cleanup_register(pconf, NULL, close_all, apr_pool_cleanup_null);
}

static int open_one(const char *service, const char *runtime, stkgate **ret)
{
    struct stkgate_options options = STKGATE_OPTIONS_INIT;
    options.runtime = runtime;
    options.deadline_ms = set.deadline_ms;
    return stkgate_open(ret, service, &options);
}

/* What is no name, the library knows best. */
static int try_one(const char *service, const char *runtime)
{
    stkgate *gate;
    int r = open_one(service, runtime, &gate);
    if (r == 0)
        stkgate_close(gate);
    return r;
}

int gates_add_service(const char *service)
{
    int r = try_one(service, NULL);
    if (r == 0)
        add_once(set.services, service);
    return r;
}

int gates_add_runtime(const char *runtime)
{
    int r = try_one(GATES_SERVICE, runtime);
    if (r == 0)
        add_once(set.runtimes, runtime);
    return r;
}

/* Call fn for each pair, until it returns something other than 0; its last value. */
static int each_pair(int (*fn)(const char *service, const char *runtime, void *userdata),
                     void *userdata)
{
    int r = 0;
    for (int i = 0; r == 0 && i < set.services->nelts; i++)
        for (int k = 0; r == 0 && k < set.runtimes->nelts; k++)
            r = fn(((const char *const *)set.services->elts)[i],
                   ((const char *const *)set.runtimes->elts)[k], userdata);
    return r;
}

void gates_set_deadline(uint32_t deadline_ms)
{
    set.deadline_ms = deadline_ms;
}

static int open_pair(const char *service, const char *runtime, void *userdata)
{
    struct gate gate = {service, runtime, NULL};
    int r = open_one(service, runtime, &gate.handle);
    if (r == 0)
        *(struct gate *)apr_array_push(set.gates) = gate;
    return r;
}

int gates_open(void)
{
    return each_pair(open_pair, NULL);
}

stkgate *gates_find(const char *service, const char *runtime)
{
    for (int i = 0; set.gates && i < set.gates->nelts; i++) {
        const struct gate *gate = (const struct gate *)set.gates->elts + i;
        if (is_same(gate->service, service) && is_same(gate->runtime, runtime))
            return gate->handle;
    }
    return NULL;
}

struct question {
    const char *names;
    int answer; /* 0; or the value of the last failure, one that says so before one that nobody said
                 */
};

static int ask_pair(const char *service, const char *runtime, void *userdata)
{
    struct question *question = userdata;
    stkgate *gate;
    uint64_t mask;
    int r = open_one(service, runtime, &gate);
    if (r == 0) {
        r = stkgate_scope(gate, question->names, &mask);
        stkgate_close(gate);
    }
    if (question->answer != -ENXIO)
        question->answer = r;
    return r == 0 || r == -EINVAL; /* ends the walk */
}

int gates_know_scopes(const char *names)
{
    struct question question = {names, -ENOENT};
    if (each_pair(ask_pair, &question) == 0)
        return question.answer;
    return question.answer == -EINVAL ? -EINVAL : 0;
}
