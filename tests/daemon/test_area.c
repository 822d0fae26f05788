/* A view with its files, as systemd keeps it. */
#include "daemon/area.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/map/large.h"
#include "tests/daemon/kept.h"
#include "tests/suite.h"

static struct fdstore files;

static struct area *make(uint64_t epoch)
{
    struct area *area;

    ck_assert_int_eq(area_new(100, 1, epoch, &area), 0);
    return area;
}

static unsigned kept_count(void)
{
    kept_give(&files);
    unsigned count = files.count;
    fdstore_close(&files);
    return count;
}

START_TEST(is_empty_and_has_room_for_as_many)
{
    struct area *area = make(7);

    ck_assert_uint_eq(view_slots(&area->publisher.view), 128);
    ck_assert_uint_eq(area->publisher.used, 0);
    ck_assert_uint_ge(area->publisher.view.heap_bytes, 128 * 256);
    ck_assert_uint_eq(area->publisher.header->epoch, 7);
    ck_assert_uint_ge(area_resident(area), 128 * 160);
    ck_assert_uint_lt(area_resident(area), 128 * 256); /* the heap takes none yet */
    area_free(area);
    ck_assert_uint_eq(area_resident(NULL), 0);
}
END_TEST

START_TEST(is_mapped_bit_by_bit_but_for_what_takes_no_memory_yet)
{
    struct area *area;
    unsigned calls = 1;

    ck_assert_int_eq(area_new(8192, 1, 7, &area), 0);
    uint64_t resident = area_resident(area);
    while (area_map_some(area))
        calls++;
    /* 1.3 MB, in more than one piece, and it comes to an end. */
    ck_assert_uint_gt(calls, 4);
    ck_assert_uint_lt(calls, 1000);
    ck_assert_uint_eq(area_resident(area), resident);
    ck_assert(!area_map_some(area));
    ck_assert_uint_eq(area->mapped, 4096 + 8192 + 8192 * 160);
    area_free(area);
}
END_TEST

/* What the heap has, as if so much had been put in it. */
static uint64_t resident_with_heap(struct area *area, uint64_t used)
{
    atomic_store(&area->publisher.header->heap_used, used);
    while (area_map_some(area))
        continue;
    return area_resident(area);
}

START_TEST(a_heap_that_is_large_has_room_ahead_and_a_small_one_takes_none)
{
    const uint64_t large = LARGE_PAGE;
    struct area *area;

    ck_assert_int_eq(area_new(65536, 1, 7, &area), 0);
    uint64_t resident = area_resident(area);
    size_t heap = (size_t)(area->publisher.heap - (const uint8_t *)area->view.bytes);
    uint64_t next = (heap + large) / large * large + large; /* beyond the first that count */
    for (uint64_t used = 0; used < large; used += 4096)
        ck_assert_uint_eq(resident_with_heap(area, used), resident);
    /* Far from its end, near it, and there already. */
    ck_assert_uint_eq(resident_with_heap(area, next - heap - large / 2), resident);
    ck_assert_uint_eq(resident_with_heap(area, next - heap - 4096), resident + large);
    ck_assert_uint_eq(area->heap_large, next);
    ck_assert_uint_eq(resident_with_heap(area, next - heap), resident + large);
    ck_assert_uint_eq(resident_with_heap(area, next - heap + large - 4096), resident + 2 * large);
    /* A whole one must be left. */
    uint64_t end = area->view.len / large * large;
    ck_assert_uint_eq(resident_with_heap(area, end - heap - large), resident + 3 * large);
    ck_assert_uint_eq(resident_with_heap(area, end - heap), resident + 3 * large);
    ck_assert_uint_eq(resident_with_heap(area, area->view.len - heap), resident + 3 * large);
    area_free(area);
}
END_TEST

START_TEST(what_is_begun_comes_to_exist_bit_by_bit_and_is_the_same_in_the_end)
{
    const size_t step = 64 * 1024;
    struct area *area, *whole;
    unsigned calls = 0;
    int r;

    ck_assert_int_eq(area_new(8192, 1, 7, &whole), 0);
    ck_assert_int_eq(area_begin(8192, 1, 7, &area), 0);
    uint64_t resident = area_resident(area);
    ck_assert_uint_le(resident, step);
    while ((r = area_provide_some(area, step)) > 0) {
        ck_assert_uint_le(area_resident(area), resident + step);
        resident = area_resident(area);
        calls++;
    }
    ck_assert_int_eq(r, 0);
    ck_assert_uint_gt(calls, 8192 * 160 / step - 1);
    ck_assert_uint_eq(area_resident(area), area_resident(whole));
    ck_assert_uint_eq(view_slots(&area->publisher.view), view_slots(&whole->publisher.view));
    ck_assert_uint_eq(area->publisher.header->epoch, 7);
    ck_assert_uint_eq(area->publisher.used, 0);
    area_free(area);
    area_free(whole);
}
END_TEST

START_TEST(what_cannot_come_to_exist_is_said)
{
    struct area *area;
    int barred, r;

    ck_assert_int_eq(area_begin(8192, 1, 7, &area), 0);
    ck_assert_int_eq(memory_open_read_only(&area->shared, &barred), 0);
    close(area->shared.fd);
    area->shared.fd = barred;
    while ((r = area_provide_some(area, 1 << 20)) > 0)
        continue;
    ck_assert_int_eq(r, -EBADF);
    area_free(area);
}
END_TEST

START_TEST(comes_back_from_the_store_with_what_was_in_it)
{
    struct area *found;

    kept_begin();
    struct area *area = make(7);
    area_keep(area);
    area->publisher.header->generation = 99;
    area->publisher.view.buckets[5].tat = 1234;
    area->publisher.own[6].tat = 5678;
    area_free(area);
    kept_give(&files);
    ck_assert_int_eq(area_adopt(&files, 7, &found), 0);
    ck_assert_uint_eq(found->publisher.header->generation, 99);
    ck_assert_uint_eq(found->publisher.view.buckets[5].tat, 1234);
    ck_assert_uint_eq(found->publisher.own[6].tat, 5678);
    fdstore_close(&files);
    area_drop(found);
    ck_assert_uint_eq(kept_count(), 0);
    kept_end();
}
END_TEST

START_TEST(files_are_told_apart_by_their_epochs)
{
    kept_begin();
    struct area *two = make(2), *ten = make(10);
    area_keep(two);
    area_keep(ten);
    kept_give(&files);
    ck_assert_uint_eq(files.count, 6);
    ck_assert_uint_eq(area_epoch_below(&files, UINT64_MAX), 10);
    ck_assert_uint_eq(area_epoch_below(&files, 10), 2);
    ck_assert_uint_eq(area_epoch_below(&files, 2), 0);
    fdstore_close(&files);
    area_drop(ten);
    ck_assert_uint_eq(kept_count(), 3);
    area_free(two);
    kept_end();
}
END_TEST

/* One of its files is missing, another file, or another view's: nothing of it is used, all of it is
 * closed, and forgotten. */
START_TEST(files_that_are_no_view_are_refused_and_forgotten)
{
    for (unsigned wrong = 0; wrong < 9; wrong++) {
        struct area *found;
        kept_begin();
        struct area *area = make(3), *other = make(4);
        area_keep(area);
        kept_give(&files);
        ck_assert_uint_eq(files.count, 3);
        struct fdstore_file *file = &files.files[wrong % 3];
        close(file->fd);
        file->fd = wrong < 3   ? -1
                   : wrong < 6 ? open("/dev/null", O_RDWR | O_CLOEXEC)
                               : fcntl(other->view.fd, F_DUPFD_CLOEXEC, 3);
        int r = area_adopt(&files, 3, &found);
        /* Another view's memory in the place of buckets is memory all the same, and large enough.
         */
        ck_assert_int_eq(r, wrong < 7 ? -EBADMSG : 0);
        if (r == 0)
            area_drop(found);
        for (unsigned i = 0; i < files.count; i++)
            ck_assert_int_eq(files.files[i].fd, -1);
        ck_assert_uint_eq(kept_count(), 0);
        area_free(area);
        area_free(other);
        kept_end();
    }
}
END_TEST

SUITE_MAIN("area", is_empty_and_has_room_for_as_many,
           is_mapped_bit_by_bit_but_for_what_takes_no_memory_yet,
           a_heap_that_is_large_has_room_ahead_and_a_small_one_takes_none,
           what_is_begun_comes_to_exist_bit_by_bit_and_is_the_same_in_the_end,
           what_cannot_come_to_exist_is_said, comes_back_from_the_store_with_what_was_in_it,
           files_are_told_apart_by_their_epochs, files_that_are_no_view_are_refused_and_forgotten)
