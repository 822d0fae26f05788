# house.sh - what the system tests share: a temporary directory, a daemon in it, and its end
# shellcheck shell=bash
#
# Sourced. Sets $dir, $stkgate and STKGATE_RUNTIME; the log of the daemon is $dir/log.
set -u
stkgate=${STKGATE_BUILDDIR:?}/stkgate
dir=$(mktemp -d "${TMPDIR:-/tmp}/stkgate-system.XXXXXX") || exit 99
export STKGATE_RUNTIME=$dir/run
daemon_pid=''
mkdir -p "$dir/etc/services.d"

fail() {
    echo "FAIL: $*" >&2
    [ ! -s "$dir/log" ] || sed 's/^/  log: /' "$dir/log" >&2
    exit 1
}

# Run until it succeeds, for at most 30 s.
until_works() {
    local deadline=$((SECONDS + 30))
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $deadline ] || fail "never worked: $*"
        sleep 0.02
    done
}

start_daemon() { # [further arguments]
    "$stkgate" daemon --state "$dir/state" --runtime "$dir/run" --config "$dir/etc" "$@" 2>>"$dir/log" &
    daemon_pid=$!
    until_works "$stkgate" admin status
}

stop_daemon() { # [signal]; sets $status
    kill -"${1:-TERM}" "$daemon_pid"
    status=0
    wait "$daemon_pid" 2>/dev/null || status=$?
    daemon_pid=''
}

at_end() { :; } # a test may define its own
cleanup() {
    [ -z "$daemon_pid" ] || { kill -KILL "$daemon_pid"; wait "$daemon_pid"; } 2>/dev/null
    at_end
    rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# expect STATUS COMMAND...: its exit status must be that; what it prints is in $dir/out and $dir/err
expect() {
    local want=$1 got=0
    shift
    "$@" >"$dir/out" 2>"$dir/err" || got=$?
    [ "$got" = "$want" ] || { cat "$dir/out" "$dir/err" >&2; fail "exit status $got, not $want: $*"; }
}

said() { # PATTERN: the last expect printed it, on either stream
    grep -qE -- "$1" "$dir/out" "$dir/err" || { cat "$dir/out" "$dir/err" >&2; fail "did not say: $1"; }
}

mint() { # ARGUMENTS...: sets $token and $key_id
    token=$("$stkgate" admin mint "$@" 2>"$dir/minted") || { cat "$dir/minted" >&2; fail "mint $*"; }
    key_id=$(grep -oE 'key_[0-9A-Za-z]{16}' "$dir/minted" | head -n 1)
    [ -n "$key_id" ] || fail "mint did not tell the key_id"
}

check() { # ARGUMENTS...: the token in $token, on standard input
    printf '%s\n' "$token" | "$stkgate" check "$@"
}
