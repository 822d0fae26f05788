/* programs.h - commands that are programs of their own
 *
 * The daemon and `stkgate admin` need libraries that take longer to load than a check does: libcurl
 * alone brings thirty. A check is asked for by scripts, and by a web server for each call of a CGI
 * program. So `stkgate` has only what decides, and becomes another program for the rest.
 */
#ifndef STKGATE_DAEMON_PROGRAMS_H
#define STKGATE_DAEMON_PROGRAMS_H

/* Become stkgate-NAME, which stands beside this program, as where it was built, or in
 * ../libexec/stkgate from there, as where it is installed: in the same process, with the same argv
 * (NULL at its end). Returns only when that can't be, with the exit status; it has said why. */
int programs_become(const char *name, char *argv[]);

/* main() of such a program: runs the command that it is there for, and returns the exit status. */
int programs_main(const char *name, int (*run)(int argc, char *argv[]), int argc, char *argv[]);

/* The last of each main(): a full disk must not look like success. */
int programs_end(int status);

#endif
