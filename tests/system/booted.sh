# shellcheck shell=bash
# booted.sh - sourced by tests that need a whole system: from here on they run in one, with stkgate
# installed and set up with the very commands that the README has for it
#
#   systemctl, journalctl        are those of a systemd of its own (tests/system/with-systemd)
#   entries FIELD=VALUE...       what the journal has, as JSON, a line for each entry
#   drop_in FILE < LINES         into stkgate.service.d; `systemctl daemon-reload` is done
#   journal_is STOP|CONT         the journal's daemon rests, while all others go on; then it goes on, too
#   property NAME                of stkgate.service
#   restore_unit                 as it is installed, where sanitize() has added to it
# and the words of tests/rig.sh, for the installed program and the sockets in /run/stkgate. A test may
# take 120 s, or STKGATE_BOOTED_S.
set -u

skip() {
    echo "SKIP: $*"
    exit 77
}

# Can this machine do it at all? A container without these rights can't.
try_namespaces() {
    unshare --mount --pid --uts --ipc --net --cgroup --fork --propagation private sh -c '
        mount -t tmpfs none /mnt && mkdir /mnt/u /mnt/w /mnt/r &&
        mount -t overlay none -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w /mnt/r' >/dev/null 2>&1
}

if [ -z "${STKGATE_BOOTED:-}" ]; then
    [ "$(id -u)" = 0 ] || skip "booting a systemd takes root"
    try_namespaces || skip "booting a systemd takes namespaces and overlayfs, which this machine denies"
    # The overlay shows the root file system alone: what is elsewhere is brought along.
    binds=()
    for tree in "${STKGATE_SRCDIR:?}" "${STKGATE_BUILDDIR:?}"; do
        [ "$(stat -c %d "$tree")" = "$(stat -c %d /)" ] || binds+=(--bind "$tree")
    done
    STKGATE_BOOTED=1 exec "$BASH" "$STKGATE_SRCDIR/tests/system/with-systemd" --timeout "${STKGATE_BOOTED_S:-120}" \
        --stop-timeout 0 "${binds[@]}" -- "$BASH" "$0"
fi

# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
unset STKGATE_RUNTIME MAKEFLAGS MAKELEVEL MAKEOVERRIDES DESTDIR
stkgate=/usr/local/bin/stkgate
chmod 755 "$dir"

end() {
    local status=$?
    ! is_sanitized || has_no_reports || status=1
    [ $status = 0 ] || journalctl --no-pager -q -n 60 -o short-precise >&2
    (exit $status) # for cleanup, which goes on with it
    cleanup
}
trap end EXIT

entries() { journalctl --no-pager -q --sync 2>/dev/null; journalctl --no-pager -q -o json "$@"; }

journal_is() { kill "-$1" "$(systemctl show --value -p MainPID systemd-journald.service)" || fail "the journal"; }

property() { systemctl show --value -p "$1" stkgate.service; }

drop_in() {
    mkdir -p /etc/systemd/system/stkgate.service.d
    cat >"/etc/systemd/system/stkgate.service.d/$1"
    systemctl daemon-reload || fail "daemon-reload"
}

# The unit's sandbox hides /root, /home and /tmp, where distcheck's prefix may be: whatever the prefix
# of the build is, here it is /usr/local.
install_stkgate() {
    local prefix
    prefix=$(sed -n 's/^prefix = //p' "$STKGATE_BUILDDIR/Makefile")
    make -s -C "$STKGATE_BUILDDIR" install DESTDIR="$dir/stage" >"$dir/install.log" 2>&1 ||
        { cat "$dir/install.log" >&2; fail "make install"; }
    sed -i "s,$prefix/bin/,/usr/local/bin/,g" "$dir/stage$prefix"/lib/systemd/system/stkgate*.service
    cp -a "$dir/stage$prefix/." /usr/local/
    [ ! -d "$dir/stage/etc" ] || cp -a "$dir/stage/etc/." /etc/
    rm -rf "$dir/stage"
}

# A sanitizer's reports, of the daemon and of all that the test itself runs, are files in $reports.
# What it can't live with is taken back from the unit, in this system alone, and no more.
reports=/run/sanitizer
sanitize() {
    local name
    mkdir -m 1777 "$reports"
    for name in ASAN_OPTIONS TSAN_OPTIONS; do
        export "$name=${!name:+${!name}:}log_path=$reports/report"
    done
    drop_in sanitizer.conf <<END
[Service]
# Where reports go; that /run can be written to is nothing that ProtectSystem= promises.
Environment=ASAN_OPTIONS=$ASAN_OPTIONS TSAN_OPTIONS=$TSAN_OPTIONS
ReadWritePaths=$reports
END
    # ThreadSanitizer lives with all of the sandbox.
    is_sanitized address || return 0
    drop_in sanitizer-leaks.conf <<'END'
[Service]
# The search for leaks, at the end of a process, stops its threads as a debugger does.
SystemCallFilter=ptrace
END
}

restore_unit() {
    rm -f /etc/systemd/system/stkgate.service.d/sanitizer*.conf
    systemctl daemon-reload || fail "daemon-reload"
}

# Leaks are found when the daemon ends, so it has to.
has_no_reports() {
    systemctl stop --quiet stkgate.service
    if [ -n "$(ls -A "$reports")" ]; then
        echo "FAIL: a sanitizer has something to report" >&2
        cat "$reports"/* >&2
        return 1
    fi
    [ "$(property Result)" = success ] || { echo "FAIL: the daemon did not end well" >&2; return 1; }
}

readme_commands() { # those behind "<!-- $1 -->"
    awk -v mark="<!-- $1 -->" '$0 == mark {on = 1; next} on && /^```$/ {on = 0}
        on && !/^```/' "$STKGATE_SRCDIR/README.md"
}

install_stkgate
! is_sanitized || sanitize
readme_commands setup >"$dir/setup"
[ -s "$dir/setup" ] || fail "the README has no commands to set it up"
bash -e "$dir/setup" >"$dir/setup.log" 2>&1 || { cat "$dir/setup.log" >&2; fail "the README's set-up"; }
