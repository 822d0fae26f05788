#!/bin/bash
# kill -9 in a stream of mints and revocations: systemd brings the daemon back each time, and all that
# was acknowledged is there.
# shellcheck source=tests/system/booted.sh
. "${STKGATE_SRCDIR:?}/tests/system/booted.sh"

: >"$dir/minted"
: >"$dir/revoked"
mint --site kasa --name first
# A command that the daemon's end cuts short has acknowledged nothing: the next one goes on.
(
    while [ ! -e "$dir/end" ]; do
        id=$("$stkgate" admin mint --site many --name one 2>&1 >/dev/null |
            grep -oE 'key_[0-9A-Za-z]{16}' | head -n 1)
        [ -n "$id" ] || continue
        echo "$id" >>"$dir/minted"
        "$stkgate" admin revoke "$id" --reason test --yes >/dev/null 2>&1 && echo "$id" >>"$dir/revoked"
    done
) &
stream=$!

kills=6
has_come_far() { [ "$(wc -l <"$dir/revoked")" -ge $((seen + 4)) ]; }
is_back() { [ "$(property NRestarts)" -ge "$1" ] && systemctl is-active stkgate.service; }
for ((i = 1; i <= kills; i++)); do
    seen=$(wc -l <"$dir/revoked")
    until_works has_come_far
    expect 0 systemctl kill --signal=KILL stkgate.service
    until_works is_back $i
done
: >"$dir/end"
wait "$stream"

for state in revoked active; do
    "$stkgate" admin list --site many --state $state --json >>"$dir/list.$state" || fail "list"
done
while read -r id; do
    grep -q "$id" "$dir/list.revoked" || fail "the revocation of $id was acknowledged and is lost"
done <"$dir/revoked"
while read -r id; do
    grep -q "$id" "$dir"/list.* || fail "the mint of $id was acknowledged and is lost"
done <"$dir/minted"
expect 0 check --site kasa --deadline 20s
echo "$kills kills: $(wc -l <"$dir/minted") minted, $(wc -l <"$dir/revoked") revoked, none lost"
exit 0
