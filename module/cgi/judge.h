/* judge.h - one call, judged by the options of the command
 */
#ifndef STKGATE_MODULE_CGI_JUDGE_H
#define STKGATE_MODULE_CGI_JUDGE_H

#include "module/cgi/options.h"
#include "module/cgi/variables.h"

/* Ask about a call that needs scopes, beside those of the options, and costs cost (0: what the
 * options say). Sets *ret to the verdict: a refusal whatever fails. Writes one line to stderr when
 * it fails, and for a refusal if the options want that: the reason, the key_id, the site; nothing
 * of a credential. 0; -EINVAL: the options have a mistake; or what stkgate_check() returned. Any
 * number of threads. */
int judge(const struct options *options, stkgate *gate, const struct variables *variables,
          uint64_t scopes, uint64_t cost, struct stkgate_verdict *ret);

#endif
