#!/bin/bash
# docs/servers/nginx.md: its configuration as it stands there, with other sockets and paths, and its directives.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
# shellcheck source=tests/system/nginx.sh
. "$STKGATE_SRCDIR/tests/system/nginx.sh"
page=$STKGATE_SRCDIR/docs/servers/nginx.md

# The module's list of directives and variables is the page's.
sed -nE 's/.*ngx_string\("(stkgate[a-z_]*)"\).*/\1/p' "$STKGATE_SRCDIR/module/nginx/settings.c" | sort >"$dir/has"
sed -nE 's/^\| `(stkgate[a-z_]*) .*/\1/p' "$page" | sort >"$dir/told"
[ "$(wc -l <"$dir/has")" = 8 ] && diff "$dir/has" "$dir/told" || fail "other directives are documented than there are"
for variable in $(grep -oE 'ngx_string\("stkgate_[a-z_]+"\)' "$STKGATE_SRCDIR/module/nginx/variables.c" | grep -oE 'stkgate_[a-z_]+'); do
    grep -q "\`\$$variable\`" "$page" || fail "\$$variable is not documented"
done

start_daemon
echo "the shop" >"$dir/html/index.html"
block nginx.md shop.conf >"$dir/shop.conf"
[ -e /etc/nginx/fastcgi_params ] || fail "no /etc/nginx/fastcgi_params"
# shellcheck disable=SC2016
{
    sed -e "s,listen 127.0.0.1:8080,listen unix:$dir/web.sock," -e "s,/var/www/html,$dir/html," \
        -e "s,/var/log/nginx/shop.log,$dir/shop.log," -e "s,http://127.0.0.1:8081,http://unix:$dir/back.sock:," \
        -e 's,include fastcgi_params,include /etc/nginx/fastcgi_params,' \
        -e "s,/run/php/php-fpm.sock,$dir/php.sock," "$dir/shop.conf"
    echo "server { listen unix:$dir/back.sock; access_log off;"
    echo '    return 200 "shop=$http_x_shop key=$http_x_key_id token=$http_x_stella_token\n"; }'
} >"$dir/http"
error_level=debug
start_nginx

mint --site kasa --name documented --limit 10 --window 1h
get / && is 200 && body_has 'the shop'
get /api/catalog && is 401
ask /api/catalog && is 200 && body_has "^shop=kasa key=$key_id token=\$" && is_left 9
ask /api/cart && is 200 && body_has '^shop=kasa key= token=$' && is_left 7
options=(-X OPTIONS) && get /api/catalog 'Access-Control-Request-Method: GET' && is 200
ask /index.php && is 502
for parameter in "KEY_ID: $key_id" 'SITE: kasa' 'SCOPES: catalog:read cart:write checkout:create customer:auth' 'KIND: live' 'REMAINING: 6'; do
    logged "fastcgi param: \"STKGATE_$parameter\""
done
until_works grep -q "\"GET /api/catalog\" 200 ok $key_id kasa\$" "$dir/shop.log"
until_works grep -q '"GET /api/catalog" 401 missing_token - -$' "$dir/shop.log"
stop_nginx

# A installation is loaded from where it was put.
make -s -C "$STKGATE_BUILDDIR" DESTDIR="$dir/installed" install-nginxconfDATA >/dev/null 2>&1 || fail "install"
conf=$(find "$dir/installed" -name mod-http-stkgate.conf)
grep -Eqx 'load_module /.*/nginx/modules/ngx_http_stkgate_module.so;' "$conf" || fail "mod-http-stkgate.conf: $(cat "$conf")"
exit 0
