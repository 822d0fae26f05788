#!/bin/bash
# SIGHUP takes a good configuration at once, for connections that are open, too, and a bad one never.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"

reload() { # waits for the line that tells the outcome
    local before
    before=$(grep -cE 'configuration (reloaded|stays)' "$dir/log")
    kill -HUP "$daemon_pid"
    until_works sh -c "[ \$(grep -cE 'configuration (reloaded|stays)' '$dir/log') -gt $before ]"
}

start_daemon
mint --site kasa --name one
expect 0 check --service shop --site kasa
echo 'sites = other' >"$dir/config/services.d/shop.conf"
reload
expect 1 check --service shop --site kasa
said unknown_token
printf 'sites = kasa\ncots = 3\n' >"$dir/config/services.d/shop.conf"
reload
grep -q 'shop.conf:2: cots: no such key' "$dir/log" || fail "the mistake is not told"
expect 1 check --service shop --site kasa
printf 'sites = kasa\ncost = 61\n' >"$dir/config/services.d/shop.conf"
reload
expect 1 check --service shop --site kasa
said cost_exceeds_burst

# Whatever is wrong, and in whatever file: it is told where, and what was in force stays so.
refused() { # FILE, what stands there (or: directory, loop), what is to be told
    local file=$dir/config/$1
    : >"$dir/log"
    case $2 in
    directory) mkdir "$file" ;;
    loop) ln -s "${1##*/}" "$file" ;;
    *) printf "$2" >"$file" ;;
    esac
    reload
    grep -Eq "configuration stays as it was: .*/$1:.*$3" "$dir/log" || fail "$1, $2: not told: $3"
    expect 1 check --service shop --site kasa
    said cost_exceeds_burst
    rm -rf "$file"
}
long=$(printf '%5000s' '' | tr ' ' a)
refused stkgate.conf 'conections = 5\n' '1: conections: no such key'
refused stkgate.conf '[deamon]\nconnections = 5\n' '2: deamon: no such section'
refused stkgate.conf 'connections = 5\n\nconnections = 6\n' '3: connections: is given twice'
refused stkgate.conf "realm = $long\n" '1: is longer than 4096 bytes'
refused stkgate.conf directory ' not a regular file'
refused stkgate.conf loop ' a symbolic link that leads back to itself'
refused services.d/other.conf 'cost = 0\n' '1: cost: write a whole number from 1'
refused services.d/other.conf directory ' not a regular file'

# A limit is in force at once; the table's size is not, and that is told.
: >"$dir/log"
printf 'connections_per_user = 1\nmap_size = 1G\n' >"$dir/config/stkgate.conf"
reload
grep -q 'map_size in stkgate.conf is another now: .*restart' "$dir/log" || fail "no word of a restart"
coproc "$STKGATE_BUILDDIR/tests/load/hold" "$dir/run" check.sock 1
read -r -t 30 word <&"${COPROC[0]}" || fail "no connection is held"
expect 69 check --service shop --site kasa
exit 0
