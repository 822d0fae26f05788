/* confirm.h - a question before what can't be undone
 *
 * Asked when standard input and standard error are terminals; else --yes must have said it, so that
 * no script does by accident what nobody was asked about.
 */
#ifndef STKGATE_ADMIN_CONFIRM_H
#define STKGATE_ADMIN_CONFIRM_H

#include "daemon/admin/admin.h"

#define CONFIRM_HELP "      --yes                  don't ask: needed where there is no terminal\n"

/* "Revoke key_4tGvQ2mZx8LrB1sN (production of kasa)?" */
struct confirm {
    const char *before; /* "Revoke " */
    const char *key_id; /* from the command line */
    const char *behind; /* "?" */
};

/* EXIT_STATUS_OK: go on. EXIT_STATUS_USAGE: there is no terminal to ask on, or no key_id.
 * EXIT_STATUS_REFUSED: the answer was no, or there is no such credential. EXIT_STATUS_UNAVAILABLE.
 * All but the first are printed. is_assumed (--yes): nothing is asked, not even the daemon. */
int confirm_token(struct admin *admin, const struct confirm *question, bool is_assumed);

#endif
