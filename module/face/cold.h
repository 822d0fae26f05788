/* cold.h - functions for what happens seldom: what is refused, or asked for the first time
 *
 * Between two requests the kernel has a server's caches, and each line of code on the way of a call
 * that passes is fetched anew: what the compiler knows to be cold, it puts elsewhere.
 */
#ifndef STKGATE_FACE_COLD_H
#define STKGATE_FACE_COLD_H

#define COLD __attribute__((cold))

#endif
