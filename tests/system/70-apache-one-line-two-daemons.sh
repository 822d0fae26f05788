#!/bin/bash
# One Require line, inherited by two places that ask two daemons: what a scope's name is, each of them says for itself.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
# shellcheck source=tests/system/apache.sh
. "$STKGATE_SRCDIR/tests/system/apache.sh"
other=$dir/other other_pid=
trap 'status=$?; [ -z "$other_pid" ] || kill "$other_pid"; (exit $status); apache_cleanup' EXIT

# The same names, in another order: the bits that they get differ.
add_scopes() { # RUNTIME NAME...
    local runtime=$1 name
    shift
    for name; do "$stkgate" admin scope add "$name" --runtime "$runtime" >/dev/null || fail "scope add $name"; done
}
mint_there() { # RUNTIME SCOPE
    token=$("$stkgate" admin mint --runtime "$1" --site kasa --name "$2" --scope "$2" 2>"$dir/err") || fail "mint"
}

mkdir -p "$home/htdocs/one/other"
echo here >"$home/htdocs/one/file"
echo there >"$home/htdocs/one/other/file"
start_daemon
mkdir "$other"
"$stkgate" daemon --state "$other/state" --runtime "$other/run" --config "$dir/config" 2>>"$dir/log" &
other_pid=$!
until_works "$stkgate" admin status --runtime "$other/run"
add_scopes "$dir/run" orders:read stock:read
add_scopes "$other/run" stock:read orders:read

start_apache event <<END
<Location "/one">
    AuthType Stkgate
    Require stkgate-scope orders:read
</Location>
<Location "/one/other">
    StkgateSocket $other/run/check.sock
</Location>
END
for runtime in "$dir/run" "$other/run" "$dir/run"; do
    path=/one/file
    [ "$runtime" = "$dir/run" ] || path=/one/other/file
    mint_there "$runtime" orders:read
    answers 200 GET $path "X-Stella-Token: $token" "X-Site-ID: kasa"
    answers 200 GET $path "X-Stella-Token: $token" "X-Site-ID: kasa"
    mint_there "$runtime" stock:read
    answers 403 GET $path "X-Stella-Token: $token" "X-Site-ID: kasa"
    has '^WWW-Authenticate: .*scope="orders:read"'
done
stop_apache
kill "$other_pid"
wait "$other_pid" || fail "the other daemon ended with $?"
other_pid=
exit 0
