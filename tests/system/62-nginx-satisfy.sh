#!/bin/bash
# The nginx module among nginx's own access handlers: satisfy any and satisfy all, and whom they refuse, or let
# pass by themselves, spends nothing.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
# shellcheck source=tests/system/nginx.sh
. "$STKGATE_SRCDIR/tests/system/nginx.sh"

start_daemon
printf 'shop:{PLAIN}open\n' >"$dir/users"
chmod 644 "$dir/users"
cat >"$dir/http" <<END
    server {
        listen unix:$dir/web.sock;
        stkgate storefront;
        location / { stkgate off; }
        location = /yes { stkgate off; return 204; }
        location = /no { stkgate off; return 403; }
        location = /error { stkgate off; return 500; }
        location = /page { stkgate off; internal; try_files /index.html =404; }

        location /all/denied { satisfy all; deny all; try_files /index.html =404; }
        location /all/allowed { satisfy all; allow all; try_files /index.html =404; }
        location /all/user { auth_basic shop; auth_basic_user_file $dir/users; try_files /index.html =404; }
        location /all/yes { auth_request /yes; try_files /index.html =404; }
        location /all/no { auth_request /no; try_files /index.html =404; }
        location /all/error { auth_request /error; try_files /index.html =404; }

        location /any/denied { satisfy any; deny all; try_files /index.html =404; }
        location /any/allowed { satisfy any; allow all; try_files /index.html =404; }
        location /any/user { satisfy any; auth_basic shop; auth_basic_user_file $dir/users; try_files /index.html =404; }
        location /any/yes { satisfy any; auth_request /yes; try_files /index.html =404; }
        location /any/no { satisfy any; auth_request /no; try_files /index.html =404; }
        location /any/page { satisfy any; deny all; error_page 401 403 429 503 /page; try_files /index.html =404; }
        location /any/closed { satisfy any; deny all; auth_basic shop; auth_basic_user_file $dir/users; try_files /index.html =404; }
    }
END
echo "the shop" >"$dir/html/index.html"
start_nginx
none="X-Site-ID: kasa"
basic="Authorization: Basic $(printf shop:open | base64)"

mint --site kasa --name all --limit 5 --window 1h
ask /all/denied && is 403 && has_no_field RateLimit-Limit && is_left 5
ask /all/no && is 403 && is_left 5
ask /all/error && is 500 && is_left 5
ask /all/user && is 401 && has_field 'WWW-Authenticate: Basic.*' && is_left 5
ask /all/user "$basic" && is 200 && is_left 4
ask /all/allowed && is 200 && is_left 3
ask /all/yes && is 200 && is_left 2
get /all/allowed "$none" && is 401
get /all/yes "$none" && is 401
get /all/user "$basic" "$none" && is 401 && has_field 'WWW-Authenticate: Bearer.*'

mint --site kasa --name any --limit 2 --window 1h
ask /any/allowed && is 200 && has_no_field RateLimit-Limit && is_left 2
ask /any/yes && is 200 && is_left 2
ask /any/user "$basic" && is 200 && has_no_field WWW-Authenticate && is_left 2
get /any/allowed "$none" && is 200
get /any/denied "$none" && is 401 && has_field 'Content-Type: application/problem\+json'
get /any/user "$none" && is 401
has_field 'WWW-Authenticate: Basic.*'
has_field 'WWW-Authenticate: Bearer.*'
get /any/closed "$none" && is 401
get /any/no "$none" && is 401
ask /any/denied && is 200 && has_field 'RateLimit-Remaining: 1' && has_no_field WWW-Authenticate && is_left 1
ask /any/user && is 200 && has_no_field WWW-Authenticate && is_left 0
# The bucket is empty: who is let pass otherwise passes, and for the others it is no 403.
for path in denied user no closed; do
    ask /any/$path && is 429 && has_field 'Retry-After: [0-9]+' && body_has '"status": *429'
done
ask /any/allowed && is 200
ask /any/yes && is 200 && has_no_field Retry-After
ask /any/user "$basic" && is 200
ask /any/page && is 429 && has_field 'Retry-After: [0-9]+' && body_has 'the shop'
get /any/page "$none" && is 401 && has_field 'WWW-Authenticate: Bearer.*' && body_has 'the shop'

# So it is when there is no verdict to be had.
stop_daemon
ask /any/denied && is 503 && body_has '"status": *503'
ask /any/user && is 503
ask /any/user "$basic" && is 200
ask /any/page && is 503 && body_has 'the shop'
ask /all/allowed && is 503
ask /all/denied && is 403
stop_nginx

exit 0
