/* cores.h - do two processes on two processors get twice as much done?
 *
 * Each has the handle of its parent and decides from the same view, on tokens of its own. In turns
 * one works and both do, for a tenth of a second each.
 */
#ifndef STKGATE_BENCH_CORES_H
#define STKGATE_BENCH_CORES_H

#include "bench/published.h"

/* The median of the pairs' ratios: calls of both together, in units of the calls of one alone. 0:
 * there is only one processor. */
double cores_measure(const struct published *published);

#endif
