/* service_case.h - a service on a table with one legacy key: for the targets request and session
 */
#ifndef STKGATE_FUZZ_SERVICE_CASE_H
#define STKGATE_FUZZ_SERVICE_CASE_H

#include "daemon/service.h"
#include "fuzz/target.h"

/* The one credential: of site kasa, with all scopes, and more units than a fuzzer spends. No site
 * id and no name of a scope, which answers may repeat. */
#define SERVICE_CASE_KEY "old!key/of(kasa)"

/* The services are default, and closed, as which uid 4711 alone may ask. One per process: the table
 * below $TMPDIR goes at exit. */
struct service *service_case_open(void);

#endif
