#!/bin/bash
# A daemon that hangs is killed by the watchdog, and another one takes over the sockets and the table.
# shellcheck source=tests/system/booted.sh
. "${STKGATE_SRCDIR:?}/tests/system/booted.sh"

mint --site kasa --name one
[ "$(property WatchdogUSec)" = 10s ] || fail "the unit has no watchdog"
# As the unit has it, but sooner.
drop_in sooner.conf <<'END'
[Service]
WatchdogSec=2s
TimeoutAbortSec=1s
END
expect 0 systemctl restart stkgate.service
stuck=$(property MainPID)
kill -STOP "$stuck"
has_other() { [ "$(property NRestarts)" -ge 1 ] && [ "$(property MainPID)" != "$stuck" ]; }
# Who asks now waits, and is answered by the next daemon.
expect 0 check --site kasa --deadline 30s
out_has '^200 ok '
until_works has_other
until_works systemctl is-active stkgate.service
entries UNIT=stkgate.service >"$dir/out"
out_has 'Watchdog timeout'
expect 0 "$stkgate" admin show "$key_id"
exit 0
