#!/bin/bash
# What decides about a call loads little, and becomes another program for the rest.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?is set by make check}/tests/rig.sh"

# ---- what each loads by itself, but for the runtimes of sanitizers and coverage
loads() {
    readelf -d "$1" | sed -nE 's/.*\(NEEDED\).*\[(.*)\.so\..*/\1/p' |
        grep -vE '^(lib(c|m|pthread|rt|dl|resolv|gcc_s|gcov|stdc\+\+|[a-z]+san)|ld-linux.*)$' | sort | tr '\n' ' '
}
only() { # PROGRAM LIBRARY...
    local program=$1 library
    shift
    for library in $(loads "$program"); do
        [[ " $* " == *" $library "* ]] || fail "$program loads $library"
    done
}
only "$stkgate" libcrypto libz libjansson libfcgi
only "$stkgate-admin" libcrypto libz libjansson libcurl
only "$stkgate-daemon" libcrypto libz libjansson liblmdb libsystemd libmicrohttpd libinih
[[ $(loads "$stkgate-admin") == *libcurl* ]] || fail "nothing can be seen of what a program loads"

# ---- the process stays the same, and its arguments
start_daemon
tr '\0' '\n' <"/proc/$daemon_pid/cmdline" >"$dir/out"
out_has "^$stkgate\$"
out_has '^daemon$'
[ "$(readlink "/proc/$daemon_pid/exe")" = "$(readlink -f "$stkgate-daemon")" ] || fail "that is not stkgate-daemon"
expect 0 "$stkgate" admin status

# ---- where they are found: beside it, or where they are installed
mkdir -p "$dir/usr/bin" "$dir/usr/libexec/stkgate" "$dir/else"
cp "$stkgate" "$dir/usr/bin"
ln -s "$dir/usr/bin/stkgate" "$dir/else/stkgate"
for command in daemon admin; do
    expect 69 "$dir/else/stkgate" $command --help
    err_has "^stkgate: $dir/usr/bin/../libexec/stkgate/stkgate-$command: No such file or directory: install stkgate again\$"
    out_is ''
    # Not what the caller calls it: a file beside the name it was called by.
    printf '#!/bin/sh\necho a trap\n' >"$dir/else/stkgate-$command"
    chmod +x "$dir/else/stkgate-$command"
    expect 69 "$dir/else/stkgate" $command --help
    out_is ''
    cp "$stkgate-$command" "$dir/usr/libexec/stkgate"
    expect 0 "$dir/else/stkgate" $command --help
    out_has "^Usage: stkgate $command "
    chmod -x "$dir/usr/libexec/stkgate/stkgate-$command"
    expect 69 "$dir/else/stkgate" $command --help
    err_has 'Permission denied'
done
# To decide it needs neither.
mint --site kasa --name one
printf '%s\n' "$token" >"$dir/token"
expect 0 "$dir/usr/bin/stkgate" check --site kasa <"$dir/token"

# ---- called by themselves
for command in daemon admin; do
    expect 64 "$stkgate-$command"
    err_has "^stkgate-$command: is run by 'stkgate $command': use that\$"
    expect 64 "$stkgate-$command" --help
done
if [ -w /dev/full ]; then
    "$stkgate" admin list >/dev/full 2>/dev/null && fail "a full disk looks like success"
fi
exit 0
