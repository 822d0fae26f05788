/* uninitialized.h - a large variable that is written before it is read
 *
 * -ftrivial-auto-var-init=zero, with which all is compiled, would fill it with zeroes at each call:
 * a tenth of a microsecond for what one check has on its stack. For variables alone that a function
 * called at once fills in, on the way of each check.
 */
#ifndef STKGATE_CORE_UNINITIALIZED_H
#define STKGATE_CORE_UNINITIALIZED_H

#if defined(__has_attribute)
#if __has_attribute(uninitialized)
#define UNINITIALIZED __attribute__((uninitialized))
#endif
#endif
#ifndef UNINITIALIZED
#define UNINITIALIZED
#endif

#endif
