/* changes.h - what an edit changed, member by member
 */
#ifndef STKGATE_ADMIN_CHANGES_H
#define STKGATE_ADMIN_CHANGES_H

#include "daemon/admin/admin.h"

/* A line on standard output for each member that an edit can change and that differs:
 * "        Name: production -> storefront". Both are tokens as the daemon gave them. Returns how
 * many lines; -ENOMEM. */
int changes_print(const json_t *before, const json_t *after);

#endif
