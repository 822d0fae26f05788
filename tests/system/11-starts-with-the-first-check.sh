#!/bin/bash
# Set up as the README says, the first check starts the daemon, and gets its answer.
# shellcheck source=tests/system/booted.sh
. "${STKGATE_SRCDIR:?}/tests/system/booted.sh"

# sysusers and tmpfiles have been at work.
getent passwd stkgate >"$dir/out" || fail "there is no user stkgate"
out_has '^stkgate:[^:]*:[1-9][0-9]*:.*:/var/lib/stkgate:.*nologin$'
getent group stkgate-admin >/dev/null || fail "there is no group stkgate-admin"
mode() { stat -c '%U:%G %a %F' "$1"; }
is() { [ "$(mode "$1")" = "$2" ] || fail "$1 is $(mode "$1"), not $2"; }
is /run/stkgate 'root:root 755 directory'
is /etc/stkgate/services.d 'root:root 755 directory'
is /run/stkgate/check.sock 'root:root 666 socket'
is /run/stkgate/http.sock 'root:root 666 socket'
is /run/stkgate/admin.sock 'root:stkgate-admin 660 socket'

expect 0 systemctl is-enabled stkgate.socket stkgate-http.socket stkgate-admin.socket
expect 0 systemctl is-active stkgate.socket stkgate-http.socket stkgate-admin.socket
expect 3 systemctl is-active stkgate.service
out_is inactive

# A token from before: as after an upgrade of a machine that has been in use.
mint --site kasa --name first
expect 0 systemctl stop stkgate.service
is /run/stkgate/check.sock 'root:root 666 socket'
expect 3 systemctl is-active stkgate.service
expect 0 check --site kasa
out_has '^200 ok '
expect 0 systemctl is-active stkgate.service
is /var/lib/stkgate 'stkgate:stkgate 700 directory'
is /var/lib/stkgate/data.mdb 'stkgate:stkgate 600 regular file'

# The same through http.sock, from a stopped service on.
expect 0 systemctl stop stkgate.service
printf 'X-Stella-Token: %s\nX-Site-ID: kasa\n' "$token" >"$dir/fields"
expect 0 curl -sS -i -H "@$dir/fields" --unix-socket /run/stkgate/http.sock http://gate/v1/check
out_has '^HTTP/1.1 200 '

# It is active when it says that it is ready, and not before: until the gate opens, it isn't.
expect 0 systemctl stop stkgate.service
mkfifo -m 644 /run/gate
drop_in gate.conf <<'END'
[Service]
ExecStart=
ExecStart=/bin/sh -c 'read line </run/gate; exec /usr/local/bin/stkgate daemon'
END
expect 0 systemctl start --no-block stkgate.service
is_begun() { [ "$(property SubState)" = start ] && [ "$(property MainPID)" != 0 ]; }
until_works is_begun
expect 3 systemctl is-active stkgate.service
out_is activating
expect 69 check --site kasa --deadline 100ms
expect 0 timeout 20 sh -c 'echo open >/run/gate'
expect 0 check --site kasa --deadline 20s
until_works systemctl is-active stkgate.service
entries -u stkgate.service MESSAGE_ID=2d48696bca914a008ef6f76005cf7375 >"$dir/out"
out_has 'stkgate [0-9.]* ready'
exit 0
