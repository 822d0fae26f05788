#!/bin/sh
# A CGI program of a shop's API that asks over http.sock with curl.

# A field, when it came. A value with a line of its own would be a further field: no server hands on one.
field() {
    [ -z "$2" ] || printf '%s: %s\n' "$1" "$(printf %s "$2" | tr -d '\000-\010\012-\037')"
}

# curl reads the fields from standard input: what stands on a command line, every user can read.
answer=$({
    field X-Stella-Token "${HTTP_X_STELLA_TOKEN-}"
    field Authorization "${HTTP_AUTHORIZATION-}"
    field X-API-Key "${HTTP_X_API_KEY-}"
    field X-Site-ID "${HTTP_X_SITE_ID-}"
    field Origin "${HTTP_ORIGIN-}"
} | curl -sS -i -H @- --max-time 2 --unix-socket "${STKGATE_HTTP:-/run/stkgate/http.sock}" \
    'http://stkgate/v1/check/storefront?scope=cart:write' | tr -d '\r')
unset HTTP_X_STELLA_TOKEN HTTP_X_API_KEY HTTP_AUTHORIZATION

status=$(printf '%s\n' "$answer" | sed -n '1s/^HTTP[^ ]* \([0-9][0-9]*\).*/\1/p')
reason=$(printf '%s\n' "$answer" | sed -n 's/^Stkgate-Reason: //p; /^$/q')
site=$(printf '%s\n' "$answer" | sed -n 's/^Stkgate-Site: //p; /^$/q')
case $status-$reason in
200-ok | 4??-?*) ;;
*)
    printf 'Status: 503\nRetry-After: 1\nCache-Control: no-store\nContent-Type: text/plain\n\nTry again in a moment.\n'
    exit
    ;;
esac

printf 'Status: %s\n' "$status"
printf '%s\n' "$answer" | sed -n '1d; /^$/q
    /^RateLimit/p; /^Retry-After:/p; /^WWW-Authenticate:/p; /^Cache-Control:/p
    /^Deprecation:/p; /^Sunset:/p; /^Link:/p; /^Content-Type:/p'
if [ "$status" = 200 ]; then
    printf 'Content-Type: text/plain\n\ncart of %s\n' "$site"
else
    printf '\n'
    printf '%s\n' "$answer" | sed '1,/^$/d'
fi
