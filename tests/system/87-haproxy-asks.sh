#!/bin/bash
# HAProxy with the recipe of docs/servers/http.md and our Lua action asks http.sock, and keeps to what it says.
# shellcheck source=tests/system/asks.sh
. "${STKGATE_SRCDIR:?}/tests/system/asks.sh"
needs haproxy lighttpd curl

block http.md haproxy.cfg | sed -e "s,/run/stkgate/http.sock,$dir/run/http.sock," \
    -e "s,/etc/haproxy/stkgate.lua,$STKGATE_SRCDIR/examples/haproxy/stkgate.lua," \
    -e "s,127.0.0.1:8080,unix@$dir/app.sock," -e "s,bind :80,bind unix@$dir/web.sock," \
    -e "s,^    mode http,&\n    log stdout format raw daemon\n    option httplog," >"$dir/haproxy.cfg"
start_daemon
start_app
start haproxy -db -f "$dir/haproxy.cfg"
is_up web.sock
goes_through_the_table
no_secret_in_any_log
exit 0
