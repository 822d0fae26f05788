#!/bin/bash
# What the unit denies is denied: shown from within, by a program that takes the daemon's place.
# shellcheck source=tests/system/booted.sh
. "${STKGATE_SRCDIR:?}/tests/system/booted.sh"

# The daemon itself, as the kernel has it.
mint --site kasa --name one
status=/proc/$(property MainPID)/status
is() { [ "$(sed -n "s/^$1:[[:space:]]*//p" "$status")" = "$2" ] || fail "$1 is not $2: $(grep "^$1:" "$status")"; }
is NoNewPrivs 1
is Seccomp 2
for set in CapInh CapPrm CapEff CapBnd CapAmb; do is $set 0000000000000000; done
uid=$(id -u stkgate)
is Uid "$uid"$'\t'"$uid"$'\t'"$uid"$'\t'"$uid"

# What the intruder looks for is open to every user outside.
for at in /srv /home /tmp; do mkdir -m 777 -p $at/open-to-all; done
install "$STKGATE_BUILDDIR/tests/system/intruder" /usr/local/bin/intruder
setpriv --reuid stkgate --regid stkgate --clear-groups /usr/local/bin/intruder /srv/open-to-all >"$dir/outside"
for what in 'write elsewhere' 'see a home' "see another's temporary file" 'see another process' \
    'speak TCP' 'make data code' 'change the personality' 'make a set-user-id program' \
    'change its priority' 'look at keys'; do
    grep -qx "ALLOWED: $what" "$dir/outside" || fail "even outside it is denied to $what"
done

# The intruder has all of the sandbox around it in every build; it does without a search for leaks.
restore_unit
drop_in intruder.conf <<'END'
[Service]
Type=oneshot
Restart=no
WatchdogSec=0
ExecStart=
ExecStart=/usr/local/bin/intruder /var/lib/stkgate
END
expect 0 systemctl restart stkgate.service
entries -u stkgate.service SYSLOG_IDENTIFIER=intruder -o cat >"$dir/out"
out_lacks ALLOWED
out_lacks FAILS
attempts=$(wc -l <"$dir/outside")
# A build that counts its lines says there, too, that it can't write them down.
[ "$(grep -cE '^(works|denied): ' "$dir/out")" = "$attempts" ] && [ "$attempts" -gt 30 ] ||
    fail "not all was tried"
exit 0
