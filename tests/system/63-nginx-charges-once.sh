#!/bin/bash
# The nginx module spends once for a request, however often it is redirected within nginx and whatever
# sub-requests it makes; other terms on the way must be met, too.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
# shellcheck source=tests/system/nginx.sh
. "$STKGATE_SRCDIR/tests/system/nginx.sh"

printf 'accept = live\nscope = customer:auth\n' >"$dir/config/services.d/strict.conf"
start_daemon
mkdir -p "$dir/html/dir" "$dir/html/ssi"
echo "the shop" >"$dir/html/index.html"
echo "a page" >"$dir/html/dir/index.html"
echo '<!--#include virtual="/part" --><!--#include virtual="/part?again" -->' >"$dir/html/ssi/index.html"
echo "part" >"$dir/html/part"
cat >"$dir/http" <<END
    server {
        listen unix:$dir/back.sock;
        access_log off;
        location / { return 200 "behind\n"; }
        location /send { add_header X-Accel-Redirect /sent always; return 200 ""; }
        location /limited { add_header RateLimit-Limit 1; add_header RateLimit-Policy '"x";q=1'; add_header Retry-After 7; return 200 "behind\n"; }
        location /fails { return 404; }
    }
    server {
        listen unix:$dir/web.sock;
        stkgate storefront;
        location / { }
        location /try { try_files /none /dir/index.html; }
        location /rewritten { rewrite ^ /index.html last; }
        location /named { try_files /none @named; }
        location @named { try_files /index.html =404; }
        location /missing { error_page 404 /index.html; }
        location /forbidden { error_page 403 = /index.html; return 403; }
        location /chain { recursive_error_pages on; error_page 404 = /chain2; }
        location /chain2 { error_page 404 = @named; recursive_error_pages on; }
        location /accel { proxy_pass http://unix:$dir/back.sock:/send; }
        location /sent { internal; stkgate_scope cart:write; try_files /index.html =404; }
        location /proxied { error_page 404 = @named; proxy_intercept_errors on; proxy_pass http://unix:$dir/back.sock:/fails; }
        location /limited { proxy_pass http://unix:$dir/back.sock:/limited; }
        location /ssi { ssi on; ssi_types *; }
        location /mirrored { mirror /part; try_files /index.html =404; }
        location /asks { auth_request /part; try_files /index.html =404; }
        location /more-scope { stkgate_scope catalog:read; rewrite ^ /sent last; error_page 404 = /sent; }
        location /to-scope { error_page 404 = /sent; }
        location /to-site { error_page 404 = /ada; }
        location /ada { stkgate_site ada; try_files /index.html =404; }
        location /to-strict { error_page 404 = /strict; }
        location /strict { stkgate strict; try_files /index.html =404; }
        location /free { stkgate_cost 0; error_page 404 = /index.html; }
        location /open { stkgate off; error_page 404 = /index.html; }
        location /out { error_page 404 = /left; }
        location /left { stkgate off; try_files /index.html =404; }

        location /refused { stkgate_scope checkout:create; error_page 401 403 429 /dir/index.html; }
        location /shown { stkgate_scope checkout:create; error_page 401 403 429 503 /left; }
        location /shown-200 { stkgate_scope checkout:create; error_page 401 403 =200 /left; }
        location /shown-named { error_page 401 403 429 = @left; }
        location @left { stkgate off; return 418; }
    }
END
start_nginx

# PATH, what it answers: spends one of ten, with each field once.
once() {
    mint --site kasa --name once --scope cart:write --scope catalog:read --limit 10 --window 1h
    ask "$1"
    is "${2:-200}"
    is_left 9
    has_once RateLimit-Limit
    has_field 'RateLimit-Remaining: 9'
    accessed "^${2:-200} \"$key_id\" \"kasa\" .* \"ok\" \"9\" $1\$"
}
for path in / /dir/ /try /rewritten /named /chain /accel /proxied /ssi/ /mirrored /asks /more-scope /to-scope /open /out; do
    once $path
done
once /missing 404
ask /ssi/ && grep -c part "$dir/body" | grep -qx 2 || fail "the sub-requests did not run: $(cat "$dir/body")"
ask /free && is 200 && is_left 7
# What a program behind says of its own limit is not mixed with ours; the rest it may say.
once /limited
has_field 'RateLimit-Limit: 10' && has_no_field RateLimit-Policy && has_field 'Retry-After: 7'

# Other terms are looked at, without spending; a bucket that the request itself has emptied is no reason.
mint --site kasa --name terms --scope catalog:read --limit 2 --window 1h
ask /to-scope && is 403 && body_has 'cart:write|scope' && is_left 1
ask /to-site && is 401
mint --site kasa --name last --scope cart:write --limit 1 --window 1h
ask /to-scope && is 200 && is_left 0
mint --site kasa --name lacking --scope cart:write --limit 5 --window 1h
ask /to-strict && is 403 && is_left 4
mint --site kasa --name all --limit 5 --window 1h
ask /to-strict && is 200 && is_left 4

# Refused once: an error page that is protected, too, does not show; one that is not does, with the fields.
mint --site kasa --name refused --scope catalog:read --limit 1 --window 1h
ask /refused && is 403 && body_has '"status": *403' && is_left 1
has_once WWW-Authenticate
ask /shown && is 403 && body_has 'the shop'
has_field 'WWW-Authenticate: .*insufficient_scope.*'
accessed "^403 \"$key_id\" \"kasa\" .* \"insufficient_scope\" \"[0-9]\" /shown\$"
ask /shown-200 && is 200 && body_has 'the shop'
get /shown-named "X-Site-ID: kasa" && is 418
get /shown "X-Site-ID: kasa" && is 401 && has_field 'WWW-Authenticate: Bearer realm="storefront"' && body_has 'the shop'
ask / && is 200
ask /shown-named && is 418 && has_field 'Retry-After: [0-9]+'
ask /shown && is 403 && is_left 0
stop_nginx
exit 0
