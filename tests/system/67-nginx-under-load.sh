#!/bin/bash
# Under wrk: a token that is revoked in the middle gets no 200 for a request that began after the revocation was
# acknowledged; and the daemon is restarted and killed in the middle without a request that fails.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
# shellcheck source=tests/system/nginx.sh
. "$STKGATE_SRCDIR/tests/system/nginx.sh"
wrk=$(type -P wrk) || { echo "wrk is not installed"; exit 77; }

printf 'direct = %s\n' "$nginx_as" >"$dir/config/services.d/trusted.conf"
# A daemon by hand that is ended lets its lease run out after a second, in which one with a sanitizer need not be back.
! is_sanitized || echo 'unavailable = last-known 30s' >>"$dir/config/services.d/trusted.conf"
start_daemon
echo "the shop" >"$dir/html/index.html"
# wrk knows no Unix socket. A port that somebody has is not the next one, too.
workers=2
for attempt in 1 2 3 4 5; do
    port=$((20000 + RANDOM % 12000))
    cat >"$dir/http" <<END
    access_log off;
    server {
        listen unix:$dir/web.sock;
        listen 127.0.0.1:$port;
        keepalive_requests 10000000;
        location / { stkgate trusted; }
        location /status { stub_status; }
        location /asking { stkgate storefront; try_files /index.html =404; }
    }
END
    nginx_conf >"$dir/nginx.conf"
    "${run_nginx[@]}" 2>>"$dir/err" &
    nginx_pid=$!
    until curl -s -o /dev/null --unix-socket "$dir/web.sock" http://shop.example/ || ! kill -0 $nginx_pid 2>/dev/null; do
        :
    done
    ! kill -0 $nginx_pid 2>/dev/null || break
    rm -f "$dir/web.sock"
done
kill -0 $nginx_pid || fail "nginx found no port"

run_wrk() { # PATH, in the background
    STKGATE_FIELDS=$dir/load "$wrk" -t2 -c2 -d60 --timeout 20s -s "$STKGATE_SRCDIR/tests/system/wrk.lua" \
        "http://127.0.0.1:$port$1" >"$dir/out" 2>"$dir/err" &
    wrk_pid=$!
}
sum() { # ends it
    kill -INT $wrk_pid
    wait $wrk_pid || fail "wrk failed"
    eval "$(grep -oE '(good|others|other|last_good_us|errors)=[0-9]+' "$dir/out")"
    [ "${good:-0}" -gt 0 ] || fail "wrk got no answer: $(cat "$dir/out")"
}
served() { curl -s --max-time 20 --unix-socket "$dir/web.sock" http://shop.example/status | awk 'NR == 3 {print $3}'; }
busy() { # MORE requests
    local from
    from=$(served)
    until [ $(($(served) - from)) -ge "$1" ]; do
        kill -0 $wrk_pid 2>/dev/null || fail "wrk ended too early"
    done
}
load_token() {
    mint --site kasa --name "$1" --limit 100000000 --window 30d
    printf 'X-Stella-Token: %s\nX-Site-ID: kasa\n' "$token" >"$dir/load"
}

for path in / /asking; do
    load_token "revoked, at $path"
    run_wrk $path
    busy 500
    "$stkgate" admin revoke "$key_id" --yes --reason leaked >/dev/null 2>&1 || fail "revoke"
    acknowledged_us=$(($(date +%s%N) / 1000))
    busy 100
    sum
    [ "$last_good_us" -le "$acknowledged_us" ] ||
        fail "a request that began $((last_good_us - acknowledged_us)) us after the acknowledgement got 200"
    [ "$others" -gt 0 ] && [ "$other" = 401 ] && [ "$errors" = 0 ] || fail "not seen: $(cat "$dir/out")"
done

# One that starts answers checks at once, but admin.sock only when the lease of the one before it is over. On a machine that
# is so busy that it is back later, nothing can be said of the requests in between: one that is ended has a second.
restart_daemon() {
    local from
    from=$(date +%s%N)
    stop_daemon "$@"
    "$stkgate" daemon --state "$dir/state" --runtime "$dir/run" --config "$dir/config" 2>>"$dir/log" &
    daemon_pid=$!
    until_works check --site kasa --peek
    [ $(($(date +%s%N) - from)) -lt 900000000 ] || is_sanitized || in_time=no
}
for attempt in {1..20}; do
    in_time=yes
    load_token "restarts, $attempt"
    run_wrk /
    busy 500
    restart_daemon
    busy 500
    restart_daemon KILL
    busy 500
    sum
    { [ "$others" != 0 ] || [ "$errors" != 0 ]; } || break
    [ $in_time = no ] || fail "requests failed: $(cat "$dir/out")"
done
[ "$others" = 0 ] && [ "$errors" = 0 ] || fail "the daemon was never back within a second: $(cat "$dir/out")"
stop_nginx
exit 0
