/* probe.h - how large are the packets of a check?
 *
 * Speaks the protocol itself, once: so the ping-pong that checks are compared with moves just as
 * many bytes, whatever the protocol becomes.
 */
#ifndef STKGATE_BENCH_PROBE_H
#define STKGATE_BENCH_PROBE_H

#include "bench/token_file.h"

/* Ends the program on failure, also when the daemon does not let the token pass. */
void probe_sizes(const char *runtime, const struct token_entry *token, size_t *ret_question_bytes,
                 size_t *ret_answer_bytes);

#endif
