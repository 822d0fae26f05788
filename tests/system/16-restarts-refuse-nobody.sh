#!/bin/bash
# An upgrade is a restart: no check that is made meanwhile is refused. Through a handle that was open
# before, and by programs that begin meanwhile. It prints how long the longest one waited.
# shellcheck source=tests/system/booted.sh
. "${STKGATE_SRCDIR:?}/tests/system/booted.sh"

restarts=8
mint --site kasa --name busy --limit 1000000 --window 1s
echo "$token" >"$dir/token"
: >"$dir/new"

"$STKGATE_BUILDDIR/tests/system/keep_checking" 20000 200 "$dir/progress" \
    <"$dir/token" >"$dir/kept" 2>"$dir/kept.err" &
keeper=$!
(
    rounds=0
    while [ ! -e "$dir/end" ]; do
        "$stkgate" check --site kasa --deadline 20s <"$dir/token" >>"$dir/new" 2>>"$dir/new.err" ||
            echo "a new process was refused" >>"$dir/new.err"
        rounds=$((rounds + 1))
    done
    echo "$rounds" >"$dir/rounds"
) &
newcomer=$!

# Between two restarts there are checks by the daemon that the first one brought.
checks() { # a decimal number, whatever zeroes it begins with
    local n
    n=$(grep -E '^[0-9]+$' "$dir/progress" 2>/dev/null)
    echo $((10#${n:-0}))
}
newcomers() { wc -l <"$dir/new"; }
look() { seen=$(checks) seen_new=$(newcomers); }
has_gone_on() { [ "$(checks)" -gt $((seen + 20)) ] && [ "$(newcomers)" -gt "$seen_new" ]; }
for ((i = 0; i < restarts; i++)); do
    look
    until_works has_gone_on
    before=$(property MainPID)
    systemctl restart stkgate.service || fail "restart"
    [ "$(property MainPID)" != "$before" ] || fail "it is the same daemon after a restart"
done
look
until_works has_gone_on
kill -TERM "$keeper"
wait "$keeper" || { cat "$dir/kept.err"; fail "a check was refused: $(cat "$dir/kept")"; }
: >"$dir/end"
wait "$newcomer"
[ ! -s "$dir/new.err" ] || { cat "$dir/new.err"; fail "a new process was refused"; }
[ "$(cat "$dir/rounds")" -ge "$restarts" ] || fail "too few new processes to tell"
[ "$(grep -c '^200 ok ' "$dir/new")" = "$(cat "$dir/rounds")" ] || fail "an answer is missing"
echo "$restarts restarts: $(cat "$dir/kept") new_processes=$(cat "$dir/rounds")"
[ "$(property NRestarts)" = 0 ] || fail "the daemon did not end by itself"
exit 0
