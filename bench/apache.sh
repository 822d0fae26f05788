#!/bin/bash
# apache.sh - Apache (event MPM) serving a file of 1 KiB: without mod_stkgate, with it and a token, and with it in
# a place that asks for none. STKGATE_BUILDDIR=... bench/apache.sh [--rounds N] [--seconds N] [--connections N]
#
# In each round the servers are started anew, since how a server's memory and threads come to lie is worth some
# hundredths, and wrk asks each in turn, so that what else the machine does is the same for all. Prints the medians of requests per second and of the server's processor time for one, and of what they are
# to those of plain in the same round. On a machine that does other things too, the latter says more.
set -euo pipefail

build=${STKGATE_BUILDDIR:?the directory where stkgate was built}
PATH=$PATH:/usr/sbin:/sbin
rounds=10 seconds=2 connections=16

die() { echo "bench: $*" >&2; exit 1; }

while [ $# -gt 0 ]; do
    [ $# -ge 2 ] && [[ $2 =~ ^[1-9][0-9]*$ ]] || die "usage: apache.sh [--rounds N] [--seconds N] [--connections N]"
    case $1 in
    --rounds) rounds=$2 ;;
    --seconds) seconds=$2 ;;
    --connections) connections=$2 ;;
    *) die "usage: apache.sh [--rounds N] [--seconds N] [--connections N]" ;;
    esac
    shift 2
done
apache=$(type -P apache2 || type -P httpd) || die "no apache2 here: apt-get install apache2-bin"
for program in wrk curl; do
    type -P $program >/dev/null || die "no $program here: apt-get install $program"
done
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
"$build/stkgate" daemon --state "$dir/state" --runtime "$dir/run" --config "$dir/config" 2>"$dir/daemon.log" &
pids+=($!)
until_works "$build/stkgate" admin status --runtime "$dir/run"
token=$("$build/stkgate" admin mint --runtime "$dir/run" --site kasa --name bench --limit 100000000 --window 60s 2>"$dir/mint.log") ||
    { cat "$dir/mint.log" >&2; die "mint failed"; }
head -c 1024 /dev/zero | tr '\0' x >"$dir/htdocs/file"

declare -A port group
configure() { # NAME; the configuration beside what all have, on stdin
    local name=$1 at=$dir/$1 one
    mkdir -p "$at"
    cat >"$at/own.conf"
    port[$name]=$((20000 + RANDOM % 12000))
    {
        for one in mpm_event authn_core authz_core authz_user unixd; do
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
    setsid "$apache" -d "$at" -f "$at/httpd.conf" -DFOREGROUND >"$dir/$1.log" 2>&1 &
    group[$1]=$!
    pids+=($!)
    until_works curl -sf -H "@$dir/fields" -o "$dir/got" --max-time 5 "http://127.0.0.1:${port[$1]}/file"
}
stop() { # NAME
    kill "${group[$1]}"
    wait "${group[$1]}" || true
}

# A section of its own for each: httpd merges what it says for each request.
configure plain <<END
<Location "/">
    Require all granted
</Location>
END
configure guarded <<END
LoadFile $build/module/client/.libs/libstkgate.so.0
LoadModule stkgate_module $module
StkgateSocket $dir/run/check.sock
<Location "/">
    AuthType Stkgate
    Require stkgate-scope catalog:read
</Location>
END
configure unguarded <<END
LoadFile $build/module/client/.libs/libstkgate.so.0
LoadModule stkgate_module $module
StkgateSocket $dir/run/check.sock
<Location "/">
    Require all granted
</Location>
END

# wrk takes the token from a file: on a command line each user could read it.
cat >"$dir/wrk.lua" <<END
wrk.headers["X-Stella-Token"] = "$token"
wrk.headers["X-Site-ID"] = "kasa"
END
(umask 077 && printf 'X-Stella-Token: %s\nX-Site-ID: kasa\n' "$token" >"$dir/fields")
# Of all processes of a server so far, in clock ticks.
ticks() { { cat /proc/[0-9]*/stat 2>/dev/null || true; } | sed 's/^.*) //' | awk -v group="${group[$1]}" '$3 == group {n += $12 + $13} END {print n + 0}'; }
slice() { # NAME SECONDS: requests per second, and its processor time per request in us
    local before
    before=$(ticks "$1")
    wrk -t 1 -c "$connections" -d "$2" -s "$dir/wrk.lua" "http://127.0.0.1:${port[$1]}/file" >"$dir/out.log"
    ! grep -E 'Non-2xx|Socket errors' "$dir/out.log" >&2 || die "$1 failed requests"
    awk -v ticks=$(($(ticks "$1") - before)) -v hz="$(getconf CLK_TCK)" '$2 == "requests" {n = $1}
        $1 == "Requests/sec:" {print $2, ticks / hz * 1000000 / n}' "$dir/out.log"
}

names=(plain guarded unguarded)
for ((round = 0; round < rounds; round++)); do
    for name in "${names[@]}"; do
        start "$name"
        slice "$name" 1 >/dev/null
    done
    # Who is first in a round, is so in turn.
    for ((i = 0; i < 3; i++)); do
        name=${names[(i + round) % 3]}
        slice "$name" "$seconds" >>"$dir/$name.rates"
    done
    for name in "${names[@]}"; do stop "$name"; done
done

median() { sort -n | awk '{v[NR] = $1} END {print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'; }
printf '%-34s %10s %8s %8s %8s\n' "Apache, event, 1 KiB, $connections connections" requests/s of-plain cpu-us of-plain
for name in "${names[@]}"; do
    paste "$dir/plain.rates" "$dir/$name.rates" >"$dir/both"
    printf '%-34s %10.0f %8.3f %8.1f %8.3f\n' "$name" "$(median <"$dir/$name.rates")" \
        "$(awk '{print $3 / $1}' "$dir/both" | median)" "$(awk '{print $4}' "$dir/both" | median)" \
        "$(awk '{print $4 / $2}' "$dir/both" | median)"
done
