# shellcheck shell=bash
# nginx-auth-request.sh - nginx without our module: auth_request asks http.sock
face_missing() { type -P nginx >/dev/null || echo "nginx is not installed"; }
face_start() {
    address=unix:$face/web.sock
    {
        nginx_begin
        for field in limit remaining reset policy; do
            echo "map \$stk_status \$stk_unused_$field { default ''; }"
        done
        cat <<'CONF'
map $stk_status $stk_challenge { 403 $stk_www; default ''; }
map $stk_status $stk_cache { 200 ''; default no-store; }
CONF
        echo "server { listen $address;"
        each_place auth_request_location
        cat <<'CONF'
    location @other {
        more;
    }
CONF
        echo "} }"
    } >"$face/nginx.conf"
}
