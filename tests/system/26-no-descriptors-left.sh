#!/bin/bash
# Out of descriptors, the daemon says so, does not spin, and takes who waits as soon as it can.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
# shellcheck source=tests/faults/faults.sh
. "${STKGATE_SRCDIR:?}/tests/faults/faults.sh"
enfile=23 emfile=24

ticks() { # of processor time that the daemon has used, 1/100 s
    awk '{print $14 + $15}' <(sed 's/.*) /0 0 /' "/proc/$daemon_pid/stat")
}

start_daemon
mint --site kasa --name production
for error in $emfile $enfile; do
    : >"$dir/log"
    fault accept $error
    curl -s --max-time 60 --unix-socket "$dir/run/http.sock" -o "$dir/answer" http://stkgate/healthz &
    waiting=$!
    # Nobody is let in meanwhile. Who waits makes the sockets readable all the time.
    before=$(ticks)
    end=$((SECONDS + 3)) checks=0
    while [ $SECONDS -lt $end ]; do
        if check --site kasa >"$dir/out" 2>&1; then fail "a check passed without a daemon that heard it"; fi
        checks=$((checks + 1))
    done
    used=$(($(ticks) - before))
    [ $used -lt 100 ] || fail "used $used ticks of about 300 while it could do nothing"
    grep -q 'connection can be taken.*: Too many open files' "$dir/log" || fail "nobody was told"
    [ "$(grep -c 'connection can be taken' "$dir/log")" -le 8 ] || fail "told too often"
    fault accept 0
    wait $waiting || fail "the one who waited was not taken"
    [ "$(cat "$dir/answer")" = ok ] || fail "the one who waited got: $(cat "$dir/answer")"
    until_works check --site kasa --peek
    expect 0 check --site kasa
    expect 0 "$stkgate" admin status
done
stop_daemon
exit 0
