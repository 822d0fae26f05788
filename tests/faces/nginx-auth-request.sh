# shellcheck shell=bash
# nginx-auth-request.sh - nginx without a module of ours: auth_request asks http.sock, by the recipe of docs/servers/http.md
face_missing() { type -P nginx >/dev/null || echo "nginx is not installed"; }
face_start() {
    address=unix:$face/web.sock
    local asks='/^    location \(\/\|= \/stkgate\) {$/,/^    }$/'
    # shellcheck disable=SC2016 # nginx's variables
    block http.md nginx.conf | sed -e "s,/run/stkgate/http.sock,$dir/run/http.sock," \
        -e "s,127.0.0.1:8080,unix:$face/behind.sock," -e "s,listen 80,listen $address," \
        -e "s,/var/log/nginx,$face," -e 's/\(_timeout  *\)[0-9]*s;/\160s;/' \
        -e '/auth_request_set $stkgate_limit/a auth_request_set $stkgate_ietf_policy $upstream_http_ratelimit_policy;' \
        -e '/auth_request_set $stkgate_limit/a auth_request_set $stkgate_ietf $upstream_http_ratelimit;' \
        -e '/add_header RateLimit-Limit/a add_header RateLimit-Policy $stkgate_ietf_policy always;' \
        -e '/add_header RateLimit-Limit/a add_header RateLimit $stkgate_ietf always;' >"$face/recipe"
    sed -n "$asks p" "$face/recipe" >"$face/asks"
    {
        # From info on nginx without our module logs lines of the header, and at debug all of it.
        nginx_begin notice
        sed -e "$asks d" -e '$d' "$face/recipe"
        each_place nginx_asks
        echo '} }'
    } >"$face/nginx.conf"
    serve_nginx
}
face_lines() {
    identity
    cat <<'END'
lacks a 401 body
lacks a 403 body
lacks a 429 body
note a auth_request has no way to pass the body of an answer on: nginx writes one of its own
END
}
nginx_asks() { # PATH SERVICE COST SCOPES
    sed -e "s,location / {,location = $1 {," -e "s,location = /stkgate {,location = /ask$1 {," \
        -e "s,\(auth_request  *\)/stkgate;,\1/ask$1;," \
        -e "s,/v1/check/storefront?scope=catalog:read,/v1/check/$2?scope=${4// /+}${3:+\\&cost=$3}," "$face/asks"
}
