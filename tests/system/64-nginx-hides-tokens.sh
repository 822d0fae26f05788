#!/bin/bash
# The nginx module keeps credentials from programs behind nginx, and out of every log, at any level, whatever
# callers do with them.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
# shellcheck source=tests/system/nginx.sh
. "$STKGATE_SRCDIR/tests/system/nginx.sh"

start_daemon
echo "the shop" >"$dir/html/index.html"
"$nginx" -V 2>&1 | grep -q -- --with-debug || fail "this nginx can't log at level debug: nothing would be seen"
# shellcheck disable=SC2016
told='t=$http_x_stella_token a=$http_authorization k=$http_x_api_key s=$http_x_site_id c=$http_x_custom h=$http_host v=$http_x_key'
cat >"$dir/http" <<END
    log_format told '\$status t=\$http_x_stella_token a=\$http_authorization k=\$http_x_api_key \$request_method';
    log_format behind '\$request_uri t=\$http_x_stella_token k=\$http_x_api_key';
    access_log $dir/told.log told;
    underscores_in_headers on;
    limit_req_zone \$http_x_stella_token zone=calls:1m rate=1000r/s;
    server {
        listen unix:$dir/back.sock;
        access_log $dir/back.log behind;
        location / { return 200 "$told\n"; }
    }
    server {
        listen unix:$dir/web.sock;
        listen unix:$dir/web2.sock http2;
        stkgate storefront;
        proxy_set_header Host \$http_host;
        location / { }
        location /proxy { proxy_pass http://unix:$dir/back.sock; }
        location /named { proxy_set_header X-Key \$stkgate_key_id; proxy_pass http://unix:$dir/back.sock; }
        location /counted { limit_req zone=calls burst=100; proxy_set_header X-Stella-Token \$http_x_stella_token; proxy_pass http://unix:$dir/back.sock; }
        location /pass { stkgate_pass_token on; proxy_pass http://unix:$dir/back.sock; }
        location /pass/first { stkgate_pass_token on; error_page 404 = /proxy; }
        location /off { stkgate off; proxy_pass http://unix:$dir/back.sock; }
        location /any { satisfy any; allow all; proxy_pass http://unix:$dir/back.sock; }
        location /asks { auth_request /behind; auth_request_set \$said \$upstream_http_x_said; try_files /index.html =404; }
        location /behind { stkgate off; internal; proxy_pass http://unix:$dir/back.sock; }
        location /mirrored { mirror /mirror; try_files /index.html =404; }
        location /mirror { stkgate off; internal; proxy_pass http://unix:$dir/back.sock; }
        location /fastcgi { fastcgi_pass unix:$dir/none.sock; }
        location /uwsgi { uwsgi_pass unix:$dir/none.sock; }
        location /scgi { scgi_pass unix:$dir/none.sock; }
    }
    server {
        listen unix:$dir/plain.sock;
        location / { }
    }
END
error_level=debug
start_nginx
legacy=legacy-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
printf '%s\n' "$legacy" | "$stkgate" admin legacy add --site kasa >/dev/null 2>&1 || fail "legacy add"
mint --site kasa --name hidden --limit 1000

# Whatever comes besides reaches the program behind.
ask /proxy "X-Custom: kept" && is 200 && body_has '^t= a= k= s=kasa c=kept h=shop.example v=$'
get /proxy "Authorization: Bearer $token" "X-Site-ID: kasa" "X-Custom: kept" && is 200 && body_has '^t= a= k= s=kasa c=kept'
get /proxy "X-API-Key: $legacy" "X-Site-ID: kasa" && is 200 && body_has '^t= a= k= s=kasa'
ask /proxy "Authorization: Basic c2hvcDpvcGVu" && is 200 && body_has '^t= a=Basic c2hvcDpvcGVu k= s='
ask /proxy "X_Stella_Token: $token" "X_API-KEY: $legacy" && is 200 && body_has '^t= a= k= s='
ask /named && is 200 && body_has " v=$key_id\$"
ask /counted && is 200 && body_has '^t= a='
get /any "X-Stella-Token: $token" "X-API-Key: $legacy" && is 200 && body_has '^t= a= k= '
# Between many others, and at either end of nginx's list, which has room for 20 in a part.
many=()
for i in $(seq 45); do
    many+=("X-Filler-$i: $i")
done
for at in 0 1 17 18 19 20 21 37 38 39 44 45; do
    get /proxy "${many[@]:0:at}" "X-Stella-Token: $token" "${many[@]:at}" "X-Site-ID: kasa" "X-Custom: kept"
    is 200
    body_has '^t= a= k= s=kasa c=kept h=shop.example'
done
# Where the operator wants it, and only there.
ask /pass && is 200 && body_has "^t=$token "
ask /off && is 200 && body_has "^t=$token "
ask /pass/first && is 200 && body_has '^t= '
# Sub-requests hand the header on, too.
ask /asks "X-API-Key: $legacy" && is 200
ask /mirrored "X-API-Key: $legacy" && is 200
for path in behind mirror; do
    comes "^/$path " "$dir/back.log"
    grep "^/$path " "$dir/back.log" | grep -vx "/$path t=- k=-" && fail "a sub-request to /$path handed a credential on"
done
for path in fastcgi uwsgi scgi; do
    ask /$path "X-API-Key: $legacy" "X-Custom: kept" && is 502
done
for kind in fastcgi uwsgi scgi; do
    logged "$kind param: \"HTTP_X_CUSTOM: kept\""
done
! grep -Eiq 'param: "HTTP_X_(STELLA|API)' "$dir/error.log" || fail "a parameter has a credential"
[ "$(grep -c "^/pass t=$token" "$dir/back.log")" = 1 ] || fail "the program behind was not asked"

# Where nginx logs them by itself: its levels info and debug; invalid lines; HTTP/2; other places.
for sock in web.sock plain.sock; do
    {
        printf 'GET / HTTP/1.1\r\nHost: x\r\nX-Stella-Token : %s\r\nX-API-Key : %s\r\n' "$token" "$legacy"
        printf 'X-API-Key\t: %s\r\nX.Stella/Token: %s\r\n%s: x\r\nX-Site-ID: kasa\r\n' "$legacy" "$token" "$token"
        printf 'Cookie: t=%s\r\nReferer: http://x/%s\r\nAuthorization: Bearer %s\r\n' "$token" "$token" "$token"
        printf 'X-API-KEY: %s\r\nx_api_key:%s\r\nConnection: close\r\n\r\n' "$legacy" "$legacy"
    } >"$dir/talk"
    curl -s --unix-socket "$dir/$sock" --max-time 10 telnet://shop.example <"$dir/talk" >"$dir/body"
    grep -q '^HTTP/1.1 [24]' "$dir/body" || fail "no answer to hostile lines: $(cat "$dir/body")"
done
printf 'GET / HTTP/1.1\r\nHost: x\r\nX-Stella-Token: %s\0\r\n\r\n' "$token" |
    curl -s --unix-socket "$dir/web.sock" --max-time 10 telnet://shop.example >"$dir/body"
{
    printf 'GET / HTTP/1.1\r\nHost: x\r\nX-Stella-Token: %s' "$token"
    head -c 9000 /dev/zero | tr '\0' x
    printf '\r\n\r\n'
} | curl -s --unix-socket "$dir/web.sock" --max-time 10 telnet://shop.example >"$dir/body"
grep -q '^HTTP/1.1 400' "$dir/body" || fail "a line of 9 KiB passed"
get "/?stk%5Flive%5F${token#stk_live_}" && is 401
get "/absent/$token" "X-Stella-Token: $token" "X-Site-ID: kasa" && is 404
printf 'X-Stella-Token: %s\nX-Site-ID: kasa\nX-API-Key: %s\n' "$token" "$legacy" >"$dir/fields"
curl -s --http2-prior-knowledge -H "@$dir/fields" -o "$dir/body" -D "$dir/head" --max-time 10 \
    --unix-socket "$dir/web2.sock" http://shop.example/ && grep -q '^HTTP/2 200' "$dir/head" || fail "HTTP/2"
grep -q '^ratelimit-limit: ' "$dir/head" || fail "HTTP/2 without RateLimit-Limit"
curl -s --http2-prior-knowledge -H "X-Site-ID: kasa" -o "$dir/body" -D "$dir/head" --max-time 10 \
    --unix-socket "$dir/web2.sock" http://shop.example/ && grep -q '^HTTP/2 401' "$dir/head" || fail "HTTP/2"
body_has '"status": *401'
reload_nginx
ask / && is 200
stop_nginx
stop_daemon

grep -q 'http header: "X-Stella-Token: \.\{45\}"' "$dir/error.log" || fail "no header in this log: is it at level debug?"
grep -q 'http2.*x-stella-token: \.\{45\}' "$dir/error.log" || fail "no HTTP/2 header in this log"
grep -q 'client sent invalid header line: ' "$dir/error.log" || fail "no invalid line in this log"
grep -qi 'http header: "X-API-Key: \.' "$dir/error.log" || fail "no legacy key in this log"
# /pass and /off gave it to the access log's variables: those were the operator's.
grep -v " t=$token" "$dir/told.log" >"$dir/told"
printf '%s\n%s\n' "$token" "$legacy" >"$dir/secrets"
printf '%s\n%s\n' "$token" "$legacy" | cut -c 1-20 >>"$dir/secrets"
for log in error.log log told err; do
    ! grep -aF -f "$dir/secrets" "$dir/$log" >"$dir/found" || { cut -c 1-300 "$dir/found" | head -n 5 >&2; fail "secrets in $log"; }
done
[ "$(grep -c "t=$token" "$dir/told.log")" = 2 ] || fail "the access log: $(cat "$dir/told.log")"
exit 0
