#!/bin/bash
# demo.sh - stkgate at work: a daemon, a token, and a real web server whose CGI program asks it
#
# All in a temporary directory and on Unix sockets. Exits 0 only if every answer was as it should be.
# $STKGATE_BUILDDIR: where stkgate was built.
set -u
build=${STKGATE_BUILDDIR:?the directory where stkgate was built}
stkgate=$build/stkgate
cgi=$build/examples/cgi/storefront
PATH=$PATH:/usr/sbin:/sbin
dir=$(mktemp -d "${TMPDIR:-/tmp}/stkgate-demo.XXXXXX") || exit 1
export STKGATE_RUNTIME=$dir/run
wrong=0
daemon_pid='' web_pid=''

cleanup() {
    local pid
    for pid in $web_pid $daemon_pid; do
        kill "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

die() { echo "demo: $*" >&2; [ ! -s "$dir/log" ] || cat "$dir/log" >&2; exit 1; }

# Run until it succeeds: how the demo waits for a server that it has just started.
until_works() {
    local deadline=$((SECONDS + 20))
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $deadline ] || return 1
        sleep 0.05
    done
}

# call TITLE STATUS METHOD PATH [FIELD...]: stdin has the request's header fields, one a line; curl
# reads them from a file, for a token on a command line could be read by every user of the machine.
# Each FIELD is a pattern that one line of the answer's header must match.
call() {
    local title=$1 status=$2 method=$3 path=$4 got field ok=ok body=()
    shift 4
    # Without a length, lighttpd refuses a POST by itself: 411.
    [ "$method" = GET ] || body=(--data '')
    cat >"$dir/fields"
    curl -s -X "$method" "${body[@]}" --unix-socket "$dir/web.sock" -H "@$dir/fields" -D "$dir/head" \
        -o "$dir/body" --max-time 10 "http://shop.example/api$path" || ok=WRONG
    tr -d '\r' <"$dir/head" >"$dir/answer"
    got=$(sed -n '1s/^[^ ]* \([0-9]*\).*/\1/p' "$dir/answer")
    [ "$got" = "$status" ] || ok=WRONG
    for field; do
        grep -qiE "^$field\$" "$dir/answer" || ok="WRONG: no field like $field"
    done
    printf '%-52s %-4s %s\n' "$title" "$method" "$path"
    printf '    %s' "$got"
    grep -iE '^(RateLimit|Retry-After|WWW-Auth|Deprecation|Sunset|Link)' "$dir/answer" |
        while read -r field; do printf '  %s' "$field"; done
    detail=$(sed -n 's/.*"detail": *"\([^"]*\)".*/\1/p' "$dir/body")
    [ -z "$detail" ] || printf '\n    %s' "$detail"
    [ "$ok" = ok ] || { printf '  <-- %s (expected %s)' "$ok" "$status"; wrong=$((wrong + 1)); }
    echo
}

for program in "$stkgate" "$cgi" "$(type -P lighttpd)" "$(type -P curl)"; do
    [ -x "$program" ] || die "${program:-lighttpd or curl}: not there; run ./bootstrap demo"
done

echo "== a daemon with an empty table, and a web server that runs a CGI program linked with libstkgate"
mkdir "$dir/config"
"$stkgate" daemon --state "$dir/state" --runtime "$dir/run" --config "$dir/config" 2>"$dir/log" &
daemon_pid=$!
until_works "$stkgate" admin list || die "the daemon did not start"
cat >"$dir/lighttpd.conf" <<END
server.document-root = "$dir"
server.bind = "$dir/web.sock"
server.errorlog = "$dir/web.log"
server.modules = ("mod_alias", "mod_setenv", "mod_cgi")
alias.url = ("/api" => "$cgi")
cgi.assign = ("" => "")
setenv.add-environment = ("STKGATE_RUNTIME" => "$STKGATE_RUNTIME")
END
lighttpd -D -f "$dir/lighttpd.conf" 2>"$dir/web.err" &
web_pid=$!
until_works curl -s --unix-socket "$dir/web.sock" http://shop.example/ || { cat "$dir/web.err"; die "lighttpd did not start"; }

echo "== a token for site kasa: catalog and cart, from https://kasa.example, 5 calls a minute"
token=$("$stkgate" admin mint --site kasa --name storefront --scope catalog:read --scope cart:write \
    --origin https://kasa.example --limit 5 2>"$dir/minted") || die "mint failed: $(cat "$dir/minted")"
key_id=$("$stkgate" admin list --quiet | head -n 1)
good=$(printf 'X-Stella-Token: %s\nX-Site-ID: kasa\nOrigin: https://kasa.example' "$token")
typo=${token%?}$([ "${token: -1}" = a ] && echo b || echo a)

echo
call "a good call" 200 GET /catalog 'RateLimit-Limit: 5' 'RateLimit-Remaining: 4' 'RateLimit-Reset: 12' <<<"$good"
call "no token" 401 GET /catalog 'WWW-Authenticate: Bearer realm="storefront"' <<<"X-Site-ID: kasa"
call "a typing error in the token" 401 GET /catalog 'WWW-Authenticate: .*invalid_token.*' <<<"${good/"$token"/"$typo"}"
call "another merchant's site id" 401 GET /catalog <<<"${good/X-Site-ID: kasa/X-Site-ID: other}"
call "an origin that is not on the token's list" 403 GET /catalog <<<"${good/kasa.example/evil.example}"
call "a scope that the token lacks" 403 POST /checkout 'WWW-Authenticate: .*insufficient_scope.*' <<<"$good"
echo "   ... three more good calls; refusals have spent nothing"
for left in 3 2 1; do
    call "a good call" 200 POST /cart "RateLimit-Remaining: $left" <<<"$good"
done
call "the last of the burst" 200 GET /catalog 'RateLimit-Remaining: 0' <<<"$good"
call "one too many" 429 GET /catalog 'Retry-After: [1-9][0-9]*' 'RateLimit-Remaining: 0' <<<"$good"

echo
echo "== another token, rotated and then revoked"
token=$("$stkgate" admin mint --site shop --name app --limit 10 2>/dev/null) || die "mint failed"
key_id=$("$stkgate" admin list --site shop --quiet | head -n 1)
old=$(printf 'X-Stella-Token: %s\nX-Site-ID: shop' "$token")
call "before it is rotated" 200 GET /catalog <<<"$old"
token=$("$stkgate" admin rotate "$key_id" 2>"$dir/rotated") || die "rotate failed: $(cat "$dir/rotated")"
new=$(printf 'X-Stella-Token: %s\nX-Site-ID: shop' "$token")
call "the old value after rotate" 401 GET /catalog <<<"$old"
call "the new value; rotating has refilled nothing" 200 GET /catalog 'RateLimit-Remaining: 8' <<<"$new"
key_id=$("$stkgate" admin list --site shop --state active --quiet | head -n 1)
"$stkgate" admin revoke "$key_id" --yes --reason "end of the demo" >/dev/null || die "revoke failed"
call "the very next call after revoke" 401 GET /catalog <<<"$new"

echo
echo "== a legacy API key, which works until its sunset"
legacy=legacy-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
sunset=$(date -u -d '+90 days' +%Y-%m-%dT%H:%M:%SZ)
printf '%s\n' "$legacy" | "$stkgate" admin legacy add --site kasa --deprecation 2026-01-01 \
    --sunset "$sunset" --link https://kasa.example/api-keys >/dev/null 2>"$dir/legacy" ||
    die "legacy add failed: $(cat "$dir/legacy")"
call "X-API-Key and X-Site-ID" 200 GET /catalog 'Deprecation: @1767225600' \
    'Sunset: [A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT' \
    'Link: <https://kasa.example/api-keys>; rel="deprecation"; type="text/html"' \
    <<<"$(printf 'X-API-Key: %s\nX-Site-ID: kasa' "$legacy")"

echo
if grep -aqE 'stk_(live|test)_[0-9A-Za-z]{36}' "$dir/log" "$dir/web.log" "$dir/state/data.mdb"; then
    echo "WRONG: the text of a token is in a log or in the table"
    wrong=$((wrong + 1))
fi
[ "$wrong" = 0 ] || die "$wrong answers were wrong"
echo "every answer was as it should be"
