#!/bin/bash
# nginx with the recipe of docs/servers/http.md asks http.sock, and keeps to what it says.
# shellcheck source=tests/system/asks.sh
. "${STKGATE_SRCDIR:?}/tests/system/asks.sh"
needs nginx lighttpd curl

block http.md nginx.conf | sed -e "s,/run/stkgate/http.sock,$dir/run/http.sock," -e "s,127.0.0.1:8080,unix:$dir/app.sock," \
    -e "s,listen 80,listen unix:$dir/web.sock," -e "s,/var/log/nginx,$dir," >"$dir/storefront.conf"
cat >"$dir/nginx.conf" <<END
daemon off;
pid $dir/nginx.pid;
error_log $dir/main.log notice;
events {}
http {
    access_log $dir/access.log;
    client_body_temp_path $dir/t1; proxy_temp_path $dir/t2; fastcgi_temp_path $dir/t3;
    uwsgi_temp_path $dir/t4; scgi_temp_path $dir/t5;
    include $dir/storefront.conf;
}
END
[ "$(id -u)" != 0 ] || sed -i '1i user root;' "$dir/nginx.conf"
start_daemon
start_app
start nginx -e "$dir/main.log" -c "$dir/nginx.conf"
is_up web.sock
goes_through_the_table
no_secret_in_any_log
exit 0
