/* firstline.h - a command in the first line of a script
 *
 *     #!/usr/bin/stkgate cgi --scope cart:write -- /bin/sh
 *
 * Of such a line the kernel makes one single argument, "cgi --scope cart:write -- /bin/sh", and
 * puts the path of the script and its arguments behind.
 */
#ifndef STKGATE_MODULE_CGI_FIRSTLINE_H
#define STKGATE_MODULE_CGI_FIRSTLINE_H

#include <stdbool.h>

/* Whether argv[0] is such an argument: it has a blank. */
bool firstline_is(char *const argv[]);

/* Take it apart at its blanks (it is written to), and append the rest of argv. *ret is for free();
 * its strings are argv's. 0; -EINVAL: it does not name, behind "--", what is to run the script: the
 * script itself would be started over and over; -ENOMEM. */
int firstline_split(int argc, char *argv[], int *ret_argc, char ***ret);

#endif
