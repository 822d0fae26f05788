#!/bin/bash
# The nginx module: a call passes or is refused as the product's table has it, with its fields and body;
# directives are inherited, and one that is wrong fails nginx -t.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
# shellcheck source=tests/system/nginx.sh
. "$STKGATE_SRCDIR/tests/system/nginx.sh"

start_daemon
"$stkgate" admin scope add stock:write >/dev/null 2>&1 || fail "scope add"
cat >"$dir/http" <<END
    stkgate storefront;
    server {
        listen unix:$dir/web.sock;
        location / { }
        location /cart { stkgate_scope cart:write; try_files /index.html =404; }
        location /many { stkgate_scope cart:write "catalog:read,checkout:create"; try_files /index.html =404; }
        location /stock { stkgate_scope stock:write; try_files /index.html =404; }
        location /cart/any { stkgate_scope ""; try_files /index.html =404; }
        location /costly { stkgate_cost 3; try_files /index.html =404; }
        location /impossible { stkgate_cost 100; try_files /index.html =404; }
        location /look { stkgate_cost 0; try_files /index.html =404; }
        location /open { stkgate off; try_files /index.html =404; }
        location /kasa { stkgate_site kasa; try_files /index.html =404; }
        location /any-site { stkgate_site ""; try_files /index.html =404; }
        location ~ ^/site/(?<merchant>[a-z]+) { stkgate_site \$merchant; try_files /index.html =404; }
        location /preflight { stkgate_preflight on; try_files /index.html =404; }
        location /nothing { return 204; }
    }
    server {
        listen unix:$dir/web.sock;
        server_name other.example;
        stkgate off;
        location /on { stkgate storefront; stkgate_scope customer:auth; try_files /index.html =404; }
    }
END
echo "the shop" >"$dir/html/index.html"
start_nginx
curl=(curl -s --unix-socket "$dir/web.sock" --max-time 20)

mint --site kasa --name reader --scope catalog:read --scope cart:write --limit 10 --window 1h
ask /
is 200
body_has 'the shop'
has_field 'RateLimit-Limit: 10'
has_field 'RateLimit-Remaining: 9'
has_field 'RateLimit-Reset: [0-9]+'
has_no_field WWW-Authenticate
accessed "^200 \"$key_id\" \"kasa\" \"catalog:read cart:write\" \"live\" \"ok\" \"9\" /\$"
ask /cart && is 200 && is_left 8
ask /many && is 403
has_field 'WWW-Authenticate: .*error="insufficient_scope".*'
has_field 'Content-Type: application/problem\+json'
body_has '"status": *403'
is_left 8
accessed "^403 \"$key_id\" \"kasa\" \"catalog:read cart:write\" \"live\" \"insufficient_scope\""
logged "stkgate: refused reason=insufficient_scope key_id=$key_id site=kasa"
ask /stock && is 403
ask /cart/any && is 200 && is_left 7
ask /costly && is 200 && is_left 4
ask /impossible && is 403 && body_has burst
ask /look && is 200 && is_left 4
ask /absent && is 404 && has_field 'RateLimit-Remaining: 3'

# Who calls, and how: rows 1 to 5.
get / "X-Site-ID: kasa"
is 401
has_field 'WWW-Authenticate: Bearer realm="storefront"'
has_field 'Content-Type: application/problem\+json'
has_field 'Cache-Control: no-store'
accessed '^401 "-" "-" "-" "-" "missing_token" "-" /$'
get / "X-Stella-Token: ${token}x" "X-Site-ID: kasa" && is 401
has_field 'WWW-Authenticate: .*error="invalid_token".*'
get / "X-Stella-Token: stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17" "X-Site-ID: kasa" && is 401
accessed '"unknown_token"'
ask / "X-Stella-Token: $token" && is 401
get / "X-Stella-Token: $token, $token" "X-Site-ID: kasa" && is 401
get / "X_Stella_Token: $token" "X-Site-ID: kasa" && is 401
get / "X-Stella-Token;" "X-Site-ID: kasa" && is 401
# As long as ours, and to nginx of the same hash: not ours.
get /look "vkstella-Token: $token" "X-Site-ID: kasa" && is 401
ask /look "vkapi-Key: $token" "vksite-ID: ada" && is 200
get / "X-Stella-Token: $token" "X-Site-ID: ada" && is 401
! grep -q kasa "$dir/body" || fail "the body says whose token it is"
get / "X-Stella-Token: $token" && is 401
ask / "X-Site-ID: kasa" && is 401
get / "x-stella-token: $token" "X-SITE-ID: kasa" && is 200
get / "Authorization: Bearer $token" "X-Site-ID: kasa" && is 200 && is_left 1
get / "Authorization: Basic abc" "X-Site-ID: kasa" && is 401
get /kasa "X-Stella-Token: $token" && is 200 && is_left 0
ask /any-site && is 401
ask /site/ada && is 401
ask /
is 429
has_field 'Retry-After: [1-9][0-9]*'
has_field 'RateLimit-Remaining: 0'
has_field 'RateLimit-Limit: 10'
has_field 'Cache-Control: no-store'
body_has '"status": *429'
ask /site/kasa && is 429
ask /look && is 429
ask /open && is 200 && has_no_field RateLimit-Limit
get /open && is 200

# Origins: row 6.
mint --site kasa --name browser --origin https://kasa.example
ask / 'Origin: https://kasa.example' && is 200
ask / && is 403
ask / 'Origin: https://kasa.example.evil' && is 403
ask / 'Origin: https://kasa.example' 'Origin: https://kasa.example' && is 403
# A preflight has no token: it passes where that is wanted, and only one that is one.
preflight=("Origin: https://kasa.example" "Access-Control-Request-Method: GET")
options=(-X OPTIONS) && get /preflight "${preflight[@]}" && is 405
options=(-X OPTIONS) && get /preflight "Origin: https://kasa.example" && is 401
options=(-X OPTIONS) && get / "${preflight[@]}" && is 401
get /preflight "${preflight[@]}" && is 401

# A legacy key says so; and with a token beside it, it does not count.
legacy=legacy-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
printf '%s\n' "$legacy" | "$stkgate" admin legacy add --site kasa --deprecation 2026-01-01 \
    --link https://kasa.example/api-keys >/dev/null 2>&1 || fail "legacy add"
get / "X-API-Key: $legacy" "X-Site-ID: kasa" && is 200
has_field 'Deprecation: @1767225600'
has_field 'Link: <https://kasa.example/api-keys>; rel="deprecation".*'
accessed '^200 "key_[0-9A-Za-z]+" "kasa" ".*" "legacy" "ok"'
ask / "X-API-Key: $legacy" 'Origin: https://kasa.example' && is 200 && has_no_field Deprecation

# Other methods: an answer to HEAD has no body, and a body that was sent is left unread, or read past.
mint --site kasa --name methods
options=(-I) && get / "X-Site-ID: kasa" && is 401
has_field 'Content-Length: [1-9][0-9]*'
[ ! -s "$dir/body" ] || [ "$(head -c 5 "$dir/body")" = HTTP/ ] || fail "a HEAD got a body"
head -c 4000 /dev/zero >"$dir/large"
printf 'X-Site-ID: kasa\n' >"$dir/fields"
printf 'X-Site-ID: kasa\nX-Stella-Token: %s\n' "$token" >"$dir/good"
"${curl[@]}" -v -H "@$dir/fields" --data-binary "@$dir/large" http://shop.example/ -o "$dir/body" \
    --next -s --unix-socket "$dir/web.sock" --max-time 20 -v -H "@$dir/good" http://shop.example/ \
    2>"$dir/talk" >"$dir/second" || fail "two requests: $(cat "$dir/talk")"
[ "$(cat "$dir/second")" = "the shop" ] || fail "the request after one that was refused: $(cat "$dir/second")"
grep -q 'Re-using existing connection' "$dir/talk" || fail "a refusal ended the connection"
ask /nothing && is 204 && has_no_field RateLimit-Limit

# Another server; inherited, and taken back.
get_other() {
    status=$(printf 'X-Stella-Token: %s\nX-Site-ID: kasa\nHost: other.example\n' "$token" |
        "${curl[@]}" -H @- -o "$dir/body" -w '%{http_code}' "http://shop.example$1")
    words="other $1"
}
mint --site kasa --name other --scope catalog:read
get_other / && is 200
get_other /on && is 403
stop_nginx

# What is wrong in the configuration is told by nginx -t, with the directive's name.
refuses() { # DIRECTIVES PATTERN
    printf 'server { listen unix:%s/web.sock; location / { %s } }\n' "$dir" "$1" >"$dir/http"
    expect 1 test_nginx
    err_has "$2"
}
refuses 'stkgate storefront; stkgate_scope catalog:read catlog:read;' \
    "\"stkgate_scope\" in $dir/nginx.conf:[0-9]+: \"catlog:read\" is no scope that is registered"
refuses 'stkgate storefront; stkgate_scope Catalog:Read;' '"stkgate_scope" .*"Catalog:Read" is no scope name'
refuses 'stkgate "store front";' '"stkgate": "store front" is no service name'
refuses 'stkgate "";' '"stkgate" directive needs a service name'
refuses 'stkgate a; stkgate b;' '"stkgate" directive is duplicate'
refuses 'stkgate_socket run/check.sock;' '"stkgate_socket" directive needs the path of check.sock'
refuses "stkgate_socket $dir/run/http.sock;" '"stkgate_socket" directive needs the path of check.sock'
refuses 'stkgate_cost -1;' '"stkgate_cost".*invalid number|invalid number'
for time in 0 0ms 61s soon -1 ''; do
    refuses "stkgate_timeout '$time';" '"stkgate_timeout" directive needs a time from 1ms to 60s'
done
refuses 'stkgate_timeout 1s; stkgate_timeout 1s;' '"stkgate_timeout" directive is duplicate'
refuses 'stkgate_preflight maybe;' '"stkgate_preflight"'
refuses 'stkgate_pass_token yes;' '"stkgate_pass_token"'
stop_daemon
refuses 'stkgate storefront; stkgate_scope stock:write;' \
    '\[emerg\].*"stkgate_scope".*"stock:write" is not built in, and the daemon.* can.t be asked'
# One that needs nobody but the daemon's own scopes is right without it.
printf 'server { listen unix:%s/web.sock; stkgate storefront; stkgate_scope cart:write; }\n' "$dir" >"$dir/http"
expect 0 test_nginx
exit 0
