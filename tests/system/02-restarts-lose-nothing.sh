#!/bin/bash
# kill -9 in the middle of mints: what was acknowledged is there; a stop and start keeps the debts.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"

start_daemon
mint --site kasa --name debts --limit 2 --window 1h
expect 0 check --site kasa
expect 0 check --site kasa
expect 2 check --site kasa
stop_daemon
[ ! -e "$dir/run/check.sock" ] || fail "a stop leaves its socket"
start_daemon
expect 2 check --site kasa

for round in 1 2 3; do
    : >"$dir/acknowledged"
    # The key_id comes with the answer, that is after the commit; without an answer there is none.
    (while id=$("$stkgate" admin mint --site many --name "round $round" 2>&1 >/dev/null |
        grep -oE 'key_[0-9A-Za-z]{16}'); do
        echo "${id%%[[:space:]]*}" >>"$dir/acknowledged"
    done) &
    minter=$!
    until_works sh -c "[ \$(grep -c . '$dir/acknowledged') -ge $((round * 5)) ]"
    stop_daemon KILL
    wait "$minter" 2>/dev/null
    start_daemon
    "$stkgate" admin list --site many --json >"$dir/list" || fail "list after kill -9"
    while read -r key_id; do
        grep -q "$key_id" "$dir/list" || fail "$key_id was acknowledged and is lost"
    done < <(grep . "$dir/acknowledged")
done
mint --site kasa --name leaked
"$stkgate" admin revoke "$key_id" --yes --reason leaked >/dev/null 2>&1 || fail "revoke"
stop_daemon KILL
start_daemon
expect 1 check --site kasa
said revoked_token
exit 0
