# rig.sh - sourced by shell tests: a daemon in a temporary directory, and words to expect with
#
#   start_daemon              $dir/state, $dir/run, $dir/log; STKGATE_RUNTIME is set
#   stop_daemon
#   expect STATUS COMMAND...  runs it with its output in $dir/out and $dir/err
#   out_has/err_has PATTERN   an extended regular expression that one line must match
#   out_lacks/err_lacks TEXT  a text that must not be in it
#   out_is TEXT               all of it
set -u
stkgate=${STKGATE_BUILDDIR:?is set by make check}/stkgate
dir=$(mktemp -d "${TMPDIR:-/tmp}/stkgate-test.XXXXXX") || exit 99
STKGATE_RUNTIME=$dir/run
export STKGATE_RUNTIME
unset NO_COLOR POSIXLY_CORRECT
daemon_pid=

cleanup() {
    status=$?
    trap - EXIT
    [ -z "$daemon_pid" ] || { kill -KILL "$daemon_pid"; wait "$daemon_pid"; } 2>/dev/null
    rm -rf "$dir"
    exit $status
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

fail() {
    echo "FAIL: $*" >&2
    for file in out err log; do
        [ ! -s "$dir/$file" ] || { echo "--- $file:"; cat "$dir/$file"; } >&2
    done
    exit 1
}

# No clock: as many attempts as a machine can make that is a hundred times too slow.
start_daemon() {
    mkdir -p "$dir/config"
    "$stkgate" daemon --state "$dir/state" --runtime "$dir/run" --config "$dir/config" \
        2>>"$dir/log" &
    daemon_pid=$!
    attempts=0
    until "$stkgate" admin status >/dev/null 2>"$dir/err"; do
        kill -0 "$daemon_pid" 2>/dev/null || fail "the daemon ended"
        attempts=$((attempts + 1))
        [ $attempts -lt 2000 ] || fail "the daemon does not answer"
    done
}

stop_daemon() {
    kill -TERM "$daemon_pid"
    wait "$daemon_pid" || fail "the daemon ended with status $?"
    daemon_pid=
}

expect() {
    wanted=$1
    shift
    said=$*
    "$@" >"$dir/out" 2>"$dir/err"
    got=$?
    [ $got -eq "$wanted" ] || fail "status $got, not $wanted: $said"
}

out_has() { grep -Eq -- "$1" "$dir/out" || fail "no line of the output is like '$1': $said"; }
err_has() { grep -Eq -- "$1" "$dir/err" || fail "no line of stderr is like '$1': $said"; }
out_lacks() { ! grep -Fq -- "$1" "$dir/out" || fail "the output has '$1': $said"; }
err_lacks() { ! grep -Fq -- "$1" "$dir/err" || fail "stderr has '$1': $said"; }
out_is() { [ "$(cat "$dir/out")" = "$1" ] || fail "the output is not '$1': $said"; }
