#!/bin/bash
# nginx with the recipe of docs/servers/http.md asks http.sock, and keeps to what it says.
# shellcheck source=tests/system/asks.sh
. "${STKGATE_SRCDIR:?}/tests/system/asks.sh"
needs nginx lighttpd curl

serve() {
    local name=$1 user=
    block http.md nginx.conf | sed -e "s,/run/stkgate/http.sock,$dir/run/http.sock," \
        -e "s,127.0.0.1:8080,unix:$dir/app.sock," -e "s,listen 80,listen unix:$dir/$name.sock," \
        -e "s,/var/log/nginx,$dir," -e "${2:-}" >"$dir/$name.storefront.conf"
    [ "$(id -u)" != 0 ] || user='user root;'
    cat >"$dir/$name.conf" <<END
$user
daemon off;
pid $dir/$name.pid;
error_log $dir/$name.log notice;
events {}
http {
    access_log $dir/$name.access.log;
    client_body_temp_path $dir/t1; proxy_temp_path $dir/t2; fastcgi_temp_path $dir/t3;
    uwsgi_temp_path $dir/t4; scgi_temp_path $dir/t5;
    include $dir/$name.storefront.conf;
}
END
    start nginx -e "$dir/$name.log" -c "$dir/$name.conf"
    is_up "$name.sock"
}

# Not as if the daemon were gone. nginx takes such a name only when it is told to.
refuses_what_is_no_header_line() {
    mint --site kasa --name unreadable --scope catalog:read
    serve lenient 's,listen .*,&\n    ignore_invalid_headers off;,'
    socket=lenient.sock
    call 400 < <(fields; echo 'X@Else: a')
    lacks X-App
    grep -q '"status":400' "$dir/body" || fail "no problem of status 400: $(cat "$dir/body")"
    call 200 < <(fields)
    socket=
}

start_daemon
start_app
serve web
goes_through_the_table
decides_what_holds_control_characters
refuses_what_is_no_header_line
refuses_what_is_too_long 1 4
refuses_when_its_question_is_wrong
takes_the_site_from_the_host
no_secret_in_any_log
exit 0
