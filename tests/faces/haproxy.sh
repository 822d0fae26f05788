# shellcheck shell=bash
# haproxy.sh - HAProxy asks http.sock, by examples/haproxy/stkgate.lua
lua=$STKGATE_SRCDIR/examples/haproxy/stkgate.lua
face_missing() {
    if [ ! -e "$lua" ]; then
        echo "there is no examples/haproxy/stkgate.lua"
    elif ! type -P haproxy >/dev/null; then
        echo "HAProxy is not installed"
    elif ! haproxy -vv | grep -q '+LUA\|USE_LUA=1'; then
        echo "this HAProxy was built without Lua"
    fi
}
face_start() {
    address=unix:$face/web.sock
    {
        cat <<CONF
global
    lua-load $lua
    tune.bufsize 131072
    tune.http.maxhdr 128
    log stdout format raw daemon $(is_quiet && echo notice || echo debug)
defaults
    mode http
    log global
    option httplog
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend web
    bind unix@$face/web.sock mode 666
    # HAProxy lets control characters and NUL through, http.sock does not: else that would be a 503.
    http-request deny deny_status 400 if { req.hdrs -m reg '[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]' }
CONF
        each_place haproxy_place
        echo "    http-request deny deny_status 503 unless { var(txn.stkgate_reason) -m str ok }"
        local field
        for field in limit:RateLimit-Limit remaining:RateLimit-Remaining reset:RateLimit-Reset \
            policy:RateLimit-Policy ratelimit:RateLimit deprecation:Deprecation sunset:Sunset link:Link; do
            echo "    http-after-response set-header ${field#*:} %[var(txn.stkgate_${field%:*})]" \
                "if { var(txn.stkgate_${field%:*}) -m found }"
        done
        cat <<CONF
    default_backend behind
backend behind
    http-request return status 200 content-type text/plain string "behind"
CONF
    } >"$face/haproxy.cfg"
    serve haproxy -db -f "$face/haproxy.cfg"
}
haproxy_place() { # PATH SERVICE COST SCOPES
    echo "    http-request lua.stkgate $dir/run/http.sock /v1/check/$2?scope=${4// /+}${3:+&cost=$3} if { path $1 }"
}
face_lines() { identity; }
