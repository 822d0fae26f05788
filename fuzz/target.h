/* target.h - what each fuzz target has
 *
 * A target is one file, fuzz/fuzz_NAME.c: FUZZ_TARGET("NAME") and LLVMFuzzerTestOneInput(), which
 * feeds the bytes to the code and demands what must hold for any bytes. Its program,
 * fuzz/fuzz_NAME, replays the seeds in tests/seeds/NAME/ as a part of `make check`; configured with
 * --enable-fuzzing (clang), it looks for new inputs, and `make fuzz` runs all of them. Every crash
 * that was fixed becomes a seed.
 */
#ifndef STKGATE_FUZZ_TARGET_H
#define STKGATE_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

extern const char fuzz_target_name[];
#define FUZZ_TARGET(name) const char fuzz_target_name[] = name

/* Returns 0; a property that does not hold aborts. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* assert() that no NDEBUG takes away. */
#define DEMAND(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
