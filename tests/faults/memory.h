/* memory.h - the switch of memory.c, for who throws it
 *
 * A program with memory.c in it finds in $STKGATE_MEMORY the name of a file of one int64_t, which
 * it maps. It counts down with each malloc(), calloc() and realloc(), and what is made of these;
 * where it goes from 1 to 0 that call fails. At 0 and below none does.
 *
 * memory.so brings it by LD_PRELOAD into any program. The allocator of a sanitizer is before all
 * that is preloaded: in builds with one, memory.c is linked into the program.
 */
#ifndef STKGATE_TESTS_FAULTS_MEMORY_H
#define STKGATE_TESTS_FAULTS_MEMORY_H

#define MEMORY_VARIABLE "STKGATE_MEMORY"

#endif
