#!/bin/bash
# nginx.sh - what the module costs nginx: make bench-nginx, or STKGATE_BUILDDIR=... bench/nginx.sh
#
#   --seconds N   how long in all they are asked in turns (60)
#
# A file of 1 KiB over loopback (wrk knows no Unix socket), eight connections. Two nginx of one worker each, one with the
# module and one without; on one core they and the daemon, on another the client. Requests per second are wrk's, of three
# seconds; but what one of those says is a tenth off the next. So ratios are of bench/turns, which asks all of them in
# turns of some milliseconds, once with two thousand tokens in use, as in a shop's API, and once with a single one. Where
# the memory of a process comes to lie makes it a hundredth faster or slower for its life: each of ROUNDS has new ones, and
# what is printed is the mean, with its standard error. limit_req is asked in the process that has the module: the two share
# that luck. Exits with 1 where a target is missed.
set -euo pipefail

build=${STKGATE_BUILDDIR:?the directory where stkgate was built}
module=$build/module/nginx/.libs/ngx_http_stkgate_module.so
seconds=60
rounds=6
tokens=2000
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
# One by one, but over one connection.
for ((i = 0; i < tokens; i++)); do
    cat <<END
next
unix-socket = $dir/run/admin.sock
url = http://gate/v1/tokens
header = "Content-Type: application/json"
data = "{\\"site_id\\":\\"kasa\\",\\"name\\":\\"bench $i\\",\\"limit\\":{\\"requests\\":1000000,\\"window\\":\\"1s\\"}}"
END
done | tail -n +2 >"$dir/mint"
(umask 077 && curl -sf --max-time 120 -K "$dir/mint" | grep -oE 'stk_live_[0-9A-Za-z]{36}' >"$dir/tokens")
[ "$(wc -l <"$dir/tokens")" = $tokens ] || die "the tokens could not be minted"
# Servers and clients read them from files: an argument could be read by every user of the machine.
(umask 077 && sed 's/.*/X-Stella-Token: &\nX-Site-ID: kasa\n/' "$dir/tokens" >"$dir/many" && head -2 "$dir/many" >"$dir/one")
(umask 077 && sed -E 's/^(.*): (.*)$/wrk.headers["\1"] = "\2"/' "$dir/one" >"$dir/fields.lua")

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
    limit_req_zone \$http_x_stella_token zone=calls:4m rate=10000000r/s;
    upstream gate { server unix:$dir/run/http.sock; keepalive 16; }
    server {
        listen 127.0.0.1:$2;
$4
    }
}
END
    } >"$dir/$1.conf"
    nginx -e "$dir/$1.log" -c "$dir/$1.conf" 2>>"$dir/$1.log" &
    servers+=($!)
    pids+=($!)
}
limited="location /limited/ { limit_req zone=calls burst=10000000 nodelay; alias $dir/html/; }"
without() { # PORT
    start_nginx without "$1" "" "
        location /plain/ { alias $dir/html/; }
        location /asks/ { auth_request /gate; alias $dir/html/; }
        location = /gate {
            internal; proxy_pass http://gate/v1/check; proxy_http_version 1.1; proxy_set_header Connection '';
            proxy_pass_request_body off; proxy_set_header Content-Length '';
        }"
}
with() { # PORT
    start_nginx with "$1" "load_module $module;" "
        stkgate_socket $dir/run;
        location /on/ { stkgate trusted; alias $dir/html/; }
        location /socket/ { stkgate storefront; alias $dir/html/; }
        location /off/ { alias $dir/html/; }
        $limited"
}

# ---- measuring ---------------------------------------------------------------------------------

names=(plain off on socket limit_req auth_request)
titles=("nginx without the module" "the module loaded, off" "the module, from the view" "the module, over check.sock"
    "limit_req, by the same field" "auth_request to http.sock")
declare -A url
servers=()
start_both() {
    local with=$((20000 + RANDOM % 6000)) without=$((26000 + RANDOM % 6000)) name
    servers=()
    without $without
    with $with
    url=([plain]=$without/plain/file [off]=$with/off/file [on]=$with/on/file [socket]=$with/socket/file
        [limit_req]=$with/limited/file [auth_request]=$without/asks/file)
    for name in "${names[@]}"; do
        until_works curl -sf -H "@$dir/one" -o "$dir/got" --max-time 5 "http://127.0.0.1:${url[$name]}"
        cmp -s "$dir/got" "$dir/html/file" || die "http://127.0.0.1:${url[$name]} answers with something else"
    done
}
stop_both() {
    local pid
    for pid in "${servers[@]}"; do
        kill "$pid"
        wait "$pid" || true
    done
}
wrk_rate() { # NAME: requests per second
    timeout 30 "${client[@]}" wrk -t1 -c8 -d3 --timeout 10s -s "$dir/fields.lua" "http://127.0.0.1:${url[$1]}" >"$dir/wrk" ||
        die "wrk failed: $(cat "$dir/wrk")"
    ! grep -E 'Non-2xx|Socket errors' "$dir/wrk" >&2 || die "requests to ${url[$1]} failed"
    sed -nE 's/^Requests\/sec: *//p' "$dir/wrk"
}
in_turns() { # one|many, THOUSANDTHS of all seconds, NAME...: each with nginx alone
    local fields=$1 length=$((seconds * $2 / 1000)) name servers=()
    shift 2
    for name in plain "$@"; do servers+=("$name=${url[$name]}"); done
    "${client[@]}" "$build/bench/turns" $((length > 0 ? length : 1)) "$dir/$fields" "${servers[@]}" |
        awk -v fields="$fields" -v set="$1" '{print fields, set, $1, $3}' >>"$dir/turns"
}
# Those that ask the daemon by themselves: what it writes down afterwards, it would write in the next one's turn.
for ((round = 0; round < rounds; round++)); do
    start_both
    in_turns many 60 off on limit_req
    in_turns one 60 off on limit_req
    in_turns one 40 socket auth_request
    ((round == rounds - 1)) || stop_both
done

# ---- what came of it ---------------------------------------------------------------------------

# The mean over all rounds of what NAME is to OTHER, and its standard error.
ratio_of() { # one|many NAME OTHER
    awk -v fields="$1" -v name="$2" -v other="$3" '
        $1 == fields && $3 == other {to[$2] = $4}
        $1 == fields && $3 == name {of[$2] = $4}
        $1 == fields && (name == other || $3 == name || $3 == other) && ($2 in of) && ($2 in to) {
            ratio = of[$2] / to[$2]; n++; sum += ratio; squares += ratio * ratio; delete of; delete to
        }
        END {
            if (n == 0) {print "-"; exit}
            mean = sum / n; variance = n > 1 ? (squares - n * mean * mean) / (n - 1) : 0
            printf "%.3f±%.3f\n", mean, sqrt(variance > 0 ? variance / n : 0)
        }' "$dir/turns"
}
printf '%-32s %12s %15s %15s\n' "1 KiB over loopback" "requests/s" "of plain" "of plain"
printf '%-32s %12s %15s %15s\n' "" "one token" "one token" "$tokens tokens"
for i in "${!names[@]}"; do
    name=${names[i]}
    printf '%-32s %12.0f %15s %15s\n' "${titles[i]}" "$(wrk_rate "$name")" "$(ratio_of one "$name" plain)" \
        "$(ratio_of many "$name" plain)"
done
missed=0
target() { # TITLE RATIO LEAST
    awk -v title="$1" -v ratio="$2" -v least="$3" 'BEGIN {
        met = ratio + 0 >= least
        printf "%-44s %15s %10s  %s\n", title, ratio, ">= " least, met ? "met" : "MISSED"
        exit !met
    }' || missed=1
}
echo
for fields in many one; do
    of="$tokens tokens"
    [ $fields = many ] || of="one token"
    target "the module : without it, $of" "$(ratio_of $fields on plain)" 0.95
    target "the module : limit_req, $of" "$(ratio_of $fields on limit_req)" 1.0
done
exit $missed
