#!/bin/bash
# run.sh - measure stkgate on this machine: make bench, or STKGATE_BUILDDIR=... bench/run.sh
#
#   --markdown      print Markdown, for a README
#   --tokens N      tokens in the table (100000)
#   --large N       tokens in the table whose size and start are measured (1000000)
#   --svg FILE      draw some of it into FILE, too
#   --sync-ms N     what an fsync takes longer in the last measurement (100)
#
# All in a temporary directory and on Unix sockets; whatever is started is ended by its process id.
# docs/BENCHMARKS.md says what each line means.
set -euo pipefail

build=${STKGATE_BUILDDIR:?the directory where stkgate was built}
markdown='' svg='' tokens=100000 large=1000000 sync_ms=100
PATH=$PATH:/usr/sbin:/sbin

die() { echo "bench: $*" >&2; exit 1; }

while [ $# -gt 0 ]; do
    case $1 in
    --markdown) markdown=yes ;;
    --tokens | --large | --sync-ms | --svg)
        [ $# -ge 2 ] || die "$1 needs a value"
        case $1 in
        --tokens) tokens=$2 ;;
        --large) large=$2 ;;
        --svg) svg=$2 ;;
        *) sync_ms=$2 ;;
        esac
        shift
        ;;
    *) die "usage: run.sh [--markdown] [--svg FILE] [--tokens N] [--large N] [--sync-ms N]" ;;
    esac
    shift
done

dir=$(mktemp -d "${TMPDIR:-/tmp}/stkgate-bench.XXXXXX")
pids=()
end_all() {
    local pid
    for pid in ${pids[@]+"${pids[@]}"}; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    pids=()
}
cleanup() {
    trap - EXIT INT TERM
    end_all
    rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

until_listens() { # the socket's path
    local tries
    for ((tries = 0; tries < 200; tries++)); do
        [ ! -S "$1" ] || return 0
        sleep 0.05
    done
    cat "$dir"/*.log >&2
    die "nobody listens on $1"
}

start_daemon() { # NAME, then what stands before the command: NAME/ has its sockets
    local name=$1 state=$dir/state.$1
    shift
    cp -r --sparse=always "$dir/state" "$state"
    "$@" "$build/stkgate" daemon --state "$state" --runtime "$dir/$name" --config "$dir/config" \
        2>"$dir/$name.log" &
    pids+=($!)
    until_listens "$dir/$name/check.sock"
}

# Whatever happens, the whole ends within some minutes.
run() { timeout --kill-after=5 "$1" "$build/bench/$2" "${@:3}" || die "bench/$2 failed"; }

machine() {
    local model
    model=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)
    echo "${model:-$(uname -m)}, $(nproc) cores, Linux $(uname -r), $tokens tokens," \
        "load average $(cut -d' ' -f1 /proc/loadavg) before"
}

# What the programs print -> two tables.
tables() {
    awk -F'\t' -v markdown="$markdown" '
        function row(format, a, b, c, d, e, f) {
            if (markdown) printf "| %s | %s | %s | %s | %s |%s\n", a, b, c, d, e, f == "" ? "" : " " f " |"
            else printf format "\n", a, b, c, d, e, f
        }
        function rule(columns) {
            if (!markdown) return
            printf "|---|"
            while (--columns) printf "---:|"
            print ""
        }
        $1 == "time" { time[++times] = $0 }
        $1 == "ratio" { ratio[++ratios] = $0 }
        $1 == "size" { size[++sizes] = $0 }
        $1 == "scale" { scale[++scales] = $0 }
        $1 == "note" { note[++notes] = $2 }
        END {
            wide = "%-62s %9s %9s %9s %9s"
            row(wide, "one call, in microseconds", "p50", "p99", "p99.9", "max")
            rule(5)
            for (i = 1; i <= times; i++) {
                split(time[i], f, "\t")
                row(wide, f[2], f[3], f[4], f[5], f[6])
            }
            print ""
            wide = "%-62s %9s %9s %9s %9s"
            row(wide, "compared, pair by pair", "at", "ratio", "target", "met")
            rule(5)
            for (i = 1; i <= ratios; i++) {
                split(ratio[i], f, "\t")
                met = f[5] == "<" ? f[3] < f[6] + 0 : f[5] == ">=" ? f[3] >= f[6] + 0 : f[3] <= f[6] + 0
                if (f[5] == "-") row(wide, f[2] " : " f[7], f[4], f[3], "-", "-")
                else row(wide, f[2] " : " f[7], f[4], f[3], f[5] " " f[6], met ? "yes" : "NO")
            }
            if (sizes) {
                print ""
                wide = "%-62s %9s %12s %9s %9s"
                row(wide, "in all", "value", "unit", "target", "met")
                rule(5)
            }
            for (i = 1; i <= sizes; i++) {
                split(size[i], f, "\t")
                row(wide, f[2], f[3], f[4], "<= " f[5], f[3] + 0 <= f[5] + 0 ? "yes" : "NO")
            }
            if (scales) {
                print ""
                wide = "%-62s %9s %9s %9s %9s"
                row(wide, "by tokens in the table, in nanoseconds", "floor", "verdict", "ratio", "bytes each")
                rule(5)
            }
            for (i = 1; i <= scales; i++) {
                split(scale[i], f, "\t")
                row(wide, f[2], f[3], f[4], f[5], f[6])
            }
            if (notes) print ""
            for (i = 1; i <= notes; i++) print note[i] "."
        }'
}

mkdir "$dir/config"
run 60 fill "$dir/state" "$tokens" "$dir/tokens"

# A processor that has nothing to do takes its time to wake up, and how long depends on what its
# neighbours do: this is what gives way to everything else, and lets none of them sleep.
keep_awake() {
    local cpu
    for ((cpu = 0; cpu < $(nproc --all); cpu++)); do
        taskset -c "$cpu" chrt --idle 0 bash -c 'ulimit -t 300; while :; do :; done' 2>/dev/null &
        pids+=($!)
    done
}

# Two processors for two that wait for each other: see bench/place.h.
on_last=(taskset -c "$(taskset -cp $$ | sed 's/.*[ ,-]//')")

beside_redis() {
    local redis=()
    keep_awake
    start_daemon calm "${on_last[@]}"
    if [ "$(type -P redis-server)" = "" ]; then
        printf 'note\tRedis was not measured: there is no redis-server here\n'
    elif "$build/bench/compare" --has-redis; then
        "${on_last[@]}" redis-server --port 0 --unixsocket "$dir/redis.sock" --save '' --appendonly no \
            --dir "$dir" --daemonize no >"$dir/redis.log" 2>&1 &
        pids+=($!)
        until_listens "$dir/redis.sock"
        redis=("$dir/redis.sock")
    else
        printf 'note\tRedis was not measured: this was configured without libhiredis\n'
    fi
    run 240 compare "$dir/calm" "$dir/tokens" ${redis[@]+"${redis[@]}"}
    end_all
}

nginx_conf() {
    cat <<END
daemon off;
master_process off;
pid $dir/nginx.pid;
error_log stderr;
events {}
http {
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path $dir/nginx.tmp;
    proxy_temp_path $dir/nginx.tmp;
    fastcgi_temp_path $dir/nginx.tmp;
    uwsgi_temp_path $dir/nginx.tmp;
    scgi_temp_path $dir/nginx.tmp;
    server {
        listen unix:$dir/nginx.sock;
        location / { return 200; }
    }
}
END
}

beside_nginx() {
    if [ "$(type -P nginx)" = "" ]; then
        printf 'note\tnginx was not measured: there is none here\n'
        return
    fi
    nginx_conf >"$dir/nginx.conf"
    "${on_last[@]}" nginx -p "$dir" -c "$dir/nginx.conf" 2>"$dir/nginx.log" &
    pids+=($!)
    keep_awake
    start_daemon http "${on_last[@]}"
    until_listens "$dir/nginx.sock"
    run 240 keepalive "$dir/http/http.sock" "$dir/nginx.sock" "$dir/tokens"
    end_all
}

on_a_slow_disk() {
    local slow=(env "LD_PRELOAD=$build/bench/.libs/slowsync.so" "STKGATE_SYNC_MS=$sync_ms")
    start_daemon idle "${slow[@]}"
    start_daemon busy "${slow[@]}"
    run 240 undermint "$dir/idle" "$dir/busy" "$dir/tokens"
    end_all
}

amid_a_flood() {
    local kind
    if [ "$(id -u)" != 0 ]; then
        printf 'note\tOne user amid the flood of another was not measured: only root can be two\n'
        return
    fi
    chmod 711 "$dir"
    # The flood has the last processor to itself.
    start_daemon flooded taskset -c "0-$(($(nproc) > 1 ? $(nproc) - 2 : 0))"
    for kind in checks connections http; do
        timeout --kill-after=5 240 "$build/tests/load/neighbour" "$dir/flooded" "$dir/tokens" \
            "$kind" check || die "tests/load/neighbour failed"
    done
    end_all
    # And where all share all processors: beside the same flood at another daemon.
    start_daemon shared
    start_daemon elsewhere
    for kind in checks connections http; do
        timeout --kill-after=5 240 "$build/tests/load/neighbour" "$dir/shared" "$dir/tokens" \
            "$kind" check 21 "$dir/elsewhere" | sed 's/amid a flood/on shared processors amid a flood/' ||
            die "tests/load/neighbour failed"
    done
    end_all
}

a_large_table() {
    run 400 fill "$dir/large" "$large" "$dir/large.tokens"
    run 180 large "$dir/large.tokens" "$dir/large.run" "$build/stkgate" daemon \
        --state "$dir/large" --runtime "$dir/large.run" --config "$dir/config"
}

# On the table that a_large_table() made; what Redis took is among the lines by then.
in_process() {
    local redis_us
    redis_us=$(awk -F'\t' '$1 == "time" && $2 == "one EVALSHA of Redis" { print $3 }' "$dir/lines")
    run 150 view "$dir/large" "$dir/large.tokens" ${redis_us:+"$redis_us"}
}

machine
echo
{ beside_redis && beside_nginx && on_a_slow_disk && amid_a_flood && a_large_table &&
    in_process; } >"$dir/lines"
tables <"$dir/lines"
[ "$svg" = "" ] || "$(dirname "$0")/draw.sh" <"$dir/lines" >"$svg"
