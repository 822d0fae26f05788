#!/bin/bash
# A revocation is in force in every process when it is acknowledged: 32 processes check tokens by the
# view while these are revoked one after the other. STKGATE_REVOCATIONS says how many, if not 120.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
count=${STKGATE_REVOCATIONS:-120}
start_daemon
for ((i = 0; i < count; i++)); do
    mint --site kasa --name "token $i" --limit 1000000 --window 1s
    echo "$key_id $token"
done >"$dir/tokens"
cat >"$dir/revoke" <<'END'
while read -r key_id; do
    "$1" admin revoke --yes "$key_id" >"$2" 2>&1 || { cat "$2" >&2; exit 1; }
    echo "$key_id"
done
END
"$STKGATE_BUILDDIR/tests/crowd/revoked" 32 "sh $dir/revoke $stkgate $dir/out" <"$dir/tokens" ||
    fail "a check passed after its token was revoked, or failed"
stop_daemon
exit 0
