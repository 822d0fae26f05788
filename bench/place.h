/* place.h - which processor a program runs on
 *
 * Two processes that wait for each other are woken on one processor or on two, as the scheduler
 * sees fit that second; a round trip takes 7 us or 25. To compare two of them, each client is put
 * on the first processor that this program may use, and each server (by run.sh, or here) on the
 * last.
 */
#ifndef STKGATE_BENCH_PLACE_H
#define STKGATE_BENCH_PLACE_H

/* Of those that the calling process may use now, and may not leave after it. Both end the program
 * on failure. */
void place_on_first(void);
void place_on_last(void);

#endif
