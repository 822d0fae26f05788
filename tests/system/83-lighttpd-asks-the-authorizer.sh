#!/bin/bash
# `stkgate authorizer` before all that lighttpd serves, as docs/servers/lighttpd.md has it.
# shellcheck source=tests/system/cgi_rig.sh
. "${STKGATE_SRCDIR:?}/tests/system/cgi_rig.sh"
needs lighttpd lighttpd
needs curl curl
[ -e /usr/lib/lighttpd/mod_magnet.so ] || skip "lighttpd's mod_magnet is not installed (lighttpd-modules-lua)"
"$stkgate" authorizer </dev/null 2>"$dir/err"
! grep -q 'built without FastCGI' "$dir/err" || skip "built without libfcgi (libfcgi-dev)"
authorizer_pid=''

end_authorizer() {
    [ -z "$authorizer_pid" ] || { kill "$authorizer_pid"; wait "$authorizer_pid"; }
    authorizer_pid=''
}
end() {
    local status=$?
    end_authorizer 2>/dev/null
    (exit $status)
    end_web
}
trap end EXIT

start_authorizer() { # [OPTION]...
    rm -f "$dir/authorizer.sock"
    systemd-socket-activate -l "$dir/authorizer.sock" -E STKGATE_RUNTIME -E ASAN_OPTIONS -E TSAN_OPTIONS \
        "$stkgate" authorizer "$@" 2>>"$dir/authorizer.log" &
    authorizer_pid=$!
    until_works listens "$dir/authorizer.sock"
}

configuration() {
    from_docs lighttpd.md lighttpd.conf
    echo 'server.modules += ("mod_cgi")'
    echo 'cgi.assign = (".sh" => "")'
}

refuses_what_is_not_a_good_call_and_serves_the_rest() {
    call 200 /open.txt
    call 200 /api/page.txt "${good[@]}"
    body_has '^a page$'
    call 401 /api/page.txt
    head_has '^WWW-Authenticate: Bearer realm="storefront"$'
    head_has '^Content-Type: application/problem\+json'
    head_has '^Cache-Control: no-store$'
    body_has '^\{.*"reason":"missing_token"\}$'
    call 401 /api/page.txt "X-Stella-Token: $token" 'X-Site-ID: other'
    body_has '"reason":"unknown_token"'
    head_lacks key_
    method=HEAD
    call 401 /api/page.txt
    call 200 /api/page.txt "${good[@]}"
    method=GET
    # Not by what lighttpd makes of a path.
    for path in /api/../api/page.txt //api/page.txt /api//page.txt /%61pi/page.txt /x/..//api/./page.txt; do
        curl+=(--path-as-is)
        call 401 "$path"
    done
    call 401 /api/nowhere
}

passes_a_limit_on() {
    call 200 /api/page.txt "X-Stella-Token: $narrow" 'X-Site-ID: kasa'
    call 429 /api/page.txt "X-Stella-Token: $narrow" 'X-Site-ID: kasa'
    head_has '^Retry-After: [1-9][0-9]*$'
    head_has '^RateLimit-Limit: 1$'
    head_has '^RateLimit-Remaining: 0$'
}

needs_other_scopes_elsewhere() {
    call 403 /api/cart/show.sh "X-Stella-Token: $narrow" 'X-Site-ID: kasa'
    head_has '^WWW-Authenticate: .*error="insufficient_scope", scope="cart:write"'
    call 200 /api/cart/show.sh "${good[@]}"
}

tells_the_program_behind() {
    call 200 /api/cart/show.sh "${good[@]}" 'STKGATE-SITE: evil' 'Variable-STKGATE_SITE: evil'
    for line in "STKGATE_KEY_ID=$key_id" STKGATE_SITE=kasa STKGATE_KIND=live STKGATE_NEEDS=cart:write \
        STKGATE_RATELIMIT_LIMIT=1000; do
        body_has "^$line\$"
    done
    body_has '^STKGATE_REMAINING=[0-9]+$'
    body_has '^STKGATE_SCOPES=catalog:read cart:write '
    ! grep -aq '^STKGATE_.*evil' "$dir/body" || fail "a field became a variable of ours"
    # A body is the program's, and comes once.
    method=POST body='to the program'
    call 200 /api/cart/show.sh "${good[@]}"
    method=GET body=''
    body_has '^to the program$'
}

# With the lines of Lua, whatever is served; and nobody else's word for them.
tells_the_fields_of_an_allowed_call() {
    stop_web
    start_lighttpd < <(configuration
        from_docs lighttpd.md fields.conf |
            sed "s,/etc/lighttpd/lighttpd-fields.lua,$STKGATE_SRCDIR/examples/lighttpd/lighttpd-fields.lua,")
    for path in /api/page.txt /api/limits.sh /api/forged.sh; do
        call 200 "$path" "${good[@]}" 'STKGATE_RATELIMIT_LIMIT: 7777' 'Variable-STKGATE_RATELIMIT_LIMIT: 7777'
        head_has '^RateLimit-Limit: 1000$'
        [ "$(grep -ci '^RateLimit-Limit:' "$dir/head")" = 1 ] || fail "not one RateLimit-Limit: $path"
        head_has '^RateLimit-Remaining: [0-9]+$'
        head_has '^RateLimit-Reset: [0-9]+$'
        head_lacks '^Deprecation'
    done
    call 200 /api/page.txt "X-API-Key: $legacy" 'X-Site-ID: kasa'
    head_has '^RateLimit-Limit: [0-9]+$'
    head_has '^Deprecation: @1767225600$'
    head_has '^Sunset: Thu, 01 Jan 2099 00:00:00 GMT$'
    head_has '^Link: <https://kasa.example/keys>; rel="deprecation"'
    call 401 /api/page.txt 'STKGATE_RATELIMIT_LIMIT: 7777'
    head_lacks '^RateLimit'
    call 200 /open.txt "${good[@]}"
    head_lacks '^RateLimit'
}

# What docs/servers/lighttpd.md says of lighttpd: if this changes, it gets simpler.
lighttpd_drops_the_fields_of_an_allowed_call() {
    call 200 /api/page.txt "${good[@]}"
    head_lacks '^RateLimit'
    call 200 /api/limits.sh "${good[@]}"
    head_has '^RateLimit-Limit: 1000$'
    head_has '^RateLimit-Remaining: [0-9]+$'
    head_has '^RateLimit-Reset: [0-9]+$'
}

spends_once_and_what_it_is_told() {
    local before after
    call 200 /api/limits.sh "${good[@]}"
    before=$(sed -n 's/^RateLimit-Remaining: //Ip' "$dir/head")
    call 200 /api/limits.sh "${good[@]}"
    after=$(sed -n 's/^RateLimit-Remaining: //Ip' "$dir/head")
    [ $((before - after)) -eq 1 ] || fail "a call spent $((before - after))"
    call 200 /api/cart/show.sh "${good[@]}"
    call 200 /api/limits.sh "${good[@]}"
    after=$((after - $(sed -n 's/^RateLimit-Remaining: //Ip' "$dir/head")))
    [ $after -eq 3 ] || fail "one of cost 2 and one of 1 spent $after"
}

hostile_fields_do_no_harm_here() {
    local long
    long=$(head -c 7000 /dev/zero | tr '\0' x)
    call 401 /api/page.txt "X-Stella-Token: $token" "X-Stella-Token: $token" 'X-Site-ID: kasa'
    body_has '"reason":"malformed_token"'
    call 401 /api/page.txt "X-Stella-Token: $token" 'X_Stella_Token: x' 'X-Site-ID: kasa'
    call 401 /api/page.txt 'X_Stella_Token: x' "X-Stella-Token: $token" 'X-Site-ID: kasa'
    call 401 /api/page.txt "X-Stella-Token: $long" 'X-Site-ID: kasa'
    call 200 /api/page.txt "Authorization: Bearer $token" 'X-Site-ID: kasa'
}

refuses_when_the_authorizer_is_gone() {
    end_authorizer
    rm -f "$dir/authorizer.sock"
    call 503 /api/page.txt "${good[@]}"
    call 503 /api/page.txt
}

is_started_by_lighttpd_too() {
    stop_web
    start_lighttpd <<END
server.document-root = "$www"
server.modules += ("mod_fastcgi")
fastcgi.server = ("/api/" => (("socket" => "$dir/tmp/own.sock", "max-procs" => 1, "mode" => "authorizer",
    "check-local" => "disable", "docroot" => "$www",
    "bin-path" => "$stkgate authorizer --scope cart:write --runtime $STKGATE_RUNTIME")))
END
    call 200 /api/page.txt "${good[@]}"
    call 403 /api/page.txt "X-Stella-Token: $narrow" 'X-Site-ID: kasa'
    call 401 /api/page.txt
}

start_daemon
mint --site kasa --name narrow --scope catalog:read --limit 1 --window 1h
narrow=$token
mint --site kasa --name wide --limit 1000 --window 30d
good=("X-Stella-Token: $token" 'X-Site-ID: kasa')
legacy=legacy-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
"$stkgate" admin legacy add --site kasa --deprecation 2026-01-01 --sunset 2099-01-01 \
    --link https://kasa.example/keys <<<"$legacy" >/dev/null 2>"$dir/err" || fail "legacy add"
mkdir -p "$www/api"
echo "open" >"$www/open.txt"
echo "a page" >"$www/api/page.txt"
from_docs lighttpd.md limits.sh | program "$www/api/limits.sh"
program "$www/api/forged.sh" <<'END'
#!/bin/sh
printf 'RateLimit-Limit: 8888\r\nContent-Type: text/plain\r\n\r\n'
END
program "$www/api/cart/show.sh" <<'END'
#!/bin/sh
printf 'Content-Type: text/plain\n\n'
env
cat
END
start_authorizer --log-refusals
start_lighttpd < <(configuration)
refuses_what_is_not_a_good_call_and_serves_the_rest
passes_a_limit_on
needs_other_scopes_elsewhere
tells_the_program_behind
lighttpd_drops_the_fields_of_an_allowed_call
spends_once_and_what_it_is_told
hostile_fields_do_no_harm_here
tells_the_fields_of_an_allowed_call
refuses_when_the_authorizer_is_gone
is_started_by_lighttpd_too
stop_web
grep -q 'refused: 401 malformed_token' "$dir/authorizer.log" || fail "no refusal is in the log"
leaks_nothing
exit 0
