#!/bin/bash
# nginx whose daemon is stuck, stopped or killed: protected calls are refused with 503, no worker waits
# longer than one bounded attempt, and all is well again when the daemon is back.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
# shellcheck source=tests/system/nginx.sh
. "$STKGATE_SRCDIR/tests/system/nginx.sh"

stkgate_timeout=100ms
printf 'direct = %s\n' "$nginx_as" >"$dir/config/services.d/trusted.conf"
cat >"$dir/http" <<END
    server {
        listen unix:$dir/web.sock;
        location / { stkgate storefront; }
        location /trusted { stkgate trusted; try_files /index.html =404; }
        location /patient { stkgate storefront; stkgate_timeout 800ms; try_files /index.html =404; }
        location /open { try_files /index.html =404; }
        location /page { stkgate storefront; error_page 503 /open; }
    }
END
echo "the shop" >"$dir/html/index.html"

# It may start before its daemon does.
start_nginx
token=stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17
ask / && is 503
logged '\[error\].* stkgate: no verdict could be had from the daemon, service "storefront" \([0-9]+: .*\)'
start_daemon
mint --site kasa --name patient --limit 100000
is_answered() { ask "$1" && [ "$status" = "$2" ]; }
until_works is_answered / 200
ask /trusted && is 200

takes() { # CONDITION PATH
    local seconds
    options=(-w '%{http_code} %{time_total}\n')
    ask "$2"
    seconds=${status#* } status=${status% *}
    awk "BEGIN {exit !($seconds $1)}" || fail "$2 took $seconds s, not $1"
    options=()
}
# Twenty times what an attempt may take: other users of the machine are not the daemon.
is_quick() { takes '< 2' "$1"; }
# get() has its own -w; curl goes by the last.
is_quick / && is 200

kill -STOP "$daemon_pid"
for round in 1 2 3 4 5 6 7 8 9 10; do
    is_quick / && is 503
    is_quick /open && is 200
done
has_no_field RateLimit-Limit
is_quick / && is 503
has_field 'Content-Type: application/problem\+json'
has_field 'Cache-Control: no-store'
body_has '"status": *503'
accessed '^503 "-" "-" "-" "-" "unavailable" "-" /$'
is_quick /page && is 503 && body_has 'the shop'
# Where nginx is told to wait longer it does, and but once.
takes '>= 0.5' /patient && is 503
# A token that can't be one needs no daemon.
get / "X-Stella-Token: no-token" "X-Site-ID: kasa" && is 401
kill -CONT "$daemon_pid"
until_works is_answered / 200

# One that is trusted goes on by itself, as long as the lease runs, and comes back by itself.
until_works is_answered /trusted 200
stop_daemon KILL
ask /trusted && is 200
is_quick / && is 503
is_quick /open && is 200
start_daemon
until_works is_answered / 200
until_works is_answered /trusted 200
stop_daemon
is_quick / && is 503
rm -rf "$dir/run"
is_quick / && is 503
start_daemon
until_works is_answered / 200

# A configuration that has to ask a daemon which is stuck is refused, soon.
"$stkgate" admin scope add stock:write >/dev/null 2>&1 || fail "scope add"
printf 'server { listen unix:%s/web.sock; location / { stkgate storefront; stkgate_scope stock:write; } }\n' "$dir" >"$dir/http"
expect 0 test_nginx
kill -STOP "$daemon_pid"
expect 1 timeout 20 "${run_nginx[@]}" -t -q
err_has '"stkgate_scope" .*"stock:write" is not built in, and the daemon.* can.t be asked \([0-9]+: .*timed out\)'
kill -CONT "$daemon_pid"
stop_nginx
exit 0
