#!/bin/bash
# Installed, the authorizer starts with a web server's first call, as a user of its own and in its sandbox; only
# the web server's group reaches it.
# shellcheck source=tests/system/booted.sh
. "${STKGATE_SRCDIR:?}/tests/system/booted.sh"
[ -e /usr/local/lib/systemd/system/stkgate-authorizer.service ] || skip "built without libfcgi (libfcgi-dev)"
ask=$STKGATE_BUILDDIR/tests/module/cgi/ask_fastcgi socket=/run/stkgate/authorizer.sock
unit=stkgate-authorizer

# A sanitizer needs here what it needs of the daemon's unit.
if is_sanitized; then
    mkdir -p /etc/systemd/system/$unit.service.d
    cp /etc/systemd/system/stkgate.service.d/sanitizer*.conf /etc/systemd/system/$unit.service.d/
    printf '[Service]\nMemoryMax=infinity\n' >/etc/systemd/system/$unit.service.d/sanitizer-memory.conf
    systemctl daemon-reload
fi
mint --site kasa --name one
good=(REQUEST_METHOD=GET "HTTP_X_STELLA_TOKEN=$token" HTTP_X_SITE_ID=kasa)

expect 0 systemctl start $unit.socket
[ "$(stat -c '%U:%G %a' $socket)" = 'root:www-data 660' ] || fail "its socket is $(stat -c '%U:%G %a' $socket)"
expect 3 systemctl is-active $unit.service
install -m 755 "$ask" /usr/local/bin/ask_fastcgi
expect 99 setpriv --reuid nobody --regid nogroup --clear-groups ask_fastcgi $socket 2 "${good[@]}"
expect 0 setpriv --reuid www-data --regid www-data --clear-groups ask_fastcgi $socket 2 "${good[@]}"
out_has '^Status: 200 OK$'
out_has "^Variable-STKGATE_KEY_ID: $key_id\$"
expect 0 systemctl is-active $unit.service
pid=$(systemctl show --value -p MainPID $unit.service)
[ "$(stat -c %U "/proc/$pid")" = stkgate-authorizer ] || fail "it runs as $(stat -c %U "/proc/$pid")"
grep -qx 'NoNewPrivs:	1' "/proc/$pid/status" || fail "it may gain privileges"
grep -qx 'CapEff:	0000000000000000' "/proc/$pid/status" || fail "it has capabilities"

# The operator's policy knows it by its user.
printf 'callers = www-data\n' >/etc/stkgate/services.d/default.conf
expect 0 systemctl reload stkgate.service
is_refused() { ask_fastcgi $socket 2 "${good[@]}" | grep -q '^Status: 503 '; }
until_works is_refused
printf 'callers = stkgate-authorizer, root\ndirect = stkgate-authorizer\n' >/etc/stkgate/services.d/default.conf
expect 0 systemctl reload stkgate.service
is_allowed() { ask_fastcgi $socket 2 "${good[@]}" | grep -q '^Status: 200 '; }
until_works is_allowed
# And lets it have the view: it asks nobody any more, and the sandbox lets it.
has_the_view() {
    is_allowed && "$stkgate" admin status --json | grep -Eq '"attached": *\{"processes": *[1-9]'
}
until_works has_the_view

# Refusals are information, failures are errors.
ask_fastcgi $socket 2 REQUEST_METHOD=GET >/dev/null
refusal_is_logged() { entries -u $unit.service PRIORITY=6 | grep -q 'refused: 401 missing_token'; }
until_works refusal_is_logged
failure_is_logged() { entries -u $unit.service PRIORITY=3 | grep -q "may not ask as service default"; }
until_works failure_is_logged
entries -u $unit.service >"$dir/out"
out_lacks "$token"

# It ends well, and begins anew with the next call.
expect 0 systemctl stop $unit.service
[ "$(systemctl show --value -p Result $unit.service)" = success ] || fail "it did not end well"
until_works is_allowed
expect 0 systemctl is-active $unit.service
kill -KILL "$(systemctl show --value -p MainPID $unit.service)"
until_works is_allowed
expect 0 systemctl stop $unit.socket $unit.service
exit 0
