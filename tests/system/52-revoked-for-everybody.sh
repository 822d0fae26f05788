#!/bin/bash
# A revocation is in force in every process when it is acknowledged: 32 processes check tokens by the
# view while these are revoked one after the other. STKGATE_REVOCATIONS says how many, if not 2000.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
start_daemon
"$STKGATE_BUILDDIR/tests/crowd/revoked" 32 "${STKGATE_REVOCATIONS:-2000}" ||
    fail "a check passed after its token was revoked, or failed"
stop_daemon
exit 0
