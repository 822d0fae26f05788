#!/bin/bash
# Each reason not to start is told in a sentence that names the path and a way out.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"

daemon() { # state runtime
    expect 1 timeout 30 "$stkgate" daemon --state "$1" --runtime "$2" --config "$dir/config"
}

start_daemon
daemon "$dir/state" "$dir/other"
said "$dir/state.*in use by process $daemon_pid"
daemon "$dir/state2" "$dir/run"
said "$dir/run/check.sock"
expect 0 "$stkgate" admin status
stop_daemon

mkdir -m 0777 "$dir/open" && chmod 0777 "$dir/open"
daemon "$dir/open" "$dir/run"
said "$dir/open.*chmod"
# "/" belongs to root: for root the table of a foreign owner is one that it made itself.
if [ "$(id -u)" = 0 ]; then
    mkdir -m 0700 "$dir/foreign" && chown 4711 "$dir/foreign"
    daemon "$dir/foreign" "$dir/run"
    said "$dir/foreign.*chown"
else
    daemon / "$dir/run"
fi
mkdir -m 0700 "$dir/garbage" && head -c 65536 /dev/urandom >"$dir/garbage/data.mdb"
chmod 600 "$dir/garbage/data.mdb"
daemon "$dir/garbage" "$dir/run"
said "$dir/garbage"
mkdir -m 0700 "$dir/cut" && head -c 6000 "$dir/state/data.mdb" >"$dir/cut/data.mdb"
chmod 600 "$dir/cut/data.mdb"
daemon "$dir/cut" "$dir/run"
said "$dir/cut"

expect 64 "$stkgate" daemon stk_live_not-an-argument
said "takes options only"
expect 64 "$stkgate" daemon --no-such-option
expect 1 timeout 30 "$stkgate" daemon --config "$dir/nowhere"
echo 'cost = 0' >"$dir/config/services.d/shop.conf"
expect 1 timeout 30 "$stkgate" daemon --config "$dir/config" --check-config
said "shop.conf:1: cost: write a whole number from 1"
echo 'cost = 2' >"$dir/config/services.d/shop.conf"
expect 0 "$stkgate" daemon --config "$dir/config" --check-config
exit 0
