#!/bin/bash
# The built module in the real libpam: a daemon and tokens for the programs beside this script.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?is set by make check}/tests/rig.sh"

tokens=$dir/tokens
mkdir "$dir/pam.d"
# libpam complains where there is no policy for services without one.
printf '%s required pam_deny.so\n' auth account session password >"$dir/pam.d/other"
(umask 077 && : >"$tokens")

# token NAME OPTION...: mints, and notes the text as NAME and the key id as NAME_id.
token() {
    local name=$1
    shift
    mint --site kasa --name "$name" "$@"
    printf '%s %s\n%s_id %s\n' "$name" "$token" "$name" "$key_id" >>"$tokens"
}
legacy() { # NAME OPTION...
    local name=$1 key
    shift
    key=key-$name-$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
    printf '%s\n' "$key" | "$stkgate" admin legacy add --site kasa "$@" >/dev/null 2>"$dir/err" ||
        fail "legacy add $name"
    printf '%s %s\n' "$name" "$key" >>"$tokens"
}

echo 'accept = test' >"$dir/config/services.d/trials.conf"
echo 'scope = cart:write' >"$dir/config/services.d/carts.conf"
echo 'require_site = no' >"$dir/config/services.d/anybodys.conf"
start_daemon
token good --limit 100000 --burst 60
printf 'mistyped %s\n' "${token%?}$([ "${token: -1}" = a ] && echo b || echo a)" >>"$tokens"
echo 'nobodys stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17' >>"$tokens"
token expired --expires 5s
token trial --test
token browser --origin https://kasa.example
token server --origin https://kasa.example --missing-origin allow
token narrow --scope catalog:read --limit 100000
token leaked
token three --limit 3 --window 1h
token ten --limit 10 --window 1h
token hundred --limit 100 --window 24h
token plenty --limit 1000000
token suspended
"$stkgate" admin suspend "$key_id" >/dev/null 2>&1 || fail "suspend"
token revoked
"$stkgate" admin revoke --yes "$key_id" >/dev/null 2>&1 || fail "revoke"
token spent --limit 1 --window 24h
check --site kasa >/dev/null 2>&1 || fail "check"
legacy legacy --limit 1000
legacy sunset --deprecation 2020-01-01 --sunset 2021-01-01
# By now it has expired, unless the machine is fast.
token=$(awk '$1 == "expired" {print $2}' "$tokens")
until_works sh -c "printf '%s\n' '$token' | '$stkgate' check --site kasa | grep -q expired_token"

export STKGATE_TEST_TOKENS=$tokens STKGATE_TEST_CONFDIR=$dir/pam.d STKGATE_TEST_DAEMON=$daemon_pid
export STKGATE_MEMORY=$dir/memory
head -c 8 /dev/zero >"$STKGATE_MEMORY"
for program in logins stacks hardship; do
    "$STKGATE_BUILDDIR/tests/module/pam/$program" >"$dir/out" 2>&1 || fail "$program"
done

# Whatever was asked, the daemon's log has none of it.
[ "$(wc -l <"$tokens")" -gt 20 ] || fail "this test made no tokens"
awk '$1 !~ /_id$/ {print $2}' "$tokens" >"$dir/secrets"
! grep -qFf "$dir/secrets" "$dir/log" || fail "a secret in the daemon's log"
rm -f "$dir/secrets"
stop_daemon
exit 0
