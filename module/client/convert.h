/* convert.h - the structs of the ABI <-> those of lib/core
 *
 * The caller's struct may be of an older release (shorter: fields that it lacks are zero) or of a
 * newer one (longer: what we don't know must be zero). Its size member tells.
 */
#ifndef STKGATE_CLIENT_CONVERT_H
#define STKGATE_CLIENT_CONVERT_H

#include <stkgate.h>
#include "lib/core/pass.h"

/* The sizes of the first release, below which none is. Later fields begin after them: what the
 * compiler padded the structs with belongs to the first release, and is not zero there. */
#define OPTIONS_SIZE_FIRST sizeof(struct stkgate_options)
#define REQUEST_SIZE_FIRST sizeof(struct stkgate_request)
#define VERDICT_SIZE_FIRST sizeof(struct stkgate_verdict)
#define STRUCT_SIZE_MAX    4096 /* bytes; a size above it is not one */

/* NULL stands for the defaults. 0, or -EINVAL: size, or non-zero bytes beyond what is known. */
int convert_options(const struct stkgate_options *options, struct stkgate_options *ret);

/* The same of a request. */
int convert_request(const struct stkgate_request *request, struct stkgate_request *ret);

/* Whether a request of our size has no unknown flag, and no text without data. */
bool convert_is_sound(const struct stkgate_request *request);

/* Make the caller's verdict a refusal, with empty texts. 0, or -EINVAL: size; a verdict that is too
 * short is one all the same, as far as it goes. */
int convert_refuse(struct stkgate_verdict *verdict);

/* Fill in what fits; convert_refuse() was called. The outcome is all that there is to say where the
 * table was not asked. */
void convert_verdict(const struct verdict *verdict, struct stkgate_verdict *ret);
void convert_outcome(enum reason reason, uint64_t needed, struct stkgate_verdict *ret);

/* The same of a call that was allowed by a pass. */
void convert_pass(const struct pass *pass, uint64_t needed, const struct rate_result *rate,
                  struct stkgate_verdict *ret);

/* Back again, trusting nothing in it; without key_id and site, which no remote caller is told. 0,
 * or -EINVAL, and *ret is a refusal. */
int convert_back(const struct stkgate_verdict *verdict, struct verdict *ret);

/* Whether it is of an allowed call, and nothing but its rate is to be told; one that is not sound
 * never is. */
bool convert_is_plain(const struct stkgate_verdict *verdict);

static inline struct text convert_text(struct stkgate_text t)
{
    return (struct text){t.data, t.length};
}

#endif
