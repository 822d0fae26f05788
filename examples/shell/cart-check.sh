#!/bin/sh
# A CGI program of a shop's API that asks with "stkgate check".
export HTTP_X_STELLA_TOKEN="${HTTP_X_STELLA_TOKEN-}"
answer=$(stkgate check --token-env HTTP_X_STELLA_TOKEN --service storefront --site "${HTTP_X_SITE_ID-}" \
    --origin "${HTTP_ORIGIN-}" --scope cart:write --headers)
result=$?
unset HTTP_X_STELLA_TOKEN HTTP_X_API_KEY HTTP_AUTHORIZATION

# Its first line is for us, the others are header fields. 0: may pass; 1, 2: refused; else no verdict.
verdict=$(printf '%s\n' "$answer" | sed 1q)
fields=$(printf '%s\n' "$answer" | sed 1d)
case $result in
0) printf 'Status: 200\n%s\nContent-Type: text/plain\n\n' "$fields" ;;
1 | 2)
    printf 'Status: %s\n%s\nContent-Type: text/plain\n\nThis call may not pass.\n' "${verdict%% *}" "$fields"
    exit
    ;;
*)
    printf 'Status: 503\nRetry-After: 1\nCache-Control: no-store\nContent-Type: text/plain\n\nTry again in a moment.\n'
    exit
    ;;
esac

site=${verdict#* site=}
echo "cart of ${site%% *}"
