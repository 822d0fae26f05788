# shellcheck shell=bash
# rig.sh - sourced by shell tests: a daemon in a temporary directory, and words to expect with
#
#   start_daemon [OPTION]...  $dir/state, $dir/run, $dir/config, $dir/log; STKGATE_RUNTIME is set
#   stop_daemon [KILL]        with SIGTERM, which must end it with 0; or with another signal
#   until_works COMMAND...    again and again, for 30 s at most
#   listens PATH              whether a socket there takes connections: it is bound before it listens
#   mint OPTION...            sets $token and $key_id
#   check OPTION...           of $token
#   expect STATUS COMMAND...  runs it with its output in $dir/out and $dir/err
#   said PATTERN              an extended regular expression that a line of either must match
#   out_has/err_has PATTERN   the same of one of them
#   out_lacks/err_lacks TEXT  a text that must not be in it
#   out_is TEXT               all of it
#   block FILE NAME           the code block behind <!-- NAME --> in docs/servers/FILE, as it stands there
#   is_sanitized [NAME]       whether this build has any sanitizer, or this one: address, thread
set -u
stkgate=${STKGATE_BUILDDIR:?is set by make check}/stkgate
dir=$(mktemp -d "${TMPDIR:-/tmp}/stkgate-test.XXXXXX") || exit 99
STKGATE_RUNTIME=$dir/run
export STKGATE_RUNTIME
mkdir -p "$dir/config/services.d"
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
trap 'exit 130' INT TERM HUP PIPE

# What matters most comes last, where the end of a long log is all that is looked at.
fail() {
    for file in log err out; do
        [ ! -s "$dir/$file" ] || { echo "--- the end of $file:"; tail -n 100 "$dir/$file"; } >&2
    done
    echo "FAIL: $*" >&2
    exit 1
}

block() {
    awk -v mark="<!-- $2 -->" '$0 == mark {found = 1; next} /^```/ && on {exit} /^```/ && found {on = 1; next} on
        END {exit !on}' "$STKGATE_SRCDIR/docs/servers/$1" || fail "docs/servers/$1 has no block $2"
}

# No clock: as many attempts as a machine can make that is a hundred times too slow.
start_daemon() {
    "$stkgate" daemon --state "$dir/state" --runtime "$dir/run" --config "$dir/config" \
        "$@" 2>>"$dir/log" &
    daemon_pid=$!
    attempts=0
    until "$stkgate" admin status >/dev/null 2>"$dir/err"; do
        kill -0 "$daemon_pid" 2>/dev/null || fail "the daemon ended"
        attempts=$((attempts + 1))
        [ $attempts -lt 2000 ] || fail "the daemon does not answer"
    done
}

stop_daemon() {
    kill -"${1:-TERM}" "$daemon_pid"
    ended=0
    wait "$daemon_pid" 2>/dev/null || ended=$?
    daemon_pid=
    [ "${1:-TERM}" != TERM ] || [ $ended = 0 ] || fail "the daemon ended with status $ended"
}

until_works() {
    deadline=$((SECONDS + 30))
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $deadline ] || fail "never worked: $*"
    done
}

# Its flag of /proc/net/unix: __SO_ACCEPTCON.
listens() { grep -q " 00010000 .* $1\$" /proc/net/unix; }

mint() {
    token=$("$stkgate" admin mint "$@" 2>"$dir/err") || fail "mint $*"
    key_id=$(grep -oE 'key_[0-9A-Za-z]{16}' "$dir/err" | head -n 1)
    [ -n "$key_id" ] || fail "mint did not tell the key_id"
}

check() { printf '%s\n' "$token" | "$stkgate" check "$@"; }

expect() {
    wanted=$1
    shift
    words=$*
    "$@" >"$dir/out" 2>"$dir/err"
    got=$?
    [ $got -eq "$wanted" ] || fail "status $got, not $wanted: $words"
}

said() { grep -Eq -- "$1" "$dir/out" "$dir/err" || fail "no line is like '$1': $words"; }
out_has() { grep -Eq -- "$1" "$dir/out" || fail "no line of the output is like '$1': $words"; }
err_has() { grep -Eq -- "$1" "$dir/err" || fail "no line of stderr is like '$1': $words"; }
out_lacks() { ! grep -Fq -- "$1" "$dir/out" || fail "the output has '$1': $words"; }
err_lacks() { ! grep -Fq -- "$1" "$dir/err" || fail "stderr has '$1': $words"; }
out_is() { [ "$(cat "$dir/out")" = "$1" ] || fail "the output is not '$1': $words"; }
is_sanitized() {
    grep -q "^SANITIZE_CFLAGS = .*-fsanitize=[^ ]*${1:-}" "$STKGATE_BUILDDIR/Makefile"
}
