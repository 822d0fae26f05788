#!/bin/bash
# Set back, a clock revives nothing that is over, also across a restart; set forward, it is believed.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
# shellcheck source=tests/faults/faults.sh
. "${STKGATE_SRCDIR:?}/tests/faults/faults.sh"
day=86400

start_daemon
mint --site kasa --name forever
forever=$token
mint --site kasa --name short --expires 1h
expect 0 check --site kasa
expect 0 check --site kasa --peek
# The bucket of one that has spent is not refilled by a jump either way: it goes by another clock.
mint --site kasa --name spent --limit 1 --window 1d
spent=$token
expect 0 check --site kasa
expect 2 check --site kasa
mint --site kasa --name short --expires 1h

fault clock $day
expect 1 check --site kasa
said expired_token
token_over=$token token=$spent
expect 2 check --site kasa
token=$token_over

fault clock 0
for back in 0 -$day -1000000000; do
    fault clock $back
    expect 1 check --site kasa
    said expired_token
    token_over=$token token=$forever
    expect 0 check --site kasa
    token=$token_over
done
grep -q 'the system clock is 8[0-9]* s behind' "$dir/log" || fail "nobody was told of the clock"
grep -q -- '--trust-clock' "$dir/log" || fail "nobody was told what to do"
lines=$(grep -c 's behind' "$dir/log")
[ "$lines" -le 3 ] || fail "told $lines times"

# A dead clock at boot. What was asked for is on disk, and the time with it: at a clean stop at once.
stop_daemon
start_daemon
expect 1 check --site kasa
said expired_token
token=$forever
expect 0 check --site kasa
token=$spent
expect 2 check --site kasa

# The operator knows better: the clock was wrong when it was ahead.
stop_daemon
fault clock 0
token=$token_over
start_daemon --trust-clock
expect 0 check --site kasa
stop_daemon
start_daemon
expect 0 check --site kasa
stop_daemon
exit 0
