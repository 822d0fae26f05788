#!/bin/bash
# HAProxy with the recipe of docs/servers/http.md and our Lua action asks http.sock, and keeps to what it says.
# shellcheck source=tests/system/asks.sh
. "${STKGATE_SRCDIR:?}/tests/system/asks.sh"
needs haproxy lighttpd curl python3

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

# A NUL, which curl has no way to send: the field's lines are those on standard input.
call_with_nul() { # SOCKET
    python3 -c '
import socket, sys
fields = sys.stdin.buffer.read().replace(b"\n", b"\r\n").replace(b"NUL", b"\0")
with socket.socket(socket.AF_UNIX) as s:
    s.settimeout(20)
    s.connect(sys.argv[1])
    s.sendall(b"GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n" + fields + b"\r\n")
    print(s.recv(65536).split(b"\r\n")[0].decode())' "$dir/$1" >"$dir/status" || fail "no answer"
}

# Not as if the daemon were gone: by the recipe, and by the action alone.
refuses_a_nul() {
    mint --site kasa --name nul --scope catalog:read
    serve alone '/deny_status 400/d'
    for socket in web.sock alone.sock; do
        call_with_nul $socket < <(printf 'X-Stella-Token: %s\nX-Site-ID: kasaNUL\n' "$token")
        grep -q '^HTTP/1.1 400 ' "$dir/status" || fail "through $socket: $(cat "$dir/status")"
        call_with_nul $socket < <(fields)
        grep -q '^HTTP/1.1 200 ' "$dir/status" || fail "through $socket: $(cat "$dir/status")"
    done
    socket=web.sock
    call_with_nul web.sock < <(fields; echo 'X-Else: aNULb')
    grep -q '^HTTP/1.1 400 ' "$dir/status" || fail "elsewhere: $(cat "$dir/status")"
}

start_daemon
start_app
serve web
goes_through_the_table
decides_what_holds_control_characters
refuses_a_nul
refuses_what_is_too_long 1 2
refuses_when_its_question_is_wrong
until_works grep -q 'no scope no:such is registered' "$dir/server.out"
takes_the_site_from_the_host
refuses_when_the_action_fails
no_secret_in_any_log
exit 0
