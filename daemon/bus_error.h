/* bus_error.h - the end of a daemon whose table can't be read through its map any more
 *
 * The kernel raises SIGBUS where a page of a map is behind the end of its file, or can't be read
 * from the disk. Nothing can be decided then. Without this the daemon would end all the same, but
 * without a word.
 */
#ifndef STKGATE_DAEMON_BUS_ERROR_H
#define STKGATE_DAEMON_BUS_ERROR_H

/* From now on SIGBUS, in any thread, writes a line to stderr and ends the process with
 * EXIT_FAILURE; nothing is answered and nothing committed after it. 0 or -errno. */
int bus_error_watch(void);

#endif
