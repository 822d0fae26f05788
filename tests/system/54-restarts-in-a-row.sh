#!/bin/bash
# A daemon by hand is ended and killed in turn, under load: no check fails while its lease holds, no
# revocation is undone, and no more is given back of a bucket than was not saved yet. STKGATE_RESTARTS
# says how many times, if not 4.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
"$STKGATE_BUILDDIR/tests/crowd/through_restarts" hand 6 "${STKGATE_RESTARTS:-4}" \
    /bin/sh -c 'log=$1; shift; exec "$@" 2>>"$log"' sh "$dir/log" \
    "$stkgate" daemon --state "$dir/state" --runtime "$dir/run" --config "$dir/config" ||
    fail "a restart was noticed"
exit 0
