# shellcheck shell=bash
# nginx-auth-request.sh - nginx without a module of ours: auth_request asks http.sock
face_missing() { type -P nginx >/dev/null || echo "nginx is not installed"; }
face_start() {
    address=unix:$face/web.sock
    {
        # From info on nginx without our module logs lines of the header, and at debug all of it.
        nginx_begin notice
        cat <<CONF
    upstream stkgate { server unix:$dir/run/http.sock; keepalive 16; }
    map \$stk_status \$stk_challenge { ~403\$ \$stk_www; }
    server {
        listen $address;
CONF
        fields_set
        each_place nginx_asks
        echo 'location @refused { default_type application/problem+json;'
        fields_add
        cat <<'CONF'
            add_header WWW-Authenticate $stk_challenge always;
            add_header Retry-After $stk_retry always;
            add_header Cache-Control no-store always;
            if ($stk_reason = unreadable_request) { return 400; }
            if ($stk_status ~ "401$") { return 401 '{"type":"about:blank","title":"Unauthorized","status":401}'; }
            if ($stk_status ~ "403$") { return 403 '{"type":"about:blank","title":"Forbidden","status":403}'; }
            if ($stk_status ~ "429$") { return 429 '{"type":"about:blank","title":"Too Many Requests","status":429}'; }
            return 503 '{"type":"about:blank","title":"Service Unavailable","status":503}';
        }
    }
}
CONF
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

# Path by path, the fields of the answer: the variable behind $stk_, and the field.
rate_fields=(limit:RateLimit-Limit remaining:RateLimit-Remaining reset:RateLimit-Reset policy:RateLimit-Policy
    rate:RateLimit deprecation:Deprecation sunset:Sunset link:Link)
fields_set() {
    local field upstream
    echo "auth_request_set \$stk_status \$upstream_status;"
    for field in "${rate_fields[@]}" www:WWW-Authenticate retry:Retry-After reason:Stkgate-Reason; do
        upstream=${field#*:} upstream=${upstream,,}
        echo "auth_request_set \$stk_${field%:*} \$upstream_http_${upstream//-/_};"
    done
    echo "error_page 401 403 500 = @refused;"
}
fields_add() {
    local field
    for field in "${rate_fields[@]}"; do
        echo "add_header ${field#*:} \$stk_${field%:*} always;"
    done
}
nginx_asks() { # PATH SERVICE COST SCOPES
    cat <<CONF
        location = $1 {
            auth_request /ask$1;
$(fields_add)
            proxy_pass http://behind;
            proxy_set_header X-Stella-Token "";
            proxy_set_header X-API-Key "";
            proxy_set_header Authorization "";
        }
        location = /ask$1 {
            internal;
            proxy_pass http://stkgate/v1/check/$2?scope=${4// /+}${3:+&cost=$3};
            proxy_method HEAD;
            proxy_http_version 1.1;
            proxy_pass_request_body off;
            proxy_set_header Connection "";
            proxy_set_header Content-Length "";
        }
CONF
}
