#!/bin/bash
# The nginx module with another's access handler after it: with satisfy any a call that is exhausted, or can't be
# checked, passes where that handler lets it, and is 429 or 503 where it does not: neither 403 nor an answer
# before its time.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
# shellcheck source=tests/system/nginx.sh
. "$STKGATE_SRCDIR/tests/system/nginx.sh"

start_daemon
also_load="load_module $STKGATE_BUILDDIR/tests/system/.libs/late.so;"
cat >"$dir/http" <<END
    server {
        listen unix:$dir/web.sock;
        stkgate storefront;
        location / { satisfy any; }
        location /late { satisfy any; late on; try_files /index.html =404; }
        location /all { satisfy all; late on; try_files /index.html =404; }
        location /page { satisfy any; error_page 401 403 429 503 /open; }
        location /open { stkgate off; try_files /index.html =404; }
    }
END
echo "the shop" >"$dir/html/index.html"
start_nginx

mint --site kasa --name late --scope catalog:read --limit 2 --window 1h
ask / && is 200 && is_left 1
ask /late && is 200 && has_once RateLimit-Limit && is_left 0
ask / && is 429 && has_field 'Retry-After: [1-9][0-9]*'
ask /late && is 200 && has_no_field Retry-After && has_no_field WWW-Authenticate
ask /all && is 429
ask /page && is 429 && body_has 'the shop' && has_field 'Retry-After: [1-9][0-9]*'
get / "X-Site-ID: kasa" && is 401 && has_field 'WWW-Authenticate: Bearer.*'
get /late "X-Site-ID: kasa" && is 200 && has_no_field WWW-Authenticate
get /all "X-Site-ID: kasa" && is 401
get /page "X-Site-ID: kasa" && is 401 && body_has 'the shop'
stop_daemon
ask / && is 503 && has_field 'Cache-Control: no-store'
ask /late && is 200 && has_no_field Cache-Control
ask /all && is 503
stop_nginx
exit 0
