/* Where a file is mapped, what of it, and that nothing else is. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/map/large.h"
#include "tests/suite.h"

#define PAGE ((size_t)4096)

static int file_of(size_t len)
{
    int fd = memfd_create("test", MFD_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, (off_t)len), 0);
    return fd;
}

/* How much of this process's memory is mapped, files and room alike. */
static size_t mapped_bytes(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%lu", &pages), 1);
    fclose(file);
    return pages * PAGE;
}

START_TEST(a_large_file_begins_at_a_large_page)
{
    const size_t lens[] = {LARGE_PAGE, LARGE_PAGE + 1, 3 * LARGE_PAGE - PAGE, 5 * LARGE_PAGE};

    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        int fd = file_of(lens[i]);
        void *bytes = NULL;
        size_t before = mapped_bytes();
        ck_assert_int_eq(large_map(fd, lens[i], PROT_READ | PROT_WRITE, &bytes), 0);
        ck_assert_uint_eq((uintptr_t)bytes % LARGE_PAGE, 0);
        /* Nothing of the room that was taken is left. */
        ck_assert_uint_eq(mapped_bytes() - before, (lens[i] + PAGE - 1) / PAGE * PAGE);
        ck_assert_int_eq(munmap(bytes, lens[i]), 0);
        ck_assert_uint_eq(mapped_bytes(), before);
        close(fd);
    }
}
END_TEST

START_TEST(what_is_written_is_in_the_file)
{
    int fd = file_of(LARGE_PAGE + PAGE);
    void *writable = NULL, *readable = NULL;

    ck_assert_int_eq(large_map(fd, LARGE_PAGE + PAGE, PROT_READ | PROT_WRITE, &writable), 0);
    ck_assert_int_eq(large_map(fd, LARGE_PAGE + PAGE, PROT_READ, &readable), 0);
    strcpy(writable, "first");
    strcpy((char *)writable + LARGE_PAGE, "last");
    ck_assert_str_eq(readable, "first");
    ck_assert_str_eq((char *)readable + LARGE_PAGE, "last");
    munmap(writable, LARGE_PAGE + PAGE);
    munmap(readable, LARGE_PAGE + PAGE);
    close(fd);
}
END_TEST

START_TEST(a_small_file_is_mapped_too)
{
    int fd = file_of(PAGE);
    void *bytes = NULL;

    ck_assert_int_eq(large_map(fd, PAGE, PROT_READ, &bytes), 0);
    ck_assert_int_eq(*(char *)bytes, 0);
    munmap(bytes, PAGE);
    close(fd);
}
END_TEST

START_TEST(a_failure_leaves_nothing)
{
    int fd = file_of(LARGE_PAGE), pipes[2];
    void *bytes = NULL;
    char path[32];

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int read_only = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(read_only, 0);
    ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
    size_t before = mapped_bytes();
    ck_assert_int_eq(large_map(read_only, LARGE_PAGE, PROT_READ | PROT_WRITE, &bytes), -EACCES);
    ck_assert_int_eq(large_map(pipes[0], LARGE_PAGE, PROT_READ, &bytes), -ENODEV);
    ck_assert_int_eq(large_map(fd, 0, PROT_READ, &bytes), -EINVAL);
    ck_assert_int_eq(large_map(fd, SIZE_MAX - PAGE, PROT_READ, &bytes), -ENOMEM);
    ck_assert_int_eq(large_map(-1, LARGE_PAGE, PROT_READ, &bytes), -EBADF);
    ck_assert_ptr_null(bytes);
    ck_assert_uint_eq(mapped_bytes(), before);
    close(pipes[0]);
    close(pipes[1]);
    close(read_only);
    close(fd);
}
END_TEST

SUITE_MAIN("large", a_large_file_begins_at_a_large_page, what_is_written_is_in_the_file,
           a_small_file_is_mapped_too, a_failure_leaves_nothing)
