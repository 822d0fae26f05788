#!/bin/bash
# One user tries 10,000 connections, floods those that it gets, connects and leaves, or floods over HTTP:
# another one's checks take as long as before, or nearly. bench/ has the numbers; here a machine may
# be busy with other things, so only what is far off at the median fails, and only if it is so time and
# again.
# With a sanitizer, or where lines are counted, a ratio tells how that slows one path and another: there
# the same floods must leave everybody answered, each user its share, and nothing to report when the
# daemon ends.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
neighbour=$STKGATE_BUILDDIR/tests/load/neighbour
[ "$(id -u)" = 0 ] || { echo "only root can be two users"; exit 77; }

chmod 755 "$dir"
# Deadlines are another test's: on a slow machine a flood of 256 requests has pauses that are not its own.
printf '%s\n' 'log_refusals = no' 'hello_deadline = 60s' 'http_request_deadline = 60s' 'http_idle_timeout = 600s' \
    >"$dir/config/stkgate.conf"
start_daemon
mint --site kasa --name busy --limit 10000000 --window 1s
printf '%s kasa\n' "$token" >"$dir/tokens"

is_slowed() { is_sanitized || grep -q '^COVERAGE_CFLAGS = .' "$STKGATE_BUILDDIR/Makefile"; }
rounds=9
! is_slowed || rounds=2

flood() { # KIND FACE, and how many connections its user may have; 0: any number
    local attempt ratio
    for attempt in 1 2 3 4; do
        expect 0 timeout 120 "$neighbour" "$dir/run" "$dir/tokens" "$1" "$2" $rounds
        cat "$dir/out"
        if [ "$3" != 0 ]; then
            out_has "^flood	$3	$((10000 - $3))\$"
        fi
        ratio=$(awk -F'\t' '$1 == "floor" {print int($2 + 0.5)}' "$dir/out")
        [ -n "$ratio" ] || fail "no ratio was measured"
        ! is_slowed || return 0
        [ "$ratio" -gt 4 ] || return 0
        echo "attempt $attempt: $ratio times as long"
    done
    fail "a flood of $1 makes another user's checks ($2) take $ratio times as long"
}

flood checks check 2048
flood connections check 0
flood http check 256
flood checks http 2048
flood http http 256

# The log tells of it once a minute, and is no flood itself.
[ "$(grep -c 'uid 61001 is refused' "$dir/log")" -le 20 ] || fail "each refusal is logged"
grep -q 'uid 61001 is refused on check.sock, .*see connections_per_user' "$dir/log" ||
    fail "the refusals on check.sock are not logged"
stop_daemon
exit 0
