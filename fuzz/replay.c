/* replay.c - a fuzz target's seeds, one after the other, without a fuzzer
 *
 * Runs each file that is named on the command line; without any, each one in
 * $STKGATE_SRCDIR/tests/seeds/NAME/. No seed at all is a failure: a test that tests nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "fuzz/target.h"

static int die(const char *path)
{
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    exit(EXIT_FAILURE);
}

static void replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) < 0)
        die(path);
    long len = ftell(file);
    if (len < 0 || fseek(file, 0, SEEK_SET) < 0)
        die(path);
    /* Exactly as large as its contents: a sanitizer then sees the first byte read beyond them. */
    uint8_t *bytes = malloc(len > 0 ? (size_t)len : 1);
    if (!bytes || fread(bytes, 1, (size_t)len, file) != (size_t)len)
        die(path);
    fclose(file);
    fprintf(stderr, "%s\n", path); /* in the log when it aborts */
    LLVMFuzzerTestOneInput(bytes, (size_t)len);
    free(bytes);
}

static unsigned replay_directory(const char *path)
{
    unsigned count = 0;
    DIR *dir = opendir(path);
    if (!dir)
        die(path);
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] == '.')
            continue;
        char file[4096];
        if (snprintf(file, sizeof file, "%s/%s", path, entry->d_name) >= (int)sizeof file) {
            errno = ENAMETOOLONG;
            die(path);
        }
        replay_file(file);
        count++;
    }
    closedir(dir);
    return count;
}

int main(int argc, char *argv[])
{
    if (argc > 1) {
        for (int i = 1; i < argc; i++)
            replay_file(argv[i]);
        return EXIT_SUCCESS;
    }
    const char *top = getenv("STKGATE_SRCDIR");
    char path[2048];
    if (snprintf(path, sizeof path, "%s/tests/seeds/%s", top ? top : ".", fuzz_target_name) >=
        (int)sizeof path) {
        errno = ENAMETOOLONG;
        return die(fuzz_target_name);
    }
    unsigned count = replay_directory(path);
    fprintf(stderr, "%u seeds\n", count);
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
