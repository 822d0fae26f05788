#!/bin/bash
# On a full disk checks and revocations go on, mints are refused in clear words, nothing is lost, and
# with room again all is well without a restart.
# shellcheck source=tests/faults/mounts.sh
. "${STKGATE_SRCDIR:?}/tests/faults/mounts.sh"
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
trap unmount_and_cleanup EXIT

# Many at once, so that they share commits; with origins, so that they take up room.
printf '{"site_id": "many", "name": "one of many", "allowed_origins": [' >"$dir/body"
for ((i = 100; i < 115; i++)); do
    printf '"https://a-shop-with-a-long-name-%d.example.com",' $i
done >>"$dir/body"
echo '"https://kasa.example"]}' >>"$dir/body"

mint_many() { # COUNT: sets $minted and $refused
    for ((i = 0; i < $1; i++)); do
        printf 'url = "http://stkgate/v1/tokens"\nunix-socket = "%s"\ndata = "@%s"\n' "$dir/run/admin.sock" "$dir/body"
        printf 'silent\noutput = "/dev/null"\nwrite-out = "%%{http_code}\\n"\n'
        [ $i = $(($1 - 1)) ] || echo next
    done >"$dir/calls"
    curl --parallel --parallel-max 24 -K "$dir/calls" >"$dir/codes" 2>"$dir/err" </dev/null
    minted=$(grep -c '^201$' "$dir/codes")
    refused=$(grep -c '^507$' "$dir/codes")
    [ $((minted + refused)) = "$1" ] || fail "other answers: $(sort "$dir/codes" | uniq -c)"
}

fill_up() { cat /dev/zero >"$dir/state/filler" 2>/dev/null; }

on_a_full_disk() {
    start_daemon
    mint --site kasa --name kept
    kept=$token
    mint --site kasa --name leaked
    leaked=$token
    fill_up
    mint_many 2000
    acknowledged=$minted
    [ "$refused" -gt 0 ] || fail "2000 tokens found room on a full disk"
    expect 1 "$stkgate" admin mint --site kasa --name "one more"
    said 'the disk is full: nothing was changed. Make room'
    token=$kept
    expect 0 check --site kasa
    token=$leaked
    expect 0 check --site kasa
    # Many: what is kept for revocations is not used up by them.
    for ((i = 0; i < 3; i++)); do
        expect 0 "$stkgate" admin revoke --yes "$("$stkgate" admin list --site many --state active --json |
            grep -oE 'key_[0-9A-Za-z]{16}' | head -n 1)"
        acknowledged=$((acknowledged - 1))
    done
    expect 0 "$stkgate" admin revoke --yes "$key_id" --reason leaked
    expect 1 check --site kasa
    said revoked_token

    # A crash and a start, with the disk as full as before.
    stop_daemon KILL
    fill_up
    start_daemon
    expect 1 check --site kasa
    said revoked_token
    token=$kept
    expect 0 check --site kasa
    expect 0 "$stkgate" admin list --site many --state active --json
    there=$(grep -o '"key_id": *"key_' "$dir/out" | wc -l)
    [ "$there" = "$acknowledged" ] || fail "$acknowledged were acknowledged, $there are there"
    expect 1 "$stkgate" admin mint --site kasa --name "one more"
    said 'the disk is full'

    rm "$dir/state/filler"
    mint --site kasa --name "one more"
    expect 0 check --site kasa
    mint_many 50
    [ "$refused" = 0 ] || fail "refused although there is room again"
    stop_daemon
}

mkdir -m 0700 "$dir/state"
mount -t tmpfs -o size=8m,mode=700 none "$dir/state" || fail "mount tmpfs"
on_a_full_disk
umount "$dir/state"

# A real file system, with blocks and a journal, where loop devices may be used.
if [ "$(id -u)" = 0 ] && truncate -s 24m "$dir/disk" && mkfs.ext4 -q -m 0 "$dir/disk" 2>/dev/null &&
    mount -o loop "$dir/disk" "$dir/state" 2>/dev/null; then
    chmod 700 "$dir/state"
    rm -rf "$dir/run"
    on_a_full_disk
    echo "tmpfs and ext4"
else
    echo "tmpfs alone: no loop device for ext4 here"
fi

# No room for a table at all.
umount "$dir/state" 2>/dev/null
mount -t tmpfs -o size=64k,mode=700 none "$dir/state" || fail "mount tmpfs"
fill_up
expect 1 timeout 30 "$stkgate" daemon --state "$dir/state" --runtime "$dir/run" --config "$dir/config"
said "$dir/state.*No space left on device"
exit 0
