#!/bin/bash
# Without a descriptor left the daemon still serves the operator, and when there are some again, all.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
hold=$STKGATE_BUILDDIR/tests/load/hold
type -P prlimit >/dev/null || { echo "there is no prlimit here (util-linux)"; exit 77; }

holder=
hold_many() { # NAME COUNT
    coproc "$hold" "$dir/run" "$1" "$2"
    holder=$COPROC_PID
    hold_in=${COPROC[1]} hold_out=${COPROC[0]}
    read -r -t 30 word <&"$hold_out" && [ "$word" = held ] || fail "no connections to $1 are held"
}
let_go() {
    eval "exec $hold_in>&-"
    wait "$holder"
}
logged() { until_works grep -q "$1" "$dir/log"; }

printf 'hello_deadline = 10m\nhttp_request_deadline = 10m\n' >"$dir/config/stkgate.conf"
start_daemon
mint --site kasa --name leaked
limit=$(prlimit --pid "$daemon_pid" --nofile --noheadings --output SOFT)
for socket in check.sock http.sock; do
    : >"$dir/log"
    prlimit --pid "$daemon_pid" --nofile=64: || fail "prlimit"
    hold_many $socket 70 # more than there are descriptors, and less than the kernel's queue has room for
    logged 'Too many open files'
    # Several times: what the operator's connection was given goes back where it came from.
    for _ in 1 2 3 4 5; do
        expect 0 "$stkgate" admin list --site kasa
    done
    if [ $socket = check.sock ]; then
        expect 0 "$stkgate" admin revoke "$key_id" --reason leaked --yes
        expect 0 "$stkgate" admin rotate "$(mint --site kasa --name other && echo "$key_id")"
    fi
    # A reload reads its files all the same.
    kill -HUP "$daemon_pid"
    logged 'configuration reloaded'
    # It rests meanwhile: no line for each turn of the loop.
    [ "$(grep -c 'Too many open files' "$dir/log")" -lt 100 ] || fail "the log is flooded"
    prlimit --pid "$daemon_pid" --nofile="$limit": || fail "prlimit"
    let_go
    expect 1 check --site kasa
    said revoked_token
    expect 0 curl -sf --unix-socket "$dir/run/http.sock" http://localhost/healthz
done
stop_daemon

# With a hard limit that is too low for the limits, these are lowered, and the log says what to set.
: >"$dir/log"
(
    ulimit -n 256
    exec "$stkgate" daemon --state "$dir/state" --runtime "$dir/run" --config "$dir/config" \
        2>>"$dir/log"
) &
daemon_pid=$!
until_works "$stkgate" admin list --site kasa
grep -Eq 'need [0-9]+ file descriptors, and there are 256: .*LimitNOFILE=' "$dir/log" ||
    fail "the log does not say that there are too few descriptors"
hold_many check.sock 300
expect 0 "$stkgate" admin list --site kasa
! grep -q 'Too many open files' "$dir/log" || fail "the limits were not lowered enough"
let_go
expect 1 check --site kasa
stop_daemon
exit 0
