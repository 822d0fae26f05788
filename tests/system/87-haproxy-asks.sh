#!/bin/bash
# HAProxy with the recipe of docs/servers/http.md and our Lua action asks http.sock, and keeps to what it says.
# shellcheck source=tests/system/asks.sh
. "${STKGATE_SRCDIR:?}/tests/system/asks.sh"
needs haproxy lighttpd curl

serve() {
    local name=$1
    block http.md haproxy.cfg | sed -e "s,/run/stkgate/http.sock,$dir/run/http.sock," \
        -e "s,/etc/haproxy/stkgate.lua,${lua:-$STKGATE_SRCDIR/examples/haproxy/stkgate.lua}," \
        -e "s,127.0.0.1:8080,unix@$dir/app.sock," -e "s,bind :80,bind unix@$dir/$name.sock," \
        -e "s,^    mode http,&\n    log stdout format raw daemon\n    option httplog," \
        -e "${2:-}" >"$dir/$name.cfg"
    start haproxy -db -f "$dir/$name.cfg"
    is_up "$name.sock"
}

# HAProxy goes on with the next rule then: that one has to refuse.
refuses_when_the_action_fails() {
    echo 'core.register_action("stkgate", { "http-req" }, function() error("broken") end, 2)' >"$dir/broken.lua"
    lua=$dir/broken.lua serve broken
    socket=broken.sock call 503 <<<''
    lacks X-App
}

start_daemon
start_app
serve web
goes_through_the_table
refuses_what_is_no_header_line
refuses_what_is_too_long 1 2
refuses_when_its_question_is_wrong
until_works grep -q 'no scope no:such is registered' "$dir/server.out"
takes_the_site_from_the_host
refuses_when_the_action_fails
no_secret_in_any_log
exit 0
