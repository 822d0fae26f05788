#!/bin/bash
# A state directory that is read-only or on another host is refused, with the reason and a way out.
# shellcheck source=tests/faults/mounts.sh
. "${STKGATE_SRCDIR:?}/tests/faults/mounts.sh"
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
# shellcheck source=tests/faults/faults.sh
. "${STKGATE_SRCDIR:?}/tests/faults/faults.sh"
trap unmount_and_cleanup EXIT

# One that starts against all expectation is ended.
daemon() { # STATE
    expect 1 timeout 30 "$stkgate" daemon --state "$1" --runtime "$dir/run" --config "$dir/config"
}

start_daemon
mint --site kasa --name kept
expect 0 check --site kasa
stop_daemon

# NFS, FUSE: as the kernel would tell it. tests/daemon/store/test_claim.c has the others.
for type in 26985 1702057286; do
    fault fstype $type
    daemon "$dir/state"
    said "$dir/state: is on a network or FUSE file system \(type 0x[0-9a-f]+\).*local disk.*--state"
done
fault fstype 0

mount --bind "$dir/state" "$dir/state" || fail "mount --bind"
mount -o remount,bind,ro "$dir/state" || fail "remount"
daemon "$dir/state"
said "$dir/state: is on a file system that is mounted read-only: mount it read-write"
[ "$(id -u)" != 0 ] || said '--state'
umount "$dir/state"

# A new one can't be made there either.
mkdir -m 0700 "$dir/parent"
mount -t tmpfs -o ro none "$dir/parent" || fail "mount tmpfs"
daemon "$dir/parent/state"
said "$dir/parent/state: can't make this directory: Read-only file system"

start_daemon
expect 0 check --site kasa
stop_daemon
exit 0
