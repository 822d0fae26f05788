#!/bin/bash
# pamtester, and the service files of docs/servers/pam.md as they stand there, with the module in
# libpam's own directory: in a mount namespace, where these can be put.
set -u

skip() {
    echo "SKIP: $*"
    exit 77
}

if [ -z "${STKGATE_OWN_MOUNTS:-}" ]; then
    command -v pamtester >/dev/null || skip "no pamtester here"
    [ -f "${STKGATE_BUILDDIR:?}/module/pam/.libs/pam_stkgate.so" ] || skip "built without PAM"
    spaces=(--mount --propagation private)
    [ "$(id -u)" = 0 ] || spaces+=(--map-root-user)
    unshare "${spaces[@]}" sh -c 'mount -t tmpfs none /mnt && mkdir /mnt/u /mnt/w && mount -t overlay none \
        -o lowerdir=/etc/pam.d,upperdir=/mnt/u,workdir=/mnt/w /etc/pam.d' >/dev/null 2>&1 ||
        skip "a service file of one's own takes a mount namespace and overlayfs, which this machine denies"
    STKGATE_OWN_MOUNTS=1 exec unshare "${spaces[@]}" "$BASH" "$0"
fi

# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
built=$STKGATE_BUILDDIR/module/pam/.libs/pam_stkgate.so

# over DIR: its files, and those that this test puts there, which are in memory.
over() {
    layer=$((${layer:-0} + 1))
    mkdir -p "/mnt/$layer/files" "/mnt/$layer/work" &&
        mount -t overlay none -o "lowerdir=$1,upperdir=/mnt/$layer/files,workdir=/mnt/$layer/work" "$1" ||
        fail "an overlay for $1"
}
# A module that was built for a sanitizer needs its runtime, which pamtester has not; and what libpam
# and pamtester leave behind is not ours to count.
runtime() {
    local library=libtsan.so.2
    ! is_sanitized address || library=$(clang -print-file-name=libclang_rt.asan-x86_64.so)
    ! is_sanitized || printf 'LD_PRELOAD=%s\nASAN_OPTIONS=detect_leaks=0\n' "$library"
}
mapfile -t sanitizer < <(runtime)
pamtester() {
    env "${sanitizer[@]}" LD_LIBRARY_PATH="$STKGATE_BUILDDIR/module/client/.libs" \
        timeout 30 pamtester "$@"
}
# login SERVICE USER OPERATION...: of $token, which pamtester reads as from a terminal.
login() { printf '%s\n' "$token" | pamtester "$@"; }

mount -t tmpfs none /mnt || fail "a file system in memory"
permit=$(find /lib/*/security /usr/lib/*/security /lib/security /usr/lib/security -name pam_permit.so \
    2>/dev/null | head -n 1)
[ -n "$permit" ] || fail "where are libpam's modules?"
over "$(dirname "$permit")"
over /etc/pam.d
cp "$built" "$(dirname "$permit")/"
for name in storefront storefront-legacy storefront-mixed; do
    block pam.md "/etc/pam.d/$name" >"/etc/pam.d/$name"
    grep -q pam_stkgate.so "/etc/pam.d/$name" || fail "the manual has no $name"
done
cmp "$STKGATE_SRCDIR/examples/pam/storefront" /etc/pam.d/storefront || fail "the example is another one"
# What the programs see that a server starts.
cat /etc/pam.d/storefront - >/etc/pam.d/shown <<END
session optional pam_exec.so log=$dir/environment /usr/bin/env
END
sed 's/service=storefront/service=closed/' /etc/pam.d/storefront >/etc/pam.d/closed
echo 'callers = daemon' >"$dir/config/services.d/closed.conf"

start_daemon
# The socket is where it always is.
mount -t tmpfs none /run && mkdir /run/stkgate && mount --bind "$dir/run" /run/stkgate || fail "/run"

mint --site kasa --name pam --scope catalog:read --limit 8 --window 24h
expect 0 login storefront kasa authenticate acct_mgmt open_session close_session # 7 are left
said 'successfully authenticated'
try() (
    TOKEN=$token
    . "$dir/try"
)
block pam.md try >"$dir/try"
grep -q pamtester "$dir/try" || fail "the manual does not try it"
expect 0 try
first=$token

expect 1 login storefront other authenticate
said 'Authentication failure'
expect 1 login storefront-mixed kasa authenticate acct_mgmt # 5 are left; cart:write is missing
said 'Permission denied'
expect 1 login storefront kasa acct_mgmt
expect 1 login storefront kasa open_session
expect 1 login storefront kasa chauthtok

# ---- one bucket for all ways to ask
expect 0 check --site kasa
expect 0 curl -sf -o /dev/null --unix-socket "$dir/run/http.sock" -H @- http://gate/v1/check \
    <<<"$(printf 'X-Stella-Token: %s\nX-Site-ID: kasa' "$token")"
expect 0 login shown kasa authenticate acct_mgmt 'setcred(PAM_ESTABLISH_CRED)' open_session
for variable in "STKGATE_KEY_ID=$key_id" STKGATE_SITE=kasa STKGATE_SCOPES=catalog:read \
    STKGATE_KIND=live STKGATE_REMAINING=2; do
    grep -qx "$variable" "$dir/environment" || fail "no $variable: $(cat "$dir/environment")"
done
! grep -qF "$token" "$dir/environment" || fail "the token in the environment"
expect 0 login storefront kasa authenticate acct_mgmt
expect 0 check --site kasa
expect 2 check --site kasa
expect 1 login storefront kasa authenticate
said 'maximum number of retries|Have exhausted'

# ---- a legacy key, by the second line
key=legacy-$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
printf '%s\n' "$key" | "$stkgate" admin legacy add --site kasa >/dev/null 2>"$dir/err" || fail "legacy add"
mint --site kasa --name more
second=$token
expect 0 login storefront-legacy kasa authenticate acct_mgmt
expect 0 login storefront-mixed kasa authenticate acct_mgmt
token=$key expect 0 login storefront-legacy kasa authenticate acct_mgmt
token=$key expect 1 login storefront-legacy other authenticate acct_mgmt
token=$key expect 1 login storefront kasa authenticate

# ---- who may ask; revoked; without a daemon
expect 1 login closed kasa authenticate
said 'cannot retrieve authentication info'
expect 0 login storefront kasa authenticate acct_mgmt
expect 0 "$stkgate" admin revoke --yes "$key_id"
expect 1 login storefront kasa authenticate
mint --site kasa --name again
expect 0 login storefront kasa authenticate
stop_daemon KILL
expect 1 login storefront kasa authenticate
said 'cannot retrieve authentication info'

printf '%s\n' "$first" "$second" "$token" "$key" >/mnt/secrets
! grep -qFf /mnt/secrets "$dir/log" || fail "a secret in the daemon's log"
exit 0
