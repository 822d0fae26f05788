#!/bin/bash
# Apache with mod_stkgate, by the configuration of its manual: every row of the table, in each MPM.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
# shellcheck source=tests/system/apache.sh
. "$STKGATE_SRCDIR/tests/system/apache.sh"

mkdir -p "$home/htdocs/api/cart"
for place in catalog cart/list checkout health; do echo "of $place" >"$home/htdocs/api/$place"; done
block apache.md apache.conf >"$dir/manual.conf"

# This group alone of the two has the view, where Apache has a user of its own: both ways must agree.
printf 'direct = www-data\n' >"$dir/config/services.d/storefront.conf"
start_daemon

problem() { # STATUS REASON METHOD PATH FIELD...
    local wanted=$1 reason=$2
    shift 2
    answers "$wanted" "$@"
    has '^Content-Type: application/problem\+json$'
    has '^Cache-Control: no-store$'
    has "\"status\":$wanted,.*\"reason\":\"$reason\""
    lacks key_
}
challenge='^WWW-Authenticate: Bearer realm="storefront"'

rows() {
    mint --site kasa --name rows --scope catalog:read --scope cart:write --origin https://kasa.example --limit 7 --window 1h
    local good=("X-Stella-Token: $token" "X-Site-ID: kasa" "Origin: https://kasa.example") typo
    typo=${token%?}$([ "${token: -1}" = a ] && echo b || echo a)

    problem 401 missing_token GET /api/catalog "X-Site-ID: kasa"
    has "$challenge\$"
    problem 401 missing_token GET /api/catalog "X-Stella-Token;" "X-Site-ID: kasa"
    problem 401 malformed_token GET /api/catalog "X-Stella-Token: $typo" "${good[@]:1}"
    has "$challenge, error=\"invalid_token\"\$"
    problem 401 malformed_token GET /api/catalog "${good[@]}" "X-Stella-Token: $token"
    problem 401 malformed_token GET /api/catalog "X-Stella-Token: $token, $token" "${good[@]:1}"
    problem 401 missing_token GET /api/catalog "X_Stella_Token: $token" "${good[@]:1}"
    problem 401 unknown_token GET /api/catalog "X-Stella-Token: stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17" "X-Site-ID: kasa"
    problem 401 unknown_token GET /api/catalog "X-Stella-Token: $token" "Origin: https://kasa.example"
    problem 401 unknown_token GET /api/catalog "X-Stella-Token: $token" "X-Site-ID: other" "Origin: https://kasa.example"
    has "$challenge, error=\"invalid_token\"\$"
    problem 403 origin_denied GET /api/catalog "X-Stella-Token: $token" "X-Site-ID: kasa"
    problem 403 origin_denied GET /api/catalog "X-Stella-Token: $token" "X-Site-ID: kasa" "Origin: https://kasa.example.evil"
    problem 403 origin_denied GET /api/catalog "${good[@]}" "Origin: https://kasa.example"
    # The origin comes before the scope.
    problem 403 origin_denied POST /api/checkout "X-Stella-Token: $token" "X-Site-ID: kasa" "Origin: null"
    problem 403 insufficient_scope POST /api/checkout "${good[@]}"
    has "$challenge, error=\"insufficient_scope\", scope=\"cart:write checkout:create\"\$"
    lacks '^RateLimit'
    remains 7

    answers 200 GET /api/catalog "${good[@]}"
    has '^of catalog$'
    has '^RateLimit-Limit: 7$'
    has '^RateLimit-Remaining: 6$'
    has '^RateLimit-Reset: [0-9]+$'
    answers 200 GET /api/cart/list "x-stella-token: $token" "x-site-id: kasa" "origin: https://kasa.example"
    answers 200 GET /api/catalog "Authorization: Bearer $token" "${good[@]:1}"
    answers 404 GET /api/nothing "${good[@]}"
    has '^RateLimit-Remaining: 3$'
    answers 200 HEAD /api/catalog "${good[@]}"
    has '^RateLimit-Remaining: 2$'
    answers 200 GET /api/catalog "${good[@]}" "If-None-Match: \"another\""
    answers 200 GET /api/catalog "${good[@]}"
    remains 0
    problem 429 rate_limited GET /api/catalog "${good[@]}"
    has '^Retry-After: [1-9][0-9]*$'
    has '^RateLimit-Remaining: 0$'
    has 'quota-exceeded'
    # An empty bucket comes after all else, and is no answer to who may not know.
    problem 403 insufficient_scope POST /api/checkout "${good[@]}"
    problem 401 unknown_token GET /api/catalog "X-Stella-Token: $token" "X-Site-ID: other" "Origin: https://kasa.example"
    answers 429 HEAD /api/catalog "${good[@]}"
    has '^Content-Length: [1-9]'
}

states() {
    mint --site kasa --name states --limit 100 --burst 4
    local good=("X-Stella-Token: $token" "X-Site-ID: kasa")
    answers 200 GET /api/catalog "${good[@]}"
    problem 403 cost_exceeds_burst POST /api/checkout "${good[@]}"
    "$stkgate" admin suspend "$key_id" >/dev/null 2>&1 || fail suspend
    problem 401 suspended_token GET /api/catalog "${good[@]}"
    "$stkgate" admin resume "$key_id" >/dev/null 2>&1 || fail resume
    answers 200 GET /api/catalog "${good[@]}"
    "$stkgate" admin revoke "$key_id" --yes >/dev/null 2>&1 || fail revoke
    problem 401 revoked_token GET /api/catalog "${good[@]}"
    mint --site other --name others
    problem 401 unknown_token GET /api/catalog "X-Stella-Token: $token" "X-Site-ID: kasa"
    mint --site kasa --name test --test
    problem 401 unknown_token GET /api/catalog "X-Stella-Token: $token" "X-Site-ID: kasa"
}

legacy() {
    local value=legacy-$mpm-0123456789abcdef0123456789 pair
    pair=("X-API-Key: $value" "X-Site-ID: kasa")
    printf '%s\n' "$value" | "$stkgate" admin legacy add --site kasa --deprecation 2026-01-01 \
        --sunset 2099-01-01T00:00:00Z --link https://kasa.example/keys >/dev/null 2>"$dir/err" || fail "legacy add"
    answers 200 GET /api/catalog "${pair[@]}"
    has '^Deprecation: @1767225600$'
    has '^Sunset: Thu, 01 Jan 2099 00:00:00 GMT$'
    has '^Link: <https://kasa.example/keys>; rel="deprecation"; type="text/html"$'
    # A customer's own token beside it is none of ours.
    answers 200 GET /api/catalog "${pair[@]}" "Authorization: Bearer eyJhbGciOi"
    problem 401 unknown_token GET /api/catalog "${pair[0]}"
    mint --site kasa --name both
    answers 200 GET /api/catalog "${pair[@]}" "X-Stella-Token: $token"
    lacks '^(Deprecation|Sunset|Link)'
}

hostile() {
    mint --site kasa --name hostile --limit 1000
    local long
    long=$(printf 'x%.0s' {1..8000})
    answers 401 GET /api/catalog "X-Stella-Token: $long" "X-Site-ID: kasa"
    answers 401 GET /api/catalog "X-Stella-Token: $token" "X-Site-ID: $long"
    answers 200 GET /api/catalog "X-Stella-Token: $token" "X-Site-ID: kasa" "Origin: https://$long"
    # Longer ones than 8190 bytes are httpd's own to refuse, as is what is no header field.
    answers 400 GET /api/catalog "X-Stella-Token: $long$long$long$long$long$long$long$long" "X-Site-ID: kasa"
    local line
    for line in 'X-Stella-Token: %s\0' 'X-Stella-Token: %s\001' 'X-Stella-Token:\r%s' 'X-Stella-Token : %s' 'X-Stella-Token %s'; do
        words=$line
        # shellcheck disable=SC2059
        printf "GET /api/catalog HTTP/1.1\r\nHost: shop.example\r\nX-Site-ID: kasa\r\n$line\r\nConnection: close\r\n\r\n" \
            "$token" >"$dir/raw"
        exec 7<>"/dev/tcp/127.0.0.1/$port" || fail "no connection"
        cat "$dir/raw" >&7
        timeout 20 head -n 1 <&7 | tr -d '\r' >"$dir/answer"
        exec 7>&-
        has '^HTTP/1.1 400 '
    done
    # A folded line is one line, and what comes of it no token.
    printf 'GET /api/catalog HTTP/1.1\r\nHost: shop.example\r\nX-Site-ID: kasa\r\nX-Stella-Token: %s\r\n more\r\nConnection: close\r\n\r\n' "$token" >"$dir/raw"
    exec 7<>"/dev/tcp/127.0.0.1/$port"
    cat "$dir/raw" >&7
    timeout 20 head -n 1 <&7 | tr -d '\r' >"$dir/answer"
    exec 7>&-
    has '^HTTP/1.1 40[01] '
}

without_a_daemon() {
    stop_daemon
    problem 503 unavailable GET /api/catalog "X-Stella-Token: $token" "X-Site-ID: kasa"
    has '^Retry-After: [1-9]'
    grep -q 'stkgate:.* could not be asked as service storefront' "$home/error.log" || fail "no line in the error log"
    problem 401 missing_token GET /api/catalog "X-Site-ID: kasa"
    start_daemon
    works() { ask GET /api/catalog "X-Stella-Token: $token" "X-Site-ID: kasa"; [ "$status" = 200 ]; }
    until_works works
}

for mpm in event worker prefork; do
    start_apache "$mpm" "$dir/manual.conf"
    rows
    states
    legacy
    hostile
    stop_apache
done
start_apache event "$dir/manual.conf"
mint --site kasa --name last
without_a_daemon
stop_apache
! grep -qE 'stk_(live|test)_[0-9A-Za-z]{36}' "$home"/*.log || fail "a token in a log"
exit 0
