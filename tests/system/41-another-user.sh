#!/bin/bash
# Another user of the machine may ask, and nothing else: not read what the daemon holds, nor take its
# place. Each attack is shown to work where nothing is in its way.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"

# As root the daemon gets a user of its own, and the attacker another. Without root all are one.
daemon=(env) other=(env)
mkdir "$dir/own" && chmod 755 "$dir"
install -m 755 "$stkgate"{,-daemon,-admin} "$dir"
if [ "$(id -u)" = 0 ]; then
    daemon=(setpriv --reuid 4712 --regid 4712 --clear-groups)
    other=(setpriv --reuid 4711 --regid 4711 --clear-groups)
    chown 4712:4712 "$dir/own"
fi
denied() { # command: must fail, and because it may not
    expect_failure "$@"
    err_has 'denied|not permitted'
}
expect_failure() {
    words=$*
    ! "$@" >"$dir/out" 2>"$dir/err" || fail "this worked: $words"
}

"${daemon[@]}" "$dir/stkgate" daemon --state "$dir/own/state" --runtime "$dir/own/run" \
    --config "$dir/config" 2>>"$dir/log" &
daemon_pid=$!
STKGATE_RUNTIME=$dir/own/run
until_works "$stkgate" admin status
mint --site kasa --name one
printf '%s\n' "$token" >"$dir/token"
chmod 644 "$dir/token"

may_ask() {
    expect 0 "${other[@]}" sh -c "'$dir/stkgate' check --site kasa <'$dir/token'"
}

cannot_read_the_table() {
    [ "$(stat -c %a "$dir/own/state")" = 700 ] || fail "others may enter the state directory"
    for file in "$dir"/own/state/*; do
        [ "$(stat -c %a "$file")" = 600 ] || fail "others may read $file"
    done
    [ "$(id -u)" = 0 ] || return 0
    denied "${other[@]}" ls "$dir/own/state"
    denied "${other[@]}" cat "$dir/own/state/data.mdb"
    denied "${other[@]}" touch "$dir/own/state/lock"
}

cannot_take_the_place_of_a_socket() {
    local before
    before=$(stat -c %i "$dir"/own/run/*.sock)
    # One that runs by mistake with the daemon's rights finds the place taken.
    expect_failure "${daemon[@]}" "$dir/stkgate" daemon --state "$dir/own/second" \
        --runtime "$dir/own/run" --config "$dir/config"
    said 'check.sock.*in use'
    if [ "$(id -u)" = 0 ]; then
        denied "${other[@]}" rm -f "$dir/own/run/check.sock"
        denied "${other[@]}" mv "$dir/own/run/http.sock" "$dir/own/run/other.sock"
        denied "${other[@]}" ln -s /tmp "$dir/own/run/new.sock"
        denied "${other[@]}" mv "$dir/own/run" "$dir/own/elsewhere"
    fi
    [ "$(stat -c %i "$dir"/own/run/*.sock)" = "$before" ] || fail "a socket was replaced"
}

cannot_reach_the_admin_socket() {
    [ "$(stat -c %a "$dir/own/run/admin.sock")" = 660 ] || fail "others may connect to admin.sock"
    [ "$(id -u)" = 0 ] || return 0
    expect 69 "${other[@]}" "$dir/stkgate" admin list
    said 'stkgate-admin'
}

cannot_stop_it() {
    [ "$(id -u)" = 0 ] || return 0
    denied "${other[@]}" sh -c "kill -TERM $daemon_pid"
    denied "${other[@]}" sh -c "kill -STOP $daemon_pid"
}

# Nor may its own user, as which other programs may run: what a web server's exploit gives.
cannot_read_its_memory() {
    local standstill=$dir/own/standstill
    mkfifo "$standstill"
    chmod 666 "$standstill"
    "${daemon[@]}" cat "$standstill" &
    local sleeper=$!
    for file in environ maps; do
        until_works "${daemon[@]}" grep -q . "/proc/$sleeper/$file"
    done
    kill "$sleeper"
    wait "$sleeper" 2>/dev/null
    for file in environ maps mem; do
        [ "$(id -u)" != 0 ] || [ "$(stat -c %u "/proc/$daemon_pid/$file")" = 0 ] ||
            fail "/proc/$daemon_pid/$file belongs to the daemon's user"
        denied "${daemon[@]}" head -c 1 "/proc/$daemon_pid/$file"
    done
    denied "${daemon[@]}" ls "/proc/$daemon_pid/fd"
    denied "${daemon[@]}" strace -o /dev/null -p "$daemon_pid"
}

leaves_no_core_file() {
    words="limits of the daemon"
    if [ "$(id -u)" = 0 ]; then
        cat "/proc/$daemon_pid/limits" >"$dir/out" || fail "no limits"
        out_has '^Max core file size +0 +0 '
    fi
}

sees_no_token_in_a_process_list() {
    # The one word that a caller could give by mistake is refused, and not repeated.
    expect 64 "$stkgate" check "$token"
    out_lacks "$token"
    err_lacks "$token"
    printf '%s\n' "$token" >"$dir/fifo_text"
    mkfifo "$dir/fifo"
    "$stkgate" check --site kasa <"$dir/fifo" >/dev/null 2>&1 &
    local asker=$!
    exec 8>"$dir/fifo"
    # It waits for its token now, and while it has half of it.
    head -c 20 "$dir/fifo_text" >&8
    until_works sh -c "tr '\\0' '\\n' </proc/$asker/cmdline | grep -qx check"
    ! tr '\0' '\n' <"/proc/$asker/cmdline" | grep -qF "${token:0:14}" || fail "its arguments tell the token"
    tail -c +21 "$dir/fifo_text" >&8
    exec 8>&-
    wait "$asker" || fail "the check failed"
}

may_ask
cannot_read_the_table
cannot_take_the_place_of_a_socket
cannot_reach_the_admin_socket
cannot_stop_it
cannot_read_its_memory
leaves_no_core_file
sees_no_token_in_a_process_list
may_ask
exit 0
