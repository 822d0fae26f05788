#!/bin/bash
# EIO at a commit: never answered as done, nothing passes any more, the daemon ends with a failure, and
# the next one has all that was acknowledged.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
# shellcheck source=tests/faults/faults.sh
. "${STKGATE_SRCDIR:?}/tests/faults/faults.sh"
eio=5 erofs=30 enospc=28

for where in sync meta data; do
    start_daemon
    mint --site kasa --name "kept $where"
    kept=$token
    mint --site kasa --name "leaked $where"
    leaked=$token
    expect 0 "$stkgate" admin mint --site kasa --name revoked
    revoked_id=$(grep -ohE 'key_[0-9A-Za-z]{16}' "$dir/err" | head -n 1)
    revoked=$(cat "$dir/out")
    expect 0 "$stkgate" admin revoke --yes "$revoked_id"

    fault $where $eio
    expect 1 "$stkgate" admin revoke --yes "$key_id" --reason leaked
    said 'the outcome is unknown: the disk failed'
    await_end
    [ $ended = 1 ] || fail "ended with status $ended"
    grep -q 'a commit failed and its outcome is unknown: this daemon ends now' "$dir/log" ||
        fail "the log does not say why it ended"
    expect 69 check --site kasa

    fault $where 0
    start_daemon
    token=$kept
    expect 0 check --site kasa
    token=$revoked
    expect 1 check --site kasa
    said revoked_token
    # It is there or not, and the operator can look; revoking again makes sure.
    expect 0 "$stkgate" admin show "$key_id"
    said 'active|revoked'
    "$stkgate" admin revoke --yes "$key_id" >/dev/null 2>&1
    token=$leaked
    expect 1 check --site kasa
    said revoked_token
    stop_daemon
done

# Use counts are commits, too: a disk that fails there ends the daemon as well, instead of leaving one
# that takes no change any more.
start_daemon
token=$kept
fault sync $eio
expect 0 check --site kasa
await_end
[ $ended = 1 ] || fail "ended with status $ended"
fault sync 0

# Errors that are known to have changed nothing do not end it.
start_daemon
fault data $erofs
expect 1 "$stkgate" admin mint --site kasa --name "read-only"
said 'became read-only: nothing was changed'
token=$kept
expect 0 check --site kasa
fault data $enospc
expect 1 "$stkgate" admin mint --site kasa --name "full"
said 'the disk is full: nothing was changed'
expect 0 check --site kasa
fault data 0
mint --site kasa --name "works again"
expect 0 check --site kasa
expect 0 "$stkgate" admin list --site kasa
out_lacks 'read-only'
out_lacks 'full'
stop_daemon
exit 0
