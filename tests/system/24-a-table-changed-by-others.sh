#!/bin/bash
# Whoever moves, replaces, overwrites or cuts data.mdb under a running daemon ends it, with a word why;
# no change is committed into the void, and nothing passes that should not.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
table=$dir/state/data.mdb

begin() {
    start_daemon
    mint --site kasa --name "$1"
    : >"$dir/log"
}

ended_with() {
    ended=0
    wait "$daemon_pid" || ended=$?
    daemon_pid=
    [ $ended = 1 ] || fail "ended with status $ended"
    grep -q "$1" "$dir/log" || fail "the log does not say: $1"
}

# Moved away: the change is refused, and not there.
begin moved
mv "$table" "$dir/aside"
expect 1 "$stkgate" admin revoke --yes "$key_id"
said 'replaced or written over while the daemon had it open: nothing was changed.*stop it before'
ended_with 'data.mdb was replaced, cut or written by another program'
expect 69 check --site kasa
mv "$dir/aside" "$table"
start_daemon
expect 0 check --site kasa
stop_daemon

# Restored from a backup without a stop, by rename and by cp: the daemon ends, the next one has it.
cp "$table" "$dir/backup"
for way in rename cp; do
    begin "$way"
    newer=$token
    if [ $way = cp ]; then cp "$dir/backup" "$table"; else mv "$dir/backup" "$table"; fi
    expect 1 "$stkgate" admin mint --site kasa --name "into the void"
    said 'nothing was changed'
    ended_with 'data.mdb was replaced, cut or written by another program'
    cp "$table" "$dir/backup"
    start_daemon
    expect 0 "$stkgate" admin list --site kasa
    out_lacks "into the void"
    token=$newer
    expect 1 check --site kasa
    said unknown_token
    stop_daemon
done

# Cut: what was published is decided as it was before; whoever needs a page that is gone ends the
# daemon: who lists, or, if he comes late, the daemon itself, which saves its use counts.
begin cut
revoked=$token
expect 0 "$stkgate" admin revoke --yes "$key_id"
cp "$table" "$dir/whole"
: >"$table"
token=$revoked
expect 1 check --site kasa
said revoked_token
got=0
"$stkgate" admin list --site kasa >"$dir/out" 2>"$dir/err" || got=$?
[ $got = 1 ] || [ $got = 69 ] || fail "a list of a table that is gone ended with status $got"
ended_with "data.mdb \(can't be read: it was cut\|was replaced, cut or written\)"
expect 1 timeout 30 "$stkgate" daemon --state "$dir/state" --runtime "$dir/run" --config "$dir/config"
said "$dir/state: data.mdb is not a table of stkgate's, or its beginning is damaged: restore it"
head -c 40960 "$dir/whole" >"$table"
expect 1 timeout 30 "$stkgate" daemon --state "$dir/state" --runtime "$dir/run" --config "$dir/config"
said "$dir/state: data.mdb is (truncated: 40960 bytes, where [0-9]* were written|.*damaged).*restore it"
cp "$dir/whole" "$table"
start_daemon
expect 1 check --site kasa
said revoked_token

# Cut between a check and a change: the change sees it.
: >"$dir/log"
: >"$table"
expect 1 "$stkgate" admin mint --site kasa --name "into the void"
ended=0
wait "$daemon_pid" || ended=$?
daemon_pid=
[ $ended = 1 ] || fail "ended with status $ended"
exit 0
