# shellcheck shell=bash
# faults.sh - sourced after rig.sh: a daemon on a machine that fails on demand
#
#   fault NAME VALUE   clock SECONDS, sync|data|meta|accept ERRNO, fstype NUMBER; 0 puts it right.
#                      The daemon that runs, and each that start_daemon starts, has it at once
#   await_end          the daemon must end by itself; sets $ended to its status
# shellcheck disable=SC2154 # dir and stkgate are rig.sh's
faults_file=$dir/faults
printf '%-31s\n' 0 0 0 0 0 0 >"$faults_file"
faults_preload=${STKGATE_BUILDDIR:?}/tests/faults/.libs/faults.so

# The daemon alone: a wrapper with its process id. TSan's runtime must come first.
real_stkgate=$stkgate
stkgate=$dir/stkgate
cat >"$stkgate" <<END
#!/bin/bash
if [ "\${1:-}" = daemon ]; then
    tsan=\$(ldd "$real_stkgate" | awk '/libtsan/ {print \$3}')
    export LD_PRELOAD=\$tsan:$faults_preload STKGATE_FAULTS=$faults_file
fi
exec "$real_stkgate" "\$@"
END
chmod +x "$stkgate"

fault() {
    case $1 in
    clock) slot=0 ;; sync) slot=1 ;; data) slot=2 ;; meta) slot=3 ;; fstype) slot=4 ;; accept) slot=5 ;;
    *) fail "no such fault: $1" ;;
    esac
    printf '%-31s\n' "$2" | dd of="$faults_file" bs=32 seek=$slot conv=notrunc status=none
}

await_end() {
    ended=0
    wait "$daemon_pid" || ended=$?
    daemon_pid=
}
