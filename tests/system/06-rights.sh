#!/bin/bash
# Another user may ask, but not manage; a service may name who asks as it.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"

if [ "$(id -u)" != 0 ]; then
    # Without root there is one user only: that one may do both, and a service may shut it out.
    as_other() { false; }
else
    as_other() { setpriv --reuid 4711 --regid 4711 --clear-groups "$@"; }
fi
echo 'callers = 4712' >"$dir/config/services.d/closed.conf"
chmod 755 "$dir"
start_daemon
mint --site kasa --name one
expect 69 check --service closed --site kasa
said 'not.*allowed|may not|not permitted'
expect 0 check --service open --site kasa
if [ "$(id -u)" = 0 ]; then
    install -m 755 "$stkgate"{,-daemon,-admin} "$dir"
    printf '%s\n' "$token" >"$dir/token" && chmod 644 "$dir/token"
    expect 0 as_other sh -c "'$dir/stkgate' check --service open --site kasa <'$dir/token'"
    expect 69 as_other sh -c "'$dir/stkgate' check --service closed --site kasa <'$dir/token'"
    expect 69 as_other "$dir/stkgate" admin list
    said 'stkgate-admin'
    # Reaching the socket is not enough: the daemon looks at who it is.
    chmod 666 "$dir/run/admin.sock"
    expect 1 as_other "$dir/stkgate" admin list
    said 'stkgate-admin'
    expect 1 as_other "$dir/stkgate" admin revoke "$key_id" --yes
    expect 0 check --service open --site kasa
fi
exit 0
