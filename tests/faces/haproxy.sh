# shellcheck shell=bash
# haproxy.sh - HAProxy asks http.sock, by the recipe of docs/servers/http.md and examples/haproxy/stkgate.lua
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
    local asks='/^    http-request lua.stkgate /' level=debug
    ! is_quiet || level=notice
    # What is behind is HAProxy's own answer: one server less.
    block http.md haproxy.cfg | sed -e "s,/run/stkgate/http.sock,$dir/run/http.sock," \
        -e "s,/etc/haproxy/stkgate.lua,$lua," -e "s,bind :80,bind unix@$face/web.sock mode 666," \
        -e "s,^global,&\n    tune.bufsize 131072\n    tune.http.maxhdr 128\n    log stdout format raw daemon $level," \
        -e 's,^defaults,&\n    log global\n    option httplog,' -e 's/\(timeout client\|timeout server\) .*/\1 60s/' \
        -e 's,server app .*,http-request return status 200 content-type text/plain string "behind",' >"$face/recipe"
    grep '^    http-request lua.stkgate ' "$face/recipe" >"$face/asks"
    {
        sed "$asks Q" "$face/recipe"
        each_place haproxy_place
        sed "1,$asks d" "$face/recipe"
    } >"$face/haproxy.cfg"
    serve haproxy -db -f "$face/haproxy.cfg"
}
haproxy_place() { # PATH SERVICE COST SCOPES
    sed -e "s,/v1/check/storefront?scope=catalog:read,/v1/check/$2?scope=${4// /+}${3:+\\&cost=$3}," \
        -e "s,\$, if { path $1 }," "$face/asks"
}
face_lines() { identity; }
