# shellcheck shell=bash
# asks.sh - sourced by tests of servers that ask http.sock: a recipe of docs/servers, and calls through it
#
#   start_app              a program that tells what it got, on $dir/app.sock
#   start COMMAND...       the server, in the background; it listens on $dir/web.sock
#   is_up SOCKET           waits until the server that was started last answers there
#   serve NAME [SED]       is the test's own: its server, on $dir/NAME.sock, with the recipe changed by SED
#   call STATUS [CURL-OPTION]...   header fields on standard input; the answer is in $dir/head, $dir/body
#                          $path, $socket (web.sock) or $to (HOST:PORT) say where to
#   has/lacks PATTERN      a line of the answer's header, whatever its case
#   app_got/app_lacks PATTERN      a line of what the program got
#   goes_through_the_table each row of the product's, through this server
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
PATH=$PATH:/usr/sbin:/sbin
server_pids=() socket=

end_servers() {
    local pid
    for pid in "${server_pids[@]}"; do
        kill "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
}
trap 'status=$?; end_servers; (exit $status); cleanup' EXIT

needs() { # PROGRAM...
    local program
    for program; do
        type -P "$program" >/dev/null || { echo "$program is not installed"; exit 77; }
    done
}

start() {
    "$@" >>"$dir/server.out" 2>&1 </dev/null &
    server_pids+=($!)
}

# Until it answers, whatever it says.
is_up() {
    local deadline=$((SECONDS + 30))
    until curl -s -o /dev/null --unix-socket "$dir/$1" http://shop.example/; do
        kill -0 "${server_pids[-1]}" 2>/dev/null || fail "the server ended: $(cat "$dir/server.out")"
        [ $SECONDS -lt $deadline ] || fail "the server does not answer: $(cat "$dir/server.out")"
    done
}

start_app() {
    cat >"$dir/app.cgi" <<'END'
#!/bin/sh
printf 'Content-Type: text/plain\r\nX-App: here\r\nRateLimit-Limit: 7777\r\n\r\n'
echo "METHOD=$REQUEST_METHOD"
env | grep ^HTTP_
echo "BODY=$(cat)"
END
    chmod 755 "$dir/app.cgi"
    cat >"$dir/app.conf" <<END
server.document-root = "$dir"
server.bind = "$dir/app.sock"
server.errorlog = "$dir/app.log"
server.modules = ("mod_alias", "mod_cgi")
alias.url = ("" => "$dir/app.cgi")
cgi.assign = ("" => "")
END
    start lighttpd -D -f "$dir/app.conf"
    is_up app.sock
}

call() {
    local status=$1 got
    shift
    cat >"$dir/fields"
    rm -f "$dir/head" "$dir/body"
    words="call $status $*"
    # curl reads the fields from a file: a token on a command line could be read by every user.
    local at=(--unix-socket "$dir/${socket:-web.sock}")
    [ -z "${to:-}" ] || at=(--connect-to "::$to")
    got=$(curl -s "${at[@]}" -H "@$dir/fields" -D "$dir/head.crlf" -o "$dir/body" \
        --max-time 20 -w '%{http_code}' "$@" "http://shop.example${path:-/}")
    tr -d '\r' <"$dir/head.crlf" >"$dir/head"
    [ "$got" = "$status" ] || fail "$got, not $status: $* $(sed 's/stk_[a-z]*_.*/(token)/' "$dir/fields"): $(cat "$dir/head")"
}
has() { grep -qiE "^$1\$" "$dir/head" || fail "no field like $1: $words: $(cat "$dir/head")"; }
lacks() { ! grep -qiE "^$1" "$dir/head" || fail "a field like $1: $words: $(cat "$dir/head")"; }
once() { [ "$(grep -ciE "^$1:" "$dir/head")" = 1 ] || fail "not one $1: $words: $(cat "$dir/head")"; }
app_got() { grep -qE "^$1\$" "$dir/body" || fail "the program did not get $1: $words: $(cat "$dir/body")"; }
app_lacks() { ! grep -qiE "$1" "$dir/body" || fail "the program got $1: $words"; }

# A refusal: the program was not run, and the body is a problem that names the reason.
refused() { # STATUS REASON [CURL-OPTION]...
    local status=$1 reason=$2
    shift 2
    call "$status" "$@"
    lacks X-App
    once Cache-Control
    has 'Content-Type: application/problem\+json'
    grep -q "\"status\":$status" "$dir/body" || fail "no problem of status $status: $(cat "$dir/body")"
    grep -q "\"reason\":\"$reason\"" "$dir/body" || fail "not $reason: $(cat "$dir/body")"
}

add_legacy_key() {
    legacy=legacy-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    printf '%s\n' "$legacy" | "$stkgate" admin legacy add --site kasa --deprecation 2026-01-01 \
        --sunset 2099-01-01 --link https://kasa.example/keys >/dev/null 2>"$dir/err" || fail "legacy add"
}

fields() { printf 'X-Stella-Token: %s\nX-Site-ID: kasa\n' "$token"; }

refuses_what_is_no_token_of_this_site() {
    local size got unknown=stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17
    refused 401 missing_token <<<"X-Site-ID: kasa"
    has 'WWW-Authenticate: Bearer realm="storefront"'
    once WWW-Authenticate
    # "Name;" is curl's word for a field with an empty value.
    refused 401 missing_token <<<$'X-Stella-Token;\nX-Site-ID: kasa'
    refused 401 missing_token <<<"X_Stella_Token: $token"$'\nX-Site-ID: kasa'
    refused 401 malformed_token <<<"X-Stella-Token: ${token}x"$'\nX-Site-ID: kasa'
    has 'WWW-Authenticate: Bearer realm="storefront", error="invalid_token"'
    refused 401 malformed_token <<<"X-Stella-Token: $token, $token"$'\nX-Site-ID: kasa'
    refused 401 malformed_token <<<"X-Stella-Token: $token"$'\n'"X-Stella-Token: $token"$'\nX-Site-ID: kasa'
    refused 401 malformed_token <<<"X-Stella-Token: $token"$'\n'"x-stella-token: x"$'\nX-Site-ID: kasa'
    refused 401 unknown_token <<<"X-Stella-Token: $unknown"$'\nX-Site-ID: kasa'
    cp "$dir/body" "$dir/unknown"
    grep -viE '^Date:' "$dir/head" >"$dir/unknown.head"
    refused 401 unknown_token <<<"X-Stella-Token: $token"$'\nX-Site-ID: other'
    cmp -s "$dir/body" "$dir/unknown" || fail "another site's token has a body of its own"
    grep -viE '^Date:' "$dir/head" | cmp -s - "$dir/unknown.head" || fail "another site's token has fields of its own"
    refused 401 unknown_token <<<"X-Stella-Token: $token"
    refused 401 malformed_token -d x=1 <<<"X-Stella-Token: $(printf '%7000s' '' | tr ' ' a)"$'\nX-Site-ID: kasa'
    # Whether the server or we refuse it: it does not pass, and not by a connection that ends.
    for size in 8192 65536; do
        printf "X-Stella-Token: %0${size}d\nX-Site-ID: kasa\n" 0 >"$dir/fields"
        got=$(curl -s --unix-socket "$dir/web.sock" -H "@$dir/fields" -o "$dir/body" --max-time 20 \
            -w '%{http_code}' http://shop.example/)
        [[ $got = 4[0-9][0-9] ]] || fail "a value of $size bytes: $got"
    done
}

goes_through_the_table() {
    local plain plain_id
    mint --site kasa --name shop --scope catalog:read --limit 20 --window 1h --origin https://kasa.example
    plain=$token plain_id=$key_id
    good() { fields; echo 'Origin: https://kasa.example'; }

    # Allowed: with the fields, once each, also where the program has such of its own.
    call 200 < <(good; printf 'Stkgate-Site: evil\nStkgate_Scopes: evil\nstkgate-key-id: evil\nStkgate-Reason: evil\nStkgate_Reason: evil\nX-Mine: yes\n')
    has 'X-App: here'
    has 'RateLimit-Limit: 20'
    has 'RateLimit-Remaining: 19'
    has 'RateLimit-Reset: [1-9][0-9]*'
    once RateLimit-Limit
    lacks Stkgate-
    lacks '(Deprecation|Sunset|Link):'
    app_got "HTTP_STKGATE_KEY_ID=$key_id"
    app_got 'HTTP_STKGATE_SITE=kasa'
    app_got 'HTTP_STKGATE_SCOPES=catalog:read'
    app_got 'HTTP_X_MINE=yes'
    app_lacks 'stk_live|evil|X_STELLA_TOKEN'
    # What the client puts into its query is not ours.
    path='/any/path?peek=1&cost=0&scope=no:such' call 200 < <(good)
    has 'RateLimit-Remaining: 18'
    call 200 -X HEAD -I < <(good)
    has 'RateLimit-Remaining: 17'
    call 200 -d 'cart=1' < <(good; echo 'Content-Type: text/plain')
    app_got 'METHOD=POST'
    app_got 'BODY=cart=1'
    call 200 -d 'cart=2' < <(good; echo 'Transfer-Encoding: chunked')
    app_got 'BODY=cart=2'
    call 200 < <(printf 'Authorization: Bearer %s\nX-Site-ID: kasa\nOrigin: https://kasa.example\n' "$token")
    app_lacks 'stk_live|HTTP_AUTHORIZATION'
    call 200 < <(good; echo 'Authorization: Basic eDp5')
    app_got 'HTTP_AUTHORIZATION=Basic eDp5'
    call 200 < <(good; printf 'X-API-Key: %s\n' "$token")
    app_lacks 'stk_live|HTTP_X_API_KEY'
    # Not asked about; but a CGI program behind would find it under the same name.
    call 200 < <(good; printf 'X_Stella_Token: %s\nx_api_key: %s\n' "$token" "$token")
    app_lacks 'stk_live'
    has 'RateLimit-Remaining: 11'

    refuses_what_is_no_token_of_this_site
    token=$plain
    refused 403 origin_denied < <(fields)
    lacks WWW-Authenticate
    refused 403 origin_denied < <(fields; echo 'Origin: https://evil.example')
    refused 403 origin_denied < <(good; echo 'Origin: https://evil.example')
    mint --site kasa --name cart --scope cart:write
    refused 403 insufficient_scope < <(fields)
    has 'WWW-Authenticate: Bearer realm="storefront", error="insufficient_scope", scope="catalog:read"'
    once WWW-Authenticate

    # Nothing of that was spent. Then the limit.
    mint --site kasa --name slow --scope catalog:read --limit 2 --window 1h
    call 200 < <(fields)
    call 200 < <(fields)
    has 'RateLimit-Remaining: 0'
    refused 429 rate_limited < <(fields)
    has 'Retry-After: [1-9][0-9]*'
    has 'RateLimit-Limit: 2'
    has 'RateLimit-Remaining: 0'
    once RateLimit-Limit
    once Retry-After
    refused 429 rate_limited -d 'cart=1' < <(fields)
    token=$plain
    call 200 < <(good)
    has 'RateLimit-Remaining: 10'

    add_legacy_key
    call 200 <<<"X-API-Key: $legacy"$'\nX-Site-ID: kasa'
    has 'Deprecation: @1767225600'
    has 'Sunset: Thu, 01 Jan 2099 00:00:00 GMT'
    has 'Link: <https://kasa.example/keys>; rel="deprecation"; type="text/html"'
    app_lacks "$legacy"

    # A daemon that is stopped, or was killed: never a pass; one that is back: at once.
    stop_daemon KILL
    refused 503 unavailable < <(good)
    has 'Retry-After: 1'
    once Retry-After
    refused 503 unavailable -d 'cart=1' < <(good)
    start_daemon
    call 200 < <(good)
    # Stopped dead, with its sockets open.
    kill -STOP "$daemon_pid"
    is_stopped() { ! grep -hoE '\) [A-Z] ' /proc/"$daemon_pid"/task/*/stat | grep -qv T; }
    until_works is_stopped
    refused 503 unavailable < <(good)
    kill -CONT "$daemon_pid"
    "$stkgate" admin revoke "$plain_id" --yes >/dev/null 2>&1 || fail "revoke"
    refused 401 revoked_token < <(good)
}

# A server that hands control characters on leaves it to the daemon what they are.
decides_what_holds_control_characters() {
    local byte
    mint --site kasa --name control --scope catalog:read
    for byte in '\001' '\013' '\033' '\177'; do
        refused 401 malformed_token < <(printf "X-Stella-Token: %s$byte\nX-Site-ID: kasa\n" "$token")
        refused 401 unknown_token < <(printf "X-Stella-Token: %s\nX-Site-ID: kasa$byte\n" "$token")
    done
    call 200 < <(fields)
}

# What is longer than the daemon takes is not refused as if it were gone. Of more than 24 KB it is
# libmicrohttpd that says so.
refuses_what_is_too_long() { # LINES...: so many of 6,500 bytes
    local lines
    mint --site kasa --name long --scope catalog:read
    stop_daemon
    printf '[daemon]\nhttp_header_size = 4K\n' >"$dir/config/stkgate.conf"
    start_daemon
    call 200 < <(fields)
    for lines; do
        call 431 < <(fields; yes "Origin: $(printf '%06500d' 0)" | head -n "$lines")
        lacks X-App
    done
    call 200 < <(fields)
    stop_daemon
    rm "$dir/config/stkgate.conf"
    start_daemon
}

refuses_when_its_question_is_wrong() {
    mint --site kasa --name wrong
    serve wrong 's,scope=catalog:read,scope=no:such,'
    socket=wrong.sock refused 503 unavailable < <(fields)
}

takes_the_site_from_the_host() {
    mint --site kasa --name host
    serve host 's,# \(.*X-Site-ID\),\1,'
    socket=host.sock
    call 200 <<<"X-Stella-Token: $token"
    call 200 <<<"X-Stella-Token: $token"$'\nX-Site-ID: other'
    mint --site other --name foreign
    refused 401 unknown_token <<<"X-Stella-Token: $token"$'\nX-Site-ID: other'
    socket=
}

no_secret_in_any_log() {
    end_servers
    [ "$(find "$dir" -name '*.log' -size +0 | wc -l)" -gt 0 ] || fail "there are no logs"
    found=$(find "$dir" \( -name '*.log' -o -name server.out -o -name log \) -print0 |
        xargs -0 grep -alE "stk_(live|test)_[0-9A-Za-z]{30}|$legacy")
    [ -z "$found" ] || fail "secrets in $found"
}
