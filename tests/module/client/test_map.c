#include "module/client/map.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "tests/module/client/direct.h"
#include "tests/suite.h"

static struct fake_view given;

/* As if these had just been received; both are copies. */
static struct handed hand(int view_fd, int bucket_fd)
{
    struct handed handed = {.fds = {dup(view_fd), dup(bucket_fd)}, .count = 2};
    for (int i = 0; i < 2; i++) {
        struct stat st;
        ck_assert_int_eq(fstat(handed.fds[i], &st), 0);
        handed.devices[i] = st.st_dev;
        handed.inodes[i] = st.st_ino;
    }
    return handed;
}

static struct attached told(void)
{
    return (struct attached){.view_bytes = given.bytes, .bucket_bytes = given.bucket_bytes};
}

/* Whatever comes of it, both are closed and nothing stays mapped. */
static void expect(int view_fd, int bucket_fd, struct attached sizes, int error)
{
    struct mapping *mapping = NULL;
    unsigned before = direct_open_descriptors(), mapped = direct_views_mapped();
    struct handed handed = hand(view_fd, bucket_fd);
    ck_assert_int_eq(map_new(&handed, &sizes, &mapping), error);
    ck_assert_uint_eq(handed.count, 0);
    ck_assert_uint_eq(direct_open_descriptors(), before);
    if (error == 0)
        ck_assert_ptr_null(map_free(mapping));
    else
        ck_assert_ptr_null(mapping);
    ck_assert_uint_eq(direct_views_mapped(), mapped);
}

static int file_in_memory(size_t len, int seals)
{
    int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, (off_t)len), 0);
    ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
}

static int reopen(int fd, int flags)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int opened = open(path, flags | O_CLOEXEC);
    ck_assert_int_ge(opened, 0);
    return opened;
}

START_TEST(maps_the_view_to_read_and_the_buckets_to_write)
{
    struct record record = fake_view_record(CALL_TOKEN);
    struct view_reading reading;
    struct mapping *mapping;
    fake_view_make(&given, 3);
    struct view_bucket *own = fake_view_put(&given, &record);
    unsigned before = direct_open_descriptors();
    struct handed handed = hand(given.read_only_fd, given.bucket_fd);
    struct attached sizes = told();
    ck_assert_int_eq(map_new(&handed, &sizes, &mapping), 0);
    ck_assert_uint_eq(direct_open_descriptors(), before);
    ck_assert_int_eq(view_read(&mapping->view, record.digest, &reading), VIEW_FOUND);
    atomic_store(&mapping->view.buckets[reading.slot].tat, 4711);
    ck_assert_uint_eq(own->tat, 4711);
    ck_assert_int_lt(mprotect(mapping->view_bytes, mapping->view_len, PROT_READ | PROT_WRITE), 0);
    ck_assert_uint_eq(direct_views_mapped(), 1);
    map_free(mapping);
    ck_assert_uint_eq(direct_views_mapped(), 0);
    ck_assert_ptr_null(map_free(NULL));
    fake_view_free(&given);
}
END_TEST

static bool is_left_out_of_cores(const void *address)
{
    char line[4096], start[32];
    bool ours = false, left_out = false;
    FILE *smaps = fopen("/proc/self/smaps", "re");
    ck_assert_ptr_nonnull(smaps);
    snprintf(start, sizeof start, "%08lx-", (unsigned long)(uintptr_t)address);
    while (fgets(line, sizeof line, smaps) != NULL) {
        if (strncmp(line, "VmFlags:", 8) == 0)
            left_out = left_out || (ours && strstr(line, " dd ") != NULL);
        else if (strchr(line, '-') != NULL && line[0] >= '0' && line[0] <= 'f')
            ours = strncmp(line, start, strlen(start)) == 0;
    }
    fclose(smaps);
    return left_out;
}

START_TEST(keeps_the_table_out_of_core_files)
{
    struct mapping *mapping;
    fake_view_make(&given, 3);
    struct handed handed = hand(given.read_only_fd, given.bucket_fd);
    struct attached sizes = told();
    ck_assert_int_eq(map_new(&handed, &sizes, &mapping), 0);
    ck_assert(is_left_out_of_cores(mapping->view_bytes));
    ck_assert(is_left_out_of_cores(mapping->bucket_bytes));
    ck_assert(!is_left_out_of_cores(given.memory));
    map_free(mapping);
    fake_view_free(&given);
}
END_TEST

START_TEST(refuses_other_sizes_than_the_files_have)
{
    fake_view_make(&given, 3);
    struct attached sizes = told();
    expect(given.read_only_fd, given.bucket_fd, sizes, 0);
    const int64_t steps[] = {-VIEW_PAGE, -1, 1, VIEW_PAGE};
    for (int i = 0; i < 4; i++) {
        sizes = told();
        sizes.view_bytes += (uint64_t)steps[i];
        expect(given.read_only_fd, given.bucket_fd, sizes, -EBADMSG);
        sizes = told();
        sizes.bucket_bytes += (uint64_t)steps[i];
        expect(given.read_only_fd, given.bucket_fd, sizes, -EBADMSG);
    }
    sizes = (struct attached){.view_bytes = UINT64_MAX, .bucket_bytes = UINT64_MAX};
    expect(given.read_only_fd, given.bucket_fd, sizes, -EBADMSG);
    expect(given.read_only_fd, given.read_only_fd, told(), -EBADMSG);
    expect(given.bucket_fd, given.bucket_fd, told(), -EBADMSG);
    fake_view_free(&given);
}
END_TEST

/* Buckets that are as long as their file, but fewer or more than the view has slots. */
START_TEST(refuses_buckets_of_another_view)
{
    static struct fake_view other;
    const uint32_t groups[] = {1, 2, 4};
    fake_view_make(&given, 3);
    for (int i = 0; i < 3; i++) {
        fake_view_make(&other, groups[i]);
        struct attached sizes = told();
        sizes.bucket_bytes = other.bucket_bytes;
        expect(given.read_only_fd, other.bucket_fd, sizes,
               other.bucket_bytes == given.bucket_bytes ? 0 : -EBADMSG);
        fake_view_free(&other);
    }
    fake_view_free(&given);
}
END_TEST

/* Such a file can be cut after it was mapped: the next check would end the program by SIGBUS. */
START_TEST(refuses_files_that_may_change_their_size)
{
    static const int seals[] = {0, F_SEAL_SHRINK, F_SEAL_SHRINK | F_SEAL_GROW,
                                F_SEAL_SHRINK | F_SEAL_SEAL, F_SEAL_GROW | F_SEAL_SEAL};
    fake_view_make(&given, 3);
    for (size_t i = 0; i < sizeof seals / sizeof seals[0]; i++) {
        int fd = file_in_memory(given.bytes, seals[i]);
        ck_assert_int_eq(pwrite(fd, given.memory, given.bytes, 0), (ssize_t)given.bytes);
        expect(fd, given.bucket_fd, told(), -EBADMSG);
        close(fd);
        fd = file_in_memory(given.bucket_bytes, seals[i]);
        expect(given.read_only_fd, fd, told(), -EBADMSG);
        close(fd);
    }
    fake_view_free(&given);
}
END_TEST

START_TEST(refuses_what_is_no_file_in_memory)
{
    int ends[2];
    char name[] = "/tmp/stkgate-map-XXXXXX";
    fake_view_make(&given, 3);
    ck_assert_int_eq(pipe(ends), 0);
    expect(ends[0], given.bucket_fd, told(), -EBADMSG);
    expect(given.read_only_fd, ends[1], told(), -EBADMSG);
    int device = open("/dev/zero", O_RDWR | O_CLOEXEC);
    expect(device, given.bucket_fd, told(), -EBADMSG);
    int file = mkstemp(name);
    ck_assert_int_ge(file, 0);
    unlink(name);
    ck_assert_int_eq(ftruncate(file, (off_t)given.bytes), 0);
    expect(file, given.bucket_fd, told(), -EBADMSG);
    int directory = open("/tmp", O_RDONLY | O_CLOEXEC);
    expect(directory, given.bucket_fd, told(), -EBADMSG);
    close(directory);
    close(file);
    close(device);
    close(ends[0]);
    close(ends[1]);
    fake_view_free(&given);
}
END_TEST

START_TEST(refuses_buckets_that_it_may_not_write)
{
    fake_view_make(&given, 3);
    int fd = reopen(given.bucket_fd, O_RDONLY);
    expect(given.read_only_fd, fd, told(), -EACCES);
    close(fd);
    fake_view_free(&given);
}
END_TEST

START_TEST(refuses_a_view_whose_header_lies)
{
    fake_view_make(&given, 3);
    struct view_header *header = given.publisher.header;
    const struct view_header right = {.magic = header->magic,
                                      .version = header->version,
                                      .groups = header->groups,
                                      .heap_bytes = header->heap_bytes};
    header->magic++;
    expect(given.read_only_fd, given.bucket_fd, told(), -EBADMSG);
    header->magic = right.magic;
    header->version++;
    expect(given.read_only_fd, given.bucket_fd, told(), -EPROTONOSUPPORT);
    header->version = right.version;
    const uint32_t groups[] = {0, 1, 2, 4, VIEW_GROUPS_MAX, UINT32_MAX};
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        header->groups = groups[i];
        expect(given.read_only_fd, given.bucket_fd, told(), -EBADMSG);
    }
    header->groups = right.groups;
    header->heap_bytes += VIEW_PAGE;
    expect(given.read_only_fd, given.bucket_fd, told(), -EBADMSG);
    header->heap_bytes = UINT64_MAX;
    expect(given.read_only_fd, given.bucket_fd, told(), -EBADMSG);
    header->heap_bytes = right.heap_bytes;
    expect(given.read_only_fd, given.bucket_fd, told(), 0);
    fake_view_free(&given);
}
END_TEST

START_TEST(takes_nothing_from_one_descriptor_or_from_what_was_refused)
{
    struct mapping *mapping = NULL;
    struct attached sizes;
    fake_view_make(&given, 3);
    sizes = told();
    unsigned before = direct_open_descriptors();
    struct handed handed = hand(given.read_only_fd, given.bucket_fd);
    handed.refused = true;
    ck_assert_int_eq(map_new(&handed, &sizes, &mapping), -EBADMSG);
    handed = hand(given.read_only_fd, given.bucket_fd);
    close(handed.fds[1]);
    handed.count = 1;
    ck_assert_int_eq(map_new(&handed, &sizes, &mapping), -EBADMSG);
    ck_assert_uint_eq(direct_open_descriptors(), before);
    fake_view_free(&given);
}
END_TEST

START_TEST(knows_the_same_files_again)
{
    static struct fake_view other;
    struct mapping *first, *again, *second;
    struct attached sizes;
    fake_view_make(&given, 3);
    fake_view_make(&other, 3);
    sizes = told();
    struct handed handed = hand(given.read_only_fd, given.bucket_fd);
    ck_assert_int_eq(map_new(&handed, &sizes, &first), 0);
    handed = hand(given.read_only_fd, given.bucket_fd);
    ck_assert_int_eq(map_new(&handed, &sizes, &again), 0);
    ck_assert(map_is_same(first, again));
    handed = hand(other.read_only_fd, other.bucket_fd);
    ck_assert_int_eq(map_new(&handed, &sizes, &second), 0);
    ck_assert(!map_is_same(first, second));
    map_free(second);
    handed = hand(given.read_only_fd, other.bucket_fd);
    ck_assert_int_eq(map_new(&handed, &sizes, &second), 0);
    ck_assert(!map_is_same(first, second));
    map_free(second);
    map_free(again);
    map_free(first);
    fake_view_free(&other);
    fake_view_free(&given);
}
END_TEST

SUITE_MAIN("map", maps_the_view_to_read_and_the_buckets_to_write, keeps_the_table_out_of_core_files,
           refuses_other_sizes_than_the_files_have, refuses_buckets_of_another_view,
           refuses_files_that_may_change_their_size, refuses_what_is_no_file_in_memory,
           refuses_buckets_that_it_may_not_write, refuses_a_view_whose_header_lies,
           takes_nothing_from_one_descriptor_or_from_what_was_refused, knows_the_same_files_again)
