/* gate.h - a check through libstkgate, as a web server's worker makes it
 */
#ifndef STKGATE_BENCH_GATE_H
#define STKGATE_BENCH_GATE_H

#include <stkgate.h>
#include "bench/token_file.h"

/* Root may have the view, so a bench that says nothing would measure no daemon at all. */
enum gate_path {
    GATE_SOCKET, /* each check asks the daemon */
    GATE_DIRECT, /* it is decided in this process, as soon as the view is here */
};

struct gate {
    stkgate *handle;
    uint64_t scopes;
};

/* runtime: the daemon's. Both end the program on failure; a check that does not say 200 is one. */
void gate_open(struct gate *gate, const char *runtime, enum gate_path path);
void gate_call(void *gate, const struct token_entry *token); /* struct subject's call */
void gate_close(struct gate *gate);

#endif
