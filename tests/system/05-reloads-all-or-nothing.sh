#!/bin/bash
# SIGHUP takes a good configuration at once, for connections that are open, too, and a bad one never.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"

reload() { # waits for the line that tells the outcome
    local before
    before=$(grep -cE 'configuration (reloaded|stays)' "$dir/log")
    kill -HUP "$daemon_pid"
    until_works sh -c "[ \$(grep -cE 'configuration (reloaded|stays)' '$dir/log') -gt $before ]"
}

start_daemon
mint --site kasa --name one
expect 0 check --service shop --site kasa
echo 'sites = other' >"$dir/config/services.d/shop.conf"
reload
expect 1 check --service shop --site kasa
said unknown_token
printf 'sites = kasa\ncots = 3\n' >"$dir/config/services.d/shop.conf"
reload
grep -q 'shop.conf:2: cots: no such key' "$dir/log" || fail "the mistake is not told"
expect 1 check --service shop --site kasa
printf 'sites = kasa\ncost = 61\n' >"$dir/config/services.d/shop.conf"
reload
expect 1 check --service shop --site kasa
said cost_exceeds_burst
exit 0
