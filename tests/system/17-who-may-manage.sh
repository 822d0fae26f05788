#!/bin/bash
# admin.sock is for root and the members of stkgate-admin: by the file's mode, and by the daemon, too.
# shellcheck source=tests/system/booted.sh
. "${STKGATE_SRCDIR:?}/tests/system/booted.sh"

useradd --no-create-home stranger && useradd --no-create-home --groups stkgate-admin manager ||
    fail "useradd"
as() { # user, command...
    local user=$1
    shift
    setpriv --reuid "$user" --regid "$user" --init-groups "$@"
}
sock=(curl -sS -o "$dir/body" -w '%{http_code}\n' --unix-socket /run/stkgate/admin.sock http://gate/v1/status)
: >"$dir/body"
chmod 666 "$dir/body"

mint --site kasa --name one
expect 0 "$stkgate" admin status
expect 0 as manager "$stkgate" admin list
out_has "$key_id"
expect 0 as manager "$stkgate" admin mint --site kasa --name two
entries STKGATE_VERB=mint STKGATE_ADMIN_UID="$(id -u manager)" >"$dir/out"
[ "$(wc -l <"$dir/out")" = 1 ] || fail "the journal does not say who minted"

# A stranger: the kernel refuses, since the file's mode does.
expect 7 as stranger "${sock[@]}"
expect 69 as stranger "$stkgate" admin list
said stkgate-admin
# Were the mode wrong, the daemon would.
chmod 666 /run/stkgate/admin.sock
expect 0 as stranger "${sock[@]}"
out_is 403
expect 1 as stranger "$stkgate" admin revoke "$key_id" --yes
expect 0 as manager "${sock[@]}"
out_is 200

# Checks are for everybody.
printf '%s\n' "$token" >"$dir/token"
chmod 644 "$dir/token"
expect 0 as stranger sh -c "$stkgate check --site kasa <$dir/token"
# And the table is for nobody else.
expect 2 as stranger ls /var/lib/stkgate
expect 2 as manager ls /var/lib/stkgate
exit 0
