#!/bin/bash
# `systemctl reload` takes a good configuration; of a bad one it says what is wrong, and all stays.
# shellcheck source=tests/system/booted.sh
. "${STKGATE_SRCDIR:?}/tests/system/booted.sh"

refused=63740cae6a9348e9a4c145f116f0a1d6
reloaded=3a82e764bb564e7593dea1117967d6b2
policy=/etc/stkgate/services.d/shop.conf
count() { entries -u stkgate.service MESSAGE_ID="$1" | wc -l; }
are() { [ "$(count "$1")" = "$2" ]; }

mint --site kasa --name one
expect 0 check --service shop --site kasa
first_pid=$(property MainPID)

echo 'sites = other' >"$policy"
expect 0 systemctl reload stkgate.service
until_works are $reloaded 1
expect 1 check --service shop --site kasa
said unknown_token

# However late the journal comes to it, when the command that failed is gone: both say it as the unit's.
printf 'sites = kasa\ncots = 3\n' >"$policy"
journal_is STOP
systemctl reload stkgate.service >"$dir/out" 2>"$dir/err"
status=$?
journal_is CONT
[ $status = 1 ] || fail "a reload with a mistake ends with $status"
until_works are $refused 1
entries -u stkgate.service MESSAGE_ID=$refused >"$dir/out"
out_has 'stays as it was: .*shop.conf:2: cots: no such key'
out_has '"PRIORITY":"3"'
entries -u stkgate.service _TRANSPORT=stdout PRIORITY=3 >"$dir/out"
out_has '"MESSAGE":"[^"]*shop.conf:2: cots: no such key'
expect 1 check --service shop --site kasa
said unknown_token

# Told by a signal alone, the daemon finds the mistake by itself.
expect 0 systemctl kill --signal=HUP stkgate.service
until_works are $refused 2
expect 1 check --service shop --site kasa
said unknown_token
expect 0 systemctl is-active stkgate.service

printf 'sites = kasa\n' >"$policy"
expect 0 systemctl reload stkgate.service
until_works are $reloaded 2
expect 0 check --service shop --site kasa
[ "$(property MainPID)" = "$first_pid" ] || fail "a reload has replaced the daemon"
exit 0
