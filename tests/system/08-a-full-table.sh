#!/bin/bash
# A table that is full refuses mints with a clear answer, loses nothing, and still revokes.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"

echo 'map_size = 1M' >"$dir/config/stkgate.conf"
start_daemon
mint --site kasa --name first

# One curl on one connection, and tokens of two KiB: each is a commit, and waits for the disk.
for ((i = 0; i < 400; i++)); do
    printf 'url = "http://stkgate/v1/tokens"\nunix-socket = "%s"\ndata = "@%s"\n' "$dir/run/admin.sock" "$dir/body"
    printf 'silent\noutput = "/dev/null"\nwrite-out = "%%{http_code}\\n"\nnext\n'
done >"$dir/calls"
label=$(printf 'a%.0s' {1..60})
for i in {1..16}; do origins+="\"https://$label.$label.shop$i.example\", "; done
printf '{"site_id": "many", "name": "one of many", "allowed_origins": [%s]}' "${origins%, }" >"$dir/body"
curl -K "$dir/calls" >"$dir/codes" 2>"$dir/err" </dev/null
minted=$(grep -c '^201$' "$dir/codes")
[ "$minted" -gt 100 ] || fail "only $minted were minted"
[ "$(grep -vcE '^(201|507)$' "$dir/codes")" = 0 ] || fail "other answers: $(sort "$dir/codes" | uniq -c)"
grep -q '^507$' "$dir/codes" || fail "400 such tokens found room in 1 MiB"

expect 1 "$stkgate" admin mint --site kasa --name "one more"
said 'full'
expect 0 check --site kasa
expect 0 "$stkgate" admin revoke "$key_id" --yes
expect 1 check --site kasa
said revoked_token
stop_daemon
start_daemon
expect 0 "$stkgate" admin list --site many --json
[ "$(grep -o '"key_id": *"key_' "$dir/out" | wc -l)" = "$minted" ] || fail "$minted were acknowledged, others are there"
expect 1 check --site kasa
exit 0
