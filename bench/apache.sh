#!/bin/bash
# apache.sh - what mod_stkgate costs Apache (event MPM): make bench-apache, or STKGATE_BUILDDIR=... bench/apache.sh
#
#   --rounds N    with new servers each (48)
#   --seconds N   how long they are asked in turns, in each (3)
#
# A file of 1 KiB over loopback, every request with the same token, as in nginx.sh. One server without the module; one with
# it, in a place that asks for no token and in one that does. On one core the servers and the daemon, on another the client,
# bench/turns. How the memory and the threads of a server come to lie is worth some hundredths for its life: each round has
# new ones, and what is printed is the mean, with its standard error. The two places of one server share that luck.
set -euo pipefail

build=${STKGATE_BUILDDIR:?the directory where stkgate was built}
PATH=$PATH:/usr/sbin:/sbin
rounds=48 seconds=3

die() { echo "bench: $*" >&2; exit 1; }

while [ $# -gt 0 ]; do
    [ $# -ge 2 ] && [[ $2 =~ ^[1-9][0-9]*$ ]] || die "usage: apache.sh [--rounds N] [--seconds N]"
    case $1 in
    --rounds) rounds=$2 ;;
    --seconds) seconds=$2 ;;
    *) die "usage: apache.sh [--rounds N] [--seconds N]" ;;
    esac
    shift 2
done
apache=$(type -P apache2 || type -P httpd) || die "no apache2 here: apt-get install apache2-bin"
type -P curl >/dev/null || die "no curl here: apt-get install curl"
module=$build/module/apache/.libs/mod_stkgate.so
[ -e "$module" ] || die "built without the Apache module: apt-get install apache2-dev"
modules=$(dirname "$(find /usr/lib/apache2/modules /usr/lib*/httpd/modules -name mod_authz_core.so 2>/dev/null | head -n 1)")
built_in=$("$apache" -l | tr -s '\n ' ' ')

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
    for ((tries = 0; tries < 400; tries++)); do
        ! "$@" >/dev/null 2>&1 || return 0
        sleep 0.05
    done
    cat "$dir"/*.log >&2
    die "never worked: $*"
}

mkdir -p "$dir/config/services.d" "$dir/htdocs"
user=$(id -un)
[ "$(id -u)" != 0 ] || user=www-data
echo "direct = $user" >"$dir/config/services.d/default.conf"
client=() server=()
[ "$(nproc)" -lt 2 ] || client=(taskset -c 1) server=(taskset -c 0)
"${server[@]}" "$build/stkgate" daemon --state "$dir/state" --runtime "$dir/run" --config "$dir/config" 2>"$dir/daemon.log" &
pids+=($!)
until_works "$build/stkgate" admin status --runtime "$dir/run"
token=$("$build/stkgate" admin mint --runtime "$dir/run" --site kasa --name bench --limit 1000000 --window 1s 2>"$dir/mint.log") ||
    { cat "$dir/mint.log" >&2; die "mint failed"; }
head -c 1024 /dev/zero | tr '\0' x >"$dir/htdocs/file"

declare -A port group
configure() { # NAME; the configuration beside what all have, on stdin
    local name=$1 at=$dir/$1 one
    mkdir -p "$at"
    cat >"$at/own.conf"
    port[$name]=$((20000 + RANDOM % 12000))
    {
        for one in mpm_event authn_core authz_core authz_user unixd alias; do
            case " $built_in " in *" mod_$one.c "*) continue ;; esac
            echo "LoadModule ${one}_module $modules/mod_$one.so"
        done
        [ "$(id -u)" != 0 ] || printf 'User www-data\nGroup www-data\n'
        cat <<END
ServerName shop.example
ServerRoot $at
DefaultRuntimeDir $at
PidFile $at/httpd.pid
Listen 127.0.0.1:${port[$name]}
DocumentRoot $dir/htdocs
ErrorLog $at/error.log
MaxKeepAliveRequests 0
END
        cat "$at/own.conf"
    } >"$at/httpd.conf"
}
start() { # NAME
    local at=$dir/$1
    rm -f "$at/httpd.pid"
    # httpd ends its whole process group.
    setsid "${server[@]}" "$apache" -d "$at" -f "$at/httpd.conf" -DFOREGROUND >"$dir/$1.log" 2>&1 &
    group[$1]=$!
    pids+=($!)
    until_works curl -sf -H "@$dir/fields" -o "$dir/got" --max-time 5 "http://127.0.0.1:${port[$1]}/file"
}
stop() { # NAME
    kill "${group[$1]}"
    wait "${group[$1]}" || true
}

# An alias and a section of its own for each: httpd looks for the one and merges the other for each request, whatever the
# section says.
configure without <<END
Alias "/plain/" "$dir/htdocs/"
<Location "/">
    Require all granted
</Location>
<Location "/plain/">
    Require all granted
</Location>
END
configure with <<END
LoadFile $build/module/client/.libs/libstkgate.so.0
LoadModule stkgate_module $module
StkgateSocket $dir/run/check.sock
Alias "/off/" "$dir/htdocs/"
Alias "/on/" "$dir/htdocs/"
<Location "/">
    Require all granted
</Location>
<Location "/off/">
    Require all granted
</Location>
<Location "/on/">
    AuthType Stkgate
    Require stkgate-scope catalog:read
</Location>
END
(umask 077 && printf 'X-Stella-Token: %s\nX-Site-ID: kasa\n' "$token" >"$dir/fields")

for ((round = 0; round < rounds; round++)); do
    start without
    start with
    "${client[@]}" "$build/bench/turns" "$seconds" "$dir/fields" "plain=${port[without]}/plain/file" "off=${port[with]}/off/file" \
        "on=${port[with]}/on/file" >>"$dir/turns"
    stop without
    stop with
done

# Of all rounds: the rate, and the mean of what NAME is to OTHER, with its standard error.
rate_of() { awk -v name="$1" '$1 == name {n++; sum += $2} END {print sum / n}' "$dir/turns"; }
ratio_of() { # NAME OTHER
    awk -v name="$1" -v other="$2" '
        $1 == other {to = $2}
        $1 == name {of = $2}
        $1 == "on" {ratio = of / to; n++; sum += ratio; squares += ratio * ratio}
        END {
            mean = sum / n; variance = n > 1 ? (squares - n * mean * mean) / (n - 1) : 0
            printf "%.3f±%.3f\n", mean, sqrt(variance > 0 ? variance / n : 0)
        }' "$dir/turns"
}
printf '%-40s %10s %13s\n' "Apache, event, 1 KiB over loopback" requests/s "of plain"
printf '%-40s %10.0f\n' "without the module" "$(rate_of plain)"
printf '%-40s %10.0f %13s\n' "the module loaded, no token asked for" "$(rate_of off)" "$(ratio_of off plain)" \
    "the module, from the view" "$(rate_of on)" "$(ratio_of on plain)"
echo
awk -v of="$(ratio_of on off)" 'BEGIN {printf "%-40s %24s\n", "with a token : without, the same server", of}'
awk -v ratio="$(ratio_of on plain)" 'BEGIN {
    met = ratio + 0 >= 0.95
    printf "%-40s %24s %10s  %s\n", "with a token : without the module", ratio, ">= 0.95", met ? "met" : "MISSED"
    exit !met
}'
