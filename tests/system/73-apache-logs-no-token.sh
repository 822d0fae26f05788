#!/bin/bash
# Apache with mod_stkgate at LogLevel trace8: no token in any of its logs, however it was sent.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
# shellcheck source=tests/system/apache.sh
. "$STKGATE_SRCDIR/tests/system/apache.sh"

mkdir -p "$home/htdocs/api" "$home/htdocs/open"
echo file >"$home/htdocs/api/file"
echo file >"$home/htdocs/open/file"
echo '<!--#include virtual="/open/file" -->' >"$home/htdocs/api/page.shtml"
cat >"$dir/logs.conf" <<END
$([ ! -e "$apache_modules/mod_http2.so" ] || echo "LoadModule http2_module $apache_modules/mod_http2.so")
<IfModule http2_module>
    Protocols h2c http/1.1
</IfModule>
AddOutputFilter INCLUDES .shtml
ForensicLog $home/forensic.log
LogFormat "%r %{X-Stella-Token}i %{X-API-Key}i %{Authorization}i %{X_Stella_Token}i" tokens
CustomLog $home/tokens.log tokens
<Location "/api">
    AuthType Stkgate
    Require stkgate-scope catalog:read
</Location>
<Location "/api/ip">
    <RequireAny>
        Require ip 127.0.0.1
        Require stkgate-scope catalog:read
    </RequireAny>
</Location>
<VirtualHost 127.0.0.1:*>
    ServerName first.example
</VirtualHost>
<VirtualHost 127.0.0.1:*>
    ServerName second.example
    LogLevel trace8
    ErrorLogFormat "[%l] %{X-Stella-Token}i %M"
    DocumentRoot $home/htdocs
</VirtualHost>
END

start_daemon
mint --site kasa --name known --scope catalog:read --limit 100000
kept=$token
mint --site kasa --name lacking --scope cart:write --limit 100000
lacking=$token
unknown=stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17
legacy=legacy-0123456789abcdef0123456789
printf '%s\n' "$legacy" | "$stkgate" admin legacy add --site kasa --sunset 2099-01-01T00:00:00Z >/dev/null 2>"$dir/err" ||
    fail "legacy add"
long=$(printf 'x%.0s' {1..8000})

# As it stands, on a connection of its own; httpd's answer to a NUL and the like ends it.
send() { # FORMAT TOKEN
    # shellcheck disable=SC2059
    printf "GET ${path:-/api/file} HTTP/1.1\r\nHost: ${host:-first.example}\r\n$1\r\nX-Site-ID: kasa\r\nConnection: close\r\n\r\n" \
        "$2" >"$dir/raw"
    words="$1 $path $host"
    exec 7<>"/dev/tcp/127.0.0.1/$port" || fail "no connection"
    cat "$dir/raw" >&7
    timeout 20 cat <&7 >"$dir/answer"
    exec 7>&-
    [ -s "$dir/answer" ] || fail "no answer: $words"
}

lines=('X-Stella-Token: %s' 'x-STELLA-token:%s' 'X_Stella_Token: %s' 'X-Stella_Token: %s' 'X-Stella-Token: %s\r\nX-Stella-Token: %s'
    'X-Stella-Token: %s, %s' 'Authorization: Bearer %s' 'Authorization: Basic x, Bearer %s' 'X-API-Key: %s'
    'X-Stella-Token %s' '%s' ' %s' 'X-Stella-Token : %s' 'X-Stella-Token: %s\001' 'X-Stella-Token: \177%s\b' 'X-Stella-Token: %s\0'
    'X-Stella-Token:\r%s' 'X-Stella-Token: a\r\n %s' 'Bad Header: x\r\nX-Stella-Token: %s' 'X-Stella-Token: %s\r\nBad Header: x'
    'X-API-Key: %s\r\nBad Header: x' 'Authorization: Bearer %s\r\nBad Header: x' 'X_Stella_Token: %s\r\nBad Header: x'
    "X-Stella-Token: %s $long$long" "%s $long$long" "X-Stella-Token: %s\r\nLong: $long$long"
    "X-Stella-Token: %s\r\n$(printf 'F: f\\r\\n%.0s' {1..101})F: f"
    'X-Stella-Token: %s\r\nTransfer-Encoding: nonsense' 'X-Stella-Token: %s\r\nContent-Length: x')

log_level=trace8
for mpm in event prefork; do
    start_apache "$mpm" "$dir/logs.conf"
    for line in "${lines[@]}"; do
        path=/api/file host=first.example
        send "$line" "$kept"
        host=second.example
        send "$line" "$unknown"
    done
    host=first.example
    for path in /api/file /api/ip /api/page.shtml /api/nothing /open/file; do
        for line in 'X-Stella-Token: %s' 'Authorization: Bearer %s' 'X_Stella_Token: %s'; do
            # In an open place a credential is for who serves it, and httpd's to log; a token is not.
            [ "$path $line" != '/open/file Authorization: Bearer %s' ] || continue
            [ "$path $line" != '/open/file X_Stella_Token: %s' ] || continue
            for value in "$kept" "$lacking" "$unknown"; do send "$line" "$value"; done
        done
    done
    # prefork can't do HTTP/2; and not each curl.
    if [ "$mpm" = event ] && [ -e "$apache_modules/mod_http2.so" ] && curl --version | grep -q HTTP2; then
        printf 'X-Stella-Token: %s\nX-Site-ID: kasa\n' "$kept" >"$dir/fields"
        for wanted in 200 401; do
            got=$(curl -s --http2-prior-knowledge --max-time 30 -o /dev/null -w '%{http_version} %{http_code}' -H "@$dir/fields" \
                "http://127.0.0.1:$port/api/file")
            [ "$got" = "2 $wanted" ] || fail "HTTP/2: $got, not 2 $wanted"
            printf 'X-Stella-Token: %s\n' "$kept" >>"$dir/fields"
        done
    fi
    path=/api/file
    send 'X-API-Key: %s' "$legacy"
    grep -q '^HTTP/1.1 200 ' "$dir/answer" || fail "a legacy key does not pass"
    send 'X-Stella-Token: %s' "$kept"
    grep -q '^HTTP/1.1 200 ' "$dir/answer" || fail "a token does not pass"
    send 'X-Stella-Token: %s' "$lacking"
    grep -q '^HTTP/1.1 403 ' "$dir/answer" || fail "a token without the scope passes"
    stop_apache
done

# The logs are there, and as talkative as can be.
for log in error access tokens forensic; do [ -s "$home/$log.log" ] || fail "no $log.log"; done
grep -q 'Headers received from client' "$home/error.log" || fail "that is not trace8"
grep -q 'stkgate: refused: insufficient_scope key_id=key_' "$home/error.log" || fail "refusals are not logged"
for secret in "$kept" "$lacking" "$unknown" "$legacy"; do
    if grep -aF -- "$secret" "$home"/*.log >"$dir/out"; then fail "a token in a log"; fi
    # Nor a large part of one: httpd cuts what it shows.
    if grep -aF -- "${secret:0:20}" "$home"/*.log >"$dir/out"; then fail "a part of a token in a log"; fi
done
exit 0
