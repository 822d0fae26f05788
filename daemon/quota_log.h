/* quota_log.h - a user whose connections are refused is told in the log, once a minute
 */
#ifndef STKGATE_DAEMON_QUOTA_LOG_H
#define STKGATE_DAEMON_QUOTA_LOG_H

#include "daemon/quota.h"

/* error: what quota_connect() or quota_take_bytes() returned. */
void quota_log_refusal(struct quota *quota, uid_t uid, enum quota_face face, int error);

#endif
