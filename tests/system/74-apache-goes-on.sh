#!/bin/bash
# Apache with mod_stkgate while wrk asks it without a pause: graceful restarts, and a daemon that is killed, fail no
# request; a child that is killed is replaced; and no 200 begins after a revocation was acknowledged.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
# shellcheck source=tests/system/apache.sh
. "$STKGATE_SRCDIR/tests/system/apache.sh"
type -P wrk >/dev/null || { echo "no wrk here: apt-get install wrk"; exit 77; }

mkdir -p "$home/htdocs/api"
echo file >"$home/htdocs/api/file"
cat >"$dir/api.conf" <<END
<Location "/api">
    AuthType Stkgate
    StkgateService storefront
    Require stkgate-scope catalog:read
</Location>
MaxConnectionsPerChild 0
# No further child for want of idle threads: one that begins while there is no daemon has no view to go by.
<IfModule mpm_event_module>
    MinSpareThreads 1
</IfModule>
KeepAlive On
LogFormat "%{begin:sec}t%{begin:usec_frac}t %>s" begun
CustomLog $home/begun.log begun
END
# With the view a server goes on while the daemon is away.
{ [ "$(id -u)" = 0 ] && echo 'direct = www-data'; } >"$dir/config/services.d/storefront.conf"
start_daemon

# wrk reads the token from a file, too. A pause between requests leaves the machine to others.
start_wrk() { # CONNECTION
    cat >"$dir/wrk.lua" <<END
wrk.headers["X-Stella-Token"] = "$token"
wrk.headers["X-Site-ID"] = "kasa"
wrk.headers["Connection"] = "$1"
function delay() return 2 end
END
    # It is ended when all is done.
    wrk -t 1 -c 4 -d 60 --timeout 20 -s "$dir/wrk.lua" "http://127.0.0.1:$port/api/file" >"$dir/wrk.out" 2>&1 &
    wrk_pid=$!
    : >"$home/begun.log"
    more_requests
}
# Until some more were served than now.
more_requests() {
    local now
    now=$(wc -l <"$home/begun.log")
    until_works sh -c "[ \$(wc -l <'$home/begun.log') -ge $((now + 50)) ]"
}
stop_wrk() {
    kill -INT "$wrk_pid"
    wait "$wrk_pid" 2>/dev/null
    wrk_pid=
}
children() { pgrep -P "$apache_pid"; }
# Each child that serves has the view from its first request on. The process of mod_cgid has one thread.
each_has_the_view() {
    local child
    for child in $(children); do
        [ "$(find "/proc/$child/task" -mindepth 1 -maxdepth 1 | wc -l)" = 1 ] ||
            grep -q "memfd:stkgate view" "/proc/$child/maps" || return 1
    done
}
generations() { grep -c 'resuming normal operations' "$home/error.log"; }
now_us() { date +%s%6N; }

fails_no_request() {
    local before i
    start_wrk close
    for i in 1 2; do
        before=$(generations)
        kill -USR1 "$apache_pid"
        until_works sh -c "[ \$(grep -c 'resuming normal operations' '$home/error.log') -gt $before ]"
        more_requests
    done
    # Without what systemd keeps for it, a daemon is there again when the old one's lease is over.
    if [ "$(id -u)" = 0 ] && [ "$mpm" = event ]; then
        until_works each_has_the_view
        stop_daemon KILL
        more_requests
        start_daemon
        more_requests
    fi
    stop_wrk
    ! grep -v ' 200$' "$home/begun.log" >"$dir/out" || fail "$mpm: requests failed"
    ! grep -E 'Non-2xx|Socket errors' "$dir/wrk.out" >"$dir/out" || fail "$mpm: wrk saw failures"
}

no_request_passes_after_a_revocation() {
    start_wrk keep-alive
    local started acknowledged
    started=$(now_us)
    "$stkgate" admin revoke "$key_id" --yes >/dev/null 2>"$dir/err" || fail "revoke"
    acknowledged=$(now_us)
    more_requests
    stop_wrk
    awk -v started="$started" -v acknowledged="$acknowledged" '
        $1 < started && $2 != 200 {print "refused before:", $0}
        $1 > acknowledged && $2 != 401 {print "passed after:", $0}
        $1 > acknowledged {after++}
        END {if (after < 40) print "only", after, "came after"}' "$home/begun.log" >"$dir/out"
    [ ! -s "$dir/out" ] || fail "$mpm: revoked at $acknowledged"
}

a_killed_child_is_replaced() {
    local old
    mint --site kasa --name another --limit 100000
    old=$(children | tr '\n' ' ')
    # shellcheck disable=SC2086
    kill -KILL $old
    works() { ask GET /api/file "X-Stella-Token: $token" "X-Site-ID: kasa"; [ "$status" = 200 ]; }
    until_works works
}

for mpm in event worker prefork; do
    start_apache "$mpm" "$dir/api.conf"
    mint --site kasa --name "$mpm" --limit 10000000
    fails_no_request
    no_request_passes_after_a_revocation
    a_killed_child_is_replaced
    stop_apache
done
! grep -qE 'stk_(live|test)_[0-9A-Za-z]{36}' "$home"/*.log || fail "a token in a log"
exit 0
