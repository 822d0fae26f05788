#include "tests/module/client/fake_view.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static void *make_memory(const char *name, size_t len, int *ret_fd)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, (off_t)len), 0);
    ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
    void *memory = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ck_assert_ptr_ne(memory, MAP_FAILED);
    *ret_fd = fd;
    return memory;
}

static size_t bucket_bytes_of(uint32_t groups)
{
    size_t bytes = (size_t)groups * VIEW_GROUP_SLOTS * sizeof(struct view_bucket);
    return (bytes + VIEW_PAGE - 1) / VIEW_PAGE * VIEW_PAGE;
}

void fake_view_make(struct fake_view *view, uint32_t groups)
{
    static uint64_t epoch;
    char path[64];
    memset(view, 0, sizeof *view);
    view->bytes = view_geometry(groups, 65536).bytes;
    view->bucket_bytes = bucket_bytes_of(groups);
    view->memory = make_memory("stkgate-view", view->bytes, &view->fd);
    view->shared = make_memory("stkgate-buckets", view->bucket_bytes, &view->bucket_fd);
    view->own = aligned_alloc(VIEW_PAGE, view->bucket_bytes);
    ck_assert_ptr_nonnull(view->own);
    memset(view->own, 0, view->bucket_bytes);
    snprintf(path, sizeof path, "/proc/self/fd/%d", view->fd);
    view->read_only_fd = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(view->read_only_fd, 0);
    publisher_make(view->memory, groups, 65536, ++epoch);
    ck_assert_int_eq(
        publisher_open(view->memory, view->bytes, view->shared, view->own, &view->publisher), 0);
    view->handout = (struct fake_handout){
        .view_bytes = view->bytes,
        .bucket_bytes = view->bucket_bytes,
        .fds = {view->read_only_fd, view->bucket_fd},
        .count = 2,
    };
    atomic_store(&view->publisher.header->flags, VIEW_COMPLETE | VIEW_CURRENT);
    atomic_store(&view->publisher.header->generation, 1);
    atomic_store(&view->publisher.header->incarnation, FAKE_INCARNATION);
}

void fake_view_free(struct fake_view *view)
{
    munmap(view->memory, view->bytes);
    munmap(view->shared, view->bucket_bytes);
    free(view->own);
    close(view->fd);
    close(view->bucket_fd);
    close(view->read_only_fd);
}

uint64_t fake_view_clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

void fake_view_lease(struct fake_view *view, double seconds)
{
    uint64_t until_ns = fake_view_clock_ns() + (uint64_t)(int64_t)(seconds * 1e9);
    atomic_store(&view->publisher.header->valid_until_ns, until_ns);
}

struct record fake_view_record(const char *token)
{
    struct record record = {
        .kind = KIND_LIVE,
        .scopes = SCOPE_ALL_BUILTIN,
        .limit = {.requests = 60, .window_ns = UINT64_C(60000000000), .burst = 60},
        .created_at = 1700000000,
        .seq = 1,
        .key_id = TEXT("key_0123456789ABCDEF"),
        .site = TEXT("kasa"),
        .name = TEXT("test"),
        .secret_prefix = TEXT("stk_live_zQWB"),
    };
    digest_token(text_of(token), record.digest);
    return record;
}

struct view_bucket *fake_view_put(struct fake_view *view, const struct record *record)
{
    uint32_t slot;
    ck_assert_int_eq(publisher_put(&view->publisher, record, NULL, fake_view_clock_ns(), &slot), 0);
    return publisher_settled_bucket(&view->publisher, slot, fake_view_clock_ns());
}
