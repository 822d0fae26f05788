# shellcheck shell=bash
# nginx-module.sh - nginx with ngx_http_stkgate_module.so
face_missing() {
    if ! has NGINX; then
        echo "its module is not in this build"
    elif ! type -P nginx >/dev/null; then
        echo "nginx is not installed"
    else
        module_sanitizer_missing
    fi
}
face_start() {
    address=unix:$face/web.sock
    {
        nginx_begin "$(is_quiet && echo notice || echo debug)" "load_module $(module nginx/.libs/ngx_http_stkgate_module.so);"
        echo "stkgate_socket $dir/run/check.sock; stkgate_timeout 20s; server { listen $address;"
        each_place nginx_place
        echo "} }"
    } >"$face/nginx.conf"
    with_sanitizer
    serve_nginx
}
face_lines() { identity; }
nginx_place() { # PATH SERVICE COST SCOPES
    cat <<CONF
        location = $1 {
            stkgate $2;
            ${4:+stkgate_scope $4;}
            ${3:+stkgate_cost $3;}
            proxy_pass http://behind;
        }
CONF
}
