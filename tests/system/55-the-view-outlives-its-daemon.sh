#!/bin/bash
# systemd keeps the view and its buckets while the daemon is killed and restarted, under load: programs
# go on with the very same memory, no check fails, each bucket goes on where it was to the unit, and
# each revocation holds. STKGATE_RESTARTS says how many times, if not 4: 1000 take a while (booted.sh).
# shellcheck source=tests/system/booted.sh
. "${STKGATE_SRCDIR:?}/tests/system/booted.sh"
mint --site kasa --name "starts the daemon"
"$STKGATE_BUILDDIR/tests/crowd/through_restarts" systemd 6 "${STKGATE_RESTARTS:-4}" ||
    fail "a restart was noticed"
exit 0
