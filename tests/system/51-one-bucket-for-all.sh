#!/bin/bash
# One token has one bucket, whoever spends from it and by whichever way: never more than burst + rate *
# t, and hardly less, with 1, 8 and 64 processes, by the view, over the socket, and by both at once.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
rate=5000 burst=2000
start_daemon
for crowd in "1 direct" "8 direct" "64 direct" "8 ask" "8 mixed" "64 mixed"; do
    mint --site kasa --name "$crowd" --limit $rate --window 1s --burst $burst
    # shellcheck disable=SC2086
    printf '%s\n' "$token" | "$STKGATE_BUILDDIR/tests/crowd/one_bucket" $crowd 1 $rate $burst ||
        fail "$crowd"
done
stop_daemon
exit 0
