/* commands.h - the subcommands of the stkgate program, and of those that it becomes (programs.h)
 *
 * Each parses its own arguments (argv[0] is the subcommand's name; of cgi it may be a whole line,
 * module/cgi/firstline.h) and returns the exit status.
 */
#ifndef STKGATE_DAEMON_COMMANDS_H
#define STKGATE_DAEMON_COMMANDS_H

int command_daemon(int argc, char *argv[]);     /* daemon/daemon.c */
int command_admin(int argc, char *argv[]);      /* daemon/admin/admin.c */
int command_check(int argc, char *argv[]);      /* module/cli/check.c */
int command_cgi(int argc, char *argv[]);        /* module/cgi/cgi.c */
int command_authorizer(int argc, char *argv[]); /* module/cgi/authorizer.c */

/* Exit statuses, sysexits.h's where it has one. */
enum exit_status {
    EXIT_STATUS_OK = 0,
    EXIT_STATUS_REFUSED = 1,      /* check: 401, 403; admin: the daemon refused or failed */
    EXIT_STATUS_RATE_LIMITED = 2, /* check: 429 */
    EXIT_STATUS_USAGE = 64,
    EXIT_STATUS_UNAVAILABLE = 69, /* no daemon there */
    EXIT_STATUS_NOT_RUN = 126, /* cgi: there is a program, but it can't be run; as shells have it */
    EXIT_STATUS_NO_PROGRAM = 127, /* cgi: no such program */
};

#endif
