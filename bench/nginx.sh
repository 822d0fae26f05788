#!/bin/bash
# nginx.sh - what the module costs nginx: make bench-nginx, or STKGATE_BUILDDIR=... bench/nginx.sh
#
#   --seconds N   how long in all they are asked in turns (60)
#
# A file of 1 KiB over loopback (wrk knows no Unix socket), every request with the same fields, eight connections. Two
# nginx of one worker each, one with the module and one without; on one core they and the daemon, on another the client.
# Requests per second are wrk's, of three seconds; but what one of those says is a tenth off the next. So ratios are of
# bench/turns, which asks all of them in turns of some milliseconds: they are the same to half a hundredth. Exits with 1
# where a target is missed.
set -euo pipefail

build=${STKGATE_BUILDDIR:?the directory where stkgate was built}
module=$build/module/nginx/.libs/ngx_http_stkgate_module.so
seconds=60
PATH=$PATH:/usr/sbin:/sbin

die() { echo "bench: $*" >&2; exit 1; }

while [ $# -gt 0 ]; do
    case $1 in
    --seconds)
        [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || die "--seconds needs a number"
        seconds=$2
        shift
        ;;
    *) die "usage: nginx.sh [--seconds N]" ;;
    esac
    shift
done
for program in nginx wrk curl; do
    [ -n "$(type -P $program)" ] || die "$program is not installed"
done
[ -e "$module" ] || die "this build has no nginx module: install nginx-dev, and configure again"

dir=$(mktemp -d "${TMPDIR:-/tmp}/stkgate-bench.XXXXXX")
chmod 755 "$dir"
pids=()
cleanup() {
    trap - EXIT INT TERM
    local pid
    for pid in ${pids[@]+"${pids[@]}"}; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

until_works() {
    local tries
    for ((tries = 0; tries < 200; tries++)); do
        ! "$@" >/dev/null 2>&1 || return 0
        sleep 0.05
    done
    cat "$dir"/*.log >&2
    die "never worked: $*"
}

# ---- the servers -------------------------------------------------------------------------------

user=$(id -un)
[ "$(id -u)" != 0 ] || user=www-data
mkdir -p "$dir/config/services.d" "$dir/html" "$dir/temp"
[ "$(id -u)" != 0 ] || chown www-data "$dir/temp"
head -c 768 /dev/urandom | base64 -w 0 >"$dir/html/file"
[ "$(stat -c %s "$dir/html/file")" = 1024 ] || die "the file is not of 1 KiB"
printf 'direct = %s\n' "$user" >"$dir/config/services.d/trusted.conf"
export STKGATE_RUNTIME=$dir/run
client=() server=()
[ "$(nproc)" -lt 2 ] || client=(taskset -c 1) server=(taskset -c 0) # of which worker_cpu_affinity speaks
"${server[@]}" "$build/stkgate" daemon --state "$dir/state" --runtime "$dir/run" --config "$dir/config" 2>"$dir/daemon.log" &
pids+=($!)
until_works "$build/stkgate" admin status
token=$("$build/stkgate" admin mint --site kasa --name bench --limit 1000000 --window 1s 2>/dev/null)
# wrk reads them from here: an argument could be read by every user of the machine.
(umask 077 && cat >"$dir/fields.lua") <<END
wrk.headers["X-Stella-Token"] = "$token"
wrk.headers["X-Site-ID"] = "kasa"
END

start_nginx() { # NAME PORT, and what stands before and in its server
    {
        [ "$(id -u)" != 0 ] || echo "user www-data;"
        cat <<END
$3
pid $dir/$1.pid;
error_log $dir/$1.log error;
worker_processes 1;
worker_cpu_affinity 1;
daemon off;
events { worker_connections 256; }
http {
    access_log off;
    root $dir/html;
    client_body_temp_path $dir/temp/body; proxy_temp_path $dir/temp/proxy; fastcgi_temp_path $dir/temp/fastcgi;
    uwsgi_temp_path $dir/temp/uwsgi; scgi_temp_path $dir/temp/scgi;
    keepalive_requests 100000000;
    limit_req_zone \$http_x_stella_token zone=calls:1m rate=10000000r/s;
    upstream gate { server unix:$dir/run/http.sock; keepalive 16; }
    server {
        listen 127.0.0.1:$2;
$4
    }
}
END
    } >"$dir/$1.conf"
    nginx -e "$dir/$1.log" -c "$dir/$1.conf" 2>>"$dir/$1.log" &
    pids+=($!)
}
with=$((20000 + RANDOM % 6000)) without=$((26000 + RANDOM % 6000))
start_nginx without $without "" "
        location /plain/ { alias $dir/html/; }
        location /limited/ { limit_req zone=calls burst=10000000 nodelay; alias $dir/html/; }
        location /asks/ { auth_request /gate; alias $dir/html/; }
        location = /gate {
            internal; proxy_pass http://gate/v1/check; proxy_http_version 1.1; proxy_set_header Connection '';
            proxy_pass_request_body off; proxy_set_header Content-Length '';
        }"
start_nginx with $with "load_module $module;" "
        stkgate_socket $dir/run;
        location /on/ { stkgate trusted; alias $dir/html/; }
        location /socket/ { stkgate storefront; alias $dir/html/; }
        location /off/ { alias $dir/html/; }"
printf 'X-Stella-Token: %s\nX-Site-ID: kasa\n' "$token" >"$dir/fields"

# ---- measuring ---------------------------------------------------------------------------------

names=(plain off on socket limit_req auth_request)
urls=("$without/plain/file" "$with/off/file" "$with/on/file" "$with/socket/file" "$without/limited/file" "$without/asks/file")
titles=("nginx without the module" "the module loaded, off" "the module, from the view" "the module, over check.sock"
    "limit_req, by the same field" "auth_request to http.sock")
for url in "${urls[@]}"; do
    until_works curl -sf -H "@$dir/fields" -o "$dir/got" --max-time 5 "http://127.0.0.1:$url"
    cmp -s "$dir/got" "$dir/html/file" || die "http://127.0.0.1:$url answers with something else"
done
wrk_rate() { # URL: requests per second
    timeout 30 "${client[@]}" wrk -t1 -c8 -d3 --timeout 10s -s "$dir/fields.lua" "http://127.0.0.1:$1" >"$dir/wrk" ||
        die "wrk failed: $(cat "$dir/wrk")"
    ! grep -E 'Non-2xx|Socket errors' "$dir/wrk" >&2 || die "requests to $1 failed"
    sed -nE 's/^Requests\/sec: *//p' "$dir/wrk"
}
# Those that ask the daemon by themselves: what it writes down afterwards, it would write in the next one's turn.
in_turns() { # SECONDS NAME...: each with the first of all
    local length=$1 name servers=()
    shift
    for name in plain "$@"; do
        for i in "${!names[@]}"; do
            [ "${names[i]}" != "$name" ] || servers+=("$name=${urls[i]}")
        done
    done
    "${client[@]}" "$build/bench/turns" "$length" "$dir/fields" "${servers[@]}"
}
in_turns $((seconds * 2 / 3)) off on limit_req >"$dir/turns"
in_turns $((seconds / 3)) socket auth_request | grep -v '^plain ' >>"$dir/turns"

# ---- what came of it ---------------------------------------------------------------------------

ratio_of() { awk -v name="$1" '$1 == name {print $3}' "$dir/turns"; }
printf '%-32s %12s %10s\n' "1 KiB over loopback" "requests/s" "of plain"
for i in "${!names[@]}"; do
    printf '%-32s %12.0f %10.3f\n' "${titles[i]}" "$(wrk_rate "${urls[i]}")" "$(ratio_of "${names[i]}")"
done
missed=0
target() { # TITLE RATIO LEAST
    awk -v title="$1" -v ratio="$2" -v least="$3" 'BEGIN {
        met = ratio >= least
        printf "%-32s %12.3f %10s  %s\n", title, ratio, ">= " least, met ? "met" : "MISSED"
        exit !met
    }' || missed=1
}
echo
target "on : without" "$(ratio_of on)" 0.95
target "on : limit_req" "$(awk '{ratio[$1] = $3} END {print ratio["on"] / ratio["limit_req"]}' "$dir/turns")" 1.0
exit $missed
