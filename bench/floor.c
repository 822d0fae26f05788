#include "bench/floor.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define LINE_WORDS 8

static void *make(const char *name, size_t bytes)
{
    int fd = memfd_create(name, MFD_CLOEXEC);
    void *memory = MAP_FAILED;

    if (fd >= 0 && ftruncate(fd, (off_t)bytes) == 0)
        memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        err(EXIT_FAILURE, "%s", name);
    close(fd);
    memset(memory, 0, bytes);
    return memory;
}

void floor_open(struct floor *floor, uint64_t tokens)
{
    *floor = (struct floor){.tokens = tokens};
    floor->context = EVP_MD_CTX_new();
    floor->begun = EVP_MD_CTX_new();
    EVP_MD *sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (!floor->context || !floor->begun || !sha256 ||
        !EVP_DigestInit_ex2(floor->begun, sha256, NULL))
        errx(EXIT_FAILURE, "cannot digest tokens");
    EVP_MD_free(sha256); /* the context has a reference of its own */
    floor->slots = make("floor-slots", tokens * sizeof *floor->slots);
    floor->buckets = make("floor-buckets", tokens * sizeof *floor->buckets);
}

void floor_close(struct floor *floor)
{
    munmap(floor->slots, floor->tokens * sizeof *floor->slots);
    munmap(floor->buckets, floor->tokens * sizeof *floor->buckets);
    EVP_MD_CTX_free(floor->context);
    EVP_MD_CTX_free(floor->begun);
}

void floor_call(void *state, const struct token_entry *token)
{
    struct floor *floor = state;
    uint8_t digest[DIGEST_BYTES];
    struct timespec now;
    uint64_t word, read = 0;

    if (!EVP_MD_CTX_copy_ex(floor->context, floor->begun) ||
        !EVP_DigestUpdate(floor->context, token->token, TOKEN_LEN) ||
        !EVP_DigestFinal_ex(floor->context, digest, NULL))
        errx(EXIT_FAILURE, "cannot digest a token");
    memcpy(&word, digest, sizeof word);
    uint64_t index = word % floor->tokens;
    _Atomic uint64_t *tat = &floor->buckets[index].tat;
    __builtin_prefetch(&floor->buckets[index], 1);
    __builtin_prefetch(&floor->slots[index]);
    clock_gettime(CLOCK_MONOTONIC, &now);
    for (unsigned i = 0; i < LINE_WORDS; i++)
        read |= atomic_load_explicit(&floor->slots[index].words[i], memory_order_relaxed);
    uint64_t seen = atomic_load_explicit(tat, memory_order_relaxed);
    /* One thread: nobody else can be in between. */
    if (!atomic_compare_exchange_strong_explicit(tat, &seen, seen + (uint64_t)now.tv_nsec,
                                                 memory_order_relaxed, memory_order_relaxed))
        errx(EXIT_FAILURE, "somebody else writes the bucket");
    floor->read |= read;
}
