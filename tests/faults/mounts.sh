# shellcheck shell=bash
# mounts.sh - sourced first by a shell test that mounts: runs it again in a mount namespace of its own,
# as root or, where the kernel lets it, as a user
if [ "${STKGATE_IN_MOUNTS:-}" != "$$" ]; then
    as_root=()
    [ "$(id -u)" = 0 ] || as_root=(-r)
    if ! unshare -m "${as_root[@]}" mount -t tmpfs none /tmp 2>/dev/null; then
        echo "SKIP: mounts nothing here: run as root, or allow user namespaces"
        exit 77
    fi
    STKGATE_IN_MOUNTS=$$ exec unshare -m "${as_root[@]}" bash "$0" "$@"
fi

# After rig.sh: what is mounted below $dir goes before $dir does.
unmount_and_cleanup() {
    status=$?
    awk -v below="$dir/" 'index($2, below) == 1 {print $2}' /proc/self/mounts | while read -r mounted; do
        umount -l "$mounted"
    done
    (exit $status)
    cleanup
}
