/* faults.h - the switches of faults.c, for who throws them
 *
 * A program that is started with LD_PRELOAD=faults.so finds in $STKGATE_FAULTS the name of a file
 * of FAULT_COUNT slots, each of them a number in decimal and blanks, FAULT_SLOT_BYTES in all. It
 * looks at them on each call, so that a test changes them while the program runs; faults.sh does
 * that for shell tests.
 */
#ifndef STKGATE_TESTS_FAULTS_FAULTS_H
#define STKGATE_TESTS_FAULTS_FAULTS_H

#define FAULT_SLOT_BYTES 32

enum fault {
    FAULT_CLOCK,  /* seconds that CLOCK_REALTIME is off */
    FAULT_SYNC,   /* errno of fdatasync() and fsync() */
    FAULT_DATA,   /* errno of pwrite(), pwritev() and writev() of data pages to a file */
    FAULT_META,   /* errno of a pwrite() of less than a page: LMDB's meta page */
    FAULT_FSTYPE, /* what fstatfs() tells for f_type */
    FAULT_ACCEPT, /* errno of accept4() and accept() */
    FAULT_COUNT,
};

#endif
