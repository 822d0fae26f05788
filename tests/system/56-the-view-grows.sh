#!/bin/bash
# The view grows from one token on, while processes decide by it: no check fails meanwhile, they map
# the larger ones and unmap those before. STKGATE_TOKENS says up to how many tokens, if not 5000.
# Then the daemon's own publisher alone: STKGATE_PUBLISHED tokens, if not 30000.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
start_daemon
"$STKGATE_BUILDDIR/tests/crowd/growing" 6 "${STKGATE_TOKENS:-5000}" || fail "a check failed"
stop_daemon
"$STKGATE_BUILDDIR/tests/crowd/outgrown" 3 "${STKGATE_PUBLISHED:-30000}" || fail "a check failed"
exit 0
