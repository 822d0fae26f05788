/* hostile.c - hostile FILE < token: a program with the view, under foreign control
 *
 * Tries through its mappings to change the view, each of which must fail; then makes FILE, and
 * spoils the buckets until it is killed: words that mean something, others, zeroes, holes.
 */
#include <err.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <stkgate.h>

struct area {
    uintptr_t from, to;
};

static struct area find(const char *name)
{
    char line[512];
    struct area area = {0};
    FILE *file = fopen("/proc/self/maps", "re");

    if (!file)
        err(2, "/proc/self/maps");
    while (fgets(line, sizeof line, file))
        if (strstr(line, name) && sscanf(line, "%lx-%lx", &area.from, &area.to) == 2)
            break;
    fclose(file);
    if (area.to == 0)
        errx(2, "no %s here", name);
    return area;
}

static bool can_reopen(const struct area *area)
{
    char path[96];

    snprintf(path, sizeof path, "/proc/self/map_files/%lx-%lx", area->from, area->to);
    return open(path, O_RDWR | O_CLOEXEC) >= 0;
}

static void try_to_change(const struct area *view)
{
    void *at = (void *)view->from;
    size_t len = view->to - view->from;

    if (mprotect(at, len, PROT_READ | PROT_WRITE) == 0)
        errx(1, "the view can be made writable");
    if (madvise(at, len, MADV_REMOVE) == 0)
        errx(1, "holes can be punched into the view");
    if (mremap(at, len, 2 * len, MREMAP_MAYMOVE) != MAP_FAILED)
        warnx("a longer mapping is had, and what is behind the view is nobody's");
    if (can_reopen(view))
        errx(1, "the view can be opened anew to be written");
}

static uint64_t draw(void)
{
    static uint64_t state = 4711;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static uint64_t word(void)
{
    switch (draw() % 6) {
    case 0: return 0;
    case 1: return UINT64_MAX;     /* "not moved yet" */
    case 2: return UINT64_MAX - 1; /* "frozen" */
    case 3: return UINT64_MAX - 2;
    case 4: return draw() >> 20;
    default: return draw();
    }
}

static void spoil(const struct area *buckets)
{
    _Atomic uint64_t *words = (_Atomic uint64_t *)buckets->from;

    for (size_t i = 0; i < (buckets->to - buckets->from) / sizeof *words; i++)
        atomic_store_explicit(&words[i], word(), memory_order_relaxed);
    if (draw() % 16 == 0)
        (void)madvise((void *)buckets->from, buckets->to - buckets->from, MADV_REMOVE);
}

int main(int argc, char *argv[])
{
    char token[128];
    struct stkgate_request request = STKGATE_REQUEST_INIT;
    struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;
    struct stkgate_options options = {.size = sizeof options, .deadline_ms = 30000};
    stkgate *gate;

    if (argc != 2 || !fgets(token, sizeof token, stdin))
        errx(64, "usage: hostile FILE < token");
    token[strcspn(token, "\n")] = '\0';
    request.token = stkgate_text(token);
    request.site = stkgate_text("kasa");
    if (stkgate_open(&gate, "shop", &options) < 0 || stkgate_check(gate, &request, &verdict) < 0)
        errx(2, "no first check");
    struct area view = find("/memfd:stkgate view "), buckets = find("/memfd:stkgate buckets ");
    try_to_change(&view);
    int fd = open(argv[1], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        err(2, "%s", argv[1]);
    for (;;)
        spoil(&buckets);
}
