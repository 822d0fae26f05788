#include "module/apache/scopes.h"

#include <apr_strings.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "module/face/cold.h"

#define FEW 128 /* bytes of names: nearly always they are few */

/* Who takes it first fills it in, and shows it by the handle; nobody writes it again. */
struct kept {
    atomic_flag is_taken;
    _Atomic(stkgate *) gate; /* NULL: not filled in */
    uint64_t scopes;
};

struct scopes_line {
    struct kept kept;
};

static struct {
    struct kept kept;
    char names[FEW];
} known;

static bool is_of(const struct kept *kept, const stkgate *gate)
{
    return atomic_load_explicit(&kept->gate, memory_order_acquire) == gate;
}

static void show(struct kept *kept, stkgate *gate, uint64_t scopes)
{
    kept->scopes = scopes;
    atomic_store_explicit(&kept->gate, gate, memory_order_release);
}

static void clear(struct kept *kept)
{
    atomic_flag_clear(&kept->is_taken);
    atomic_store(&kept->gate, NULL);
}

struct scopes_line *scopes_line_make(apr_pool_t *pool)
{
    struct scopes_line *line = apr_palloc(pool, sizeof *line);
    clear(&line->kept);
    return line;
}

COLD static int look_bits_up(struct scopes_line *line, stkgate *gate, const char *names,
                             uint64_t *ret_mask)
{
    int r = stkgate_scope(gate, names, ret_mask);
    if (r == 0 && !atomic_flag_test_and_set(&line->kept.is_taken))
        show(&line->kept, gate, *ret_mask);
    return r;
}

int scopes_look_up(struct scopes_line *line, stkgate *gate, const char *names, uint64_t *ret_mask)
{
    if (is_of(&line->kept, gate)) {
        *ret_mask = line->kept.scopes;
        return 0;
    }
    return look_bits_up(line, gate, names, ret_mask);
}

/* Else one of them may get its name yet. */
static bool are_all_named(uint64_t scopes, const char *names)
{
    int count = names[0] != '\0';
    for (; *names != '\0'; names++)
        count += *names == ' ';
    return count == __builtin_popcountll(scopes);
}

COLD static const char *look_names_up(apr_pool_t *pool, stkgate *gate, uint64_t scopes)
{
    char few[FEW];
    size_t len = 0;

    if (stkgate_scope_names(gate, scopes, few, sizeof few, &len) == 0) {
        if (are_all_named(scopes, few) && !atomic_flag_test_and_set(&known.kept.is_taken)) {
            memcpy(known.names, few, len + 1);
            show(&known.kept, gate, scopes);
        }
        return apr_pstrmemdup(pool, few, len);
    }
    char *all = apr_palloc(pool, STKGATE_SCOPES_MAX);
    return stkgate_scope_names(gate, scopes, all, STKGATE_SCOPES_MAX, &len) == 0 ? all : "";
}

const char *scopes_names(apr_pool_t *pool, stkgate *gate, uint64_t scopes)
{
    bool are_known = is_of(&known.kept, gate) && known.kept.scopes == scopes;
    return are_known ? known.names : look_names_up(pool, gate, scopes);
}

void scopes_begin(void)
{
    clear(&known.kept);
}
