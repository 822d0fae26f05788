/* intruder.c - a program in the daemon's place that tries what the daemon never does
 *
 *     intruder STATE-DIR
 *
 * Run by systemd in the sandbox of stkgate.service. Prints a line for each attempt: "denied: …", as
 * it must be, or "ALLOWED: …"; and for what the daemon needs "works: …" or "FAILS: …".
 */
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

static const char *state = "";

/* AddressSanitizer: the search for leaks is a tracer, which the sandbox denies as it should. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

static bool can_write_to(const char *dir)
{
    char path[256];

    snprintf(path, sizeof path, "%s/intruder", dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static bool can_see(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0;
}

static bool can_open_socket(int family, int type)
{
    int fd = socket(family, type, 0);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static bool can_map(int protection)
{
    return mmap(NULL, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static bool can_make_code_of_data(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return page == MAP_FAILED || mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0;
}

static bool can_set_clock(void)
{
    struct timeval now;

    gettimeofday(&now, NULL);
    return settimeofday(&now, NULL) == 0;
}

static bool can_make_set_user_id(void)
{
    char path[256];

    snprintf(path, sizeof path, "%s/intruder", state);
    return chmod(path, 04755) == 0;
}

static bool can_run_scheduler_fifo(void)
{
    const struct sched_param param = {.sched_priority = 1};

    return sched_setscheduler(0, SCHED_FIFO, &param) == 0;
}

static bool can_use_io_uring(void)
{
    uint8_t params[256] = {0}; /* struct io_uring_params is shorter */

    return syscall(SYS_io_uring_setup, 1, params) >= 0;
}

static void must_fail(bool worked, const char *what)
{
    printf("%s: %s\n", worked ? "ALLOWED" : "denied", what);
}

static void must_work(bool worked, const char *what)
{
    printf("%s: %s\n", worked ? "works" : "FAILS", what);
}

/* Each of the first is open to the daemon's user outside: it is the sandbox that denies it. */
static void try_files(void)
{
    must_fail(can_write_to("/srv/open-to-all"), "write elsewhere");
    must_fail(can_see("/home/open-to-all"), "see a home");
    must_fail(can_see("/tmp/open-to-all"), "see another's temporary file");
    must_fail(can_see("/proc/1"), "see another process");
    must_fail(can_see("/proc/sys/kernel/hostname"), "see the kernel's settings");
    must_fail(can_see("/dev/kmsg"), "see the kernel's log");
    must_fail(can_write_to("/run/stkgate"), "put a socket beside the daemon's");
    must_fail(can_write_to("/etc/stkgate"), "change the configuration");
    must_fail(can_write_to("/usr/local/bin"), "change the program");
}

static void try_calls(void)
{
    must_fail(can_open_socket(AF_INET, SOCK_STREAM), "speak TCP");
    must_fail(can_open_socket(AF_INET6, SOCK_DGRAM), "speak UDP");
    must_fail(can_open_socket(AF_NETLINK, SOCK_RAW), "ask the kernel about networks");
    must_fail(can_map(PROT_READ | PROT_WRITE | PROT_EXEC), "map what is writable and code");
    must_fail(can_make_code_of_data(), "make data code");
    must_fail(unshare(CLONE_NEWUSER) == 0, "make a user namespace");
    must_fail(personality(ADDR_NO_RANDOMIZE) >= 0, "change the personality");
    must_fail(can_make_set_user_id(), "make a set-user-id program");
    must_fail(can_run_scheduler_fifo(), "take the processor for itself");
    must_fail(nice(1) >= 0, "change its priority");
    must_fail(can_set_clock(), "set the clock");
    must_fail(sethostname("x", 1) == 0, "change the host name");
    must_fail(setuid(0) == 0, "become root");
    must_fail(syscall(SYS_keyctl, 0 /* GET_KEYRING_ID */, -3, 1, 0, 0) >= 0, "look at keys");
    must_fail(can_use_io_uring(), "use io_uring");
    must_fail(syscall(SYS_bpf, 0, NULL, 0) == 0, "load a program into the kernel");
}

/* What the table, the sockets and shared memory need. */
static void try_needs(void)
{
    char path[256];

    must_work(can_write_to(state), "write to its state");
    snprintf(path, sizeof path, "%s/intruder", state);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    must_work(flock(fd, LOCK_EX | LOCK_NB) == 0, "lock a file");
    must_work(fallocate(fd, 0, 0, 8192) == 0, "reserve space");
    must_work(ftruncate(fd, 65536) == 0 && fsync(fd) == 0, "extend a file and sync it");
    must_work(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED, "map a file");
    int memory = memfd_create("view", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    must_work(memory >= 0 && fchmod(memory, 0600) == 0, "make a memfd of its own");
    must_work(fallocate(memory, 0, 0, 8192) == 0, "fill it");
    must_work(fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0, "seal it");
    snprintf(path, sizeof path, "/proc/self/fd/%d", memory);
    must_work(open(path, O_RDONLY | O_CLOEXEC) >= 0, "open it again, to read");
    must_work(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0) != MAP_FAILED,
              "map it");
    must_work(can_open_socket(AF_UNIX, SOCK_SEQPACKET), "speak over Unix sockets");
    must_work(can_see("/run/systemd/journal/socket"), "reach the journal");
}

int main(int argc, char *argv[])
{
    if (argc != 2)
        return 64;
    state = argv[1];
    try_needs();
    try_files();
    try_calls();
    return 0;
}
