#!/bin/bash
# What happens is found by its fields and explained by the catalog; a token's text is nowhere.
# shellcheck source=tests/system/booted.sh
. "${STKGATE_SRCDIR:?}/tests/system/booted.sh"

minted=2659f6c54de24871a293322dc0497823
revoked=83c93fe8d7a843a79cafea532fd5ded0
refused=0473c8899ac84095a1cd12b549b79150
has_field() { out_has "\"$1\":\"$2\""; }

echo 'cost = 1' >/etc/stkgate/services.d/shop.conf
mint --site kasa --name one
first=$token
expect 0 check --site kasa
expect 1 check --service shop --site other
expect 0 "$stkgate" admin revoke "$key_id" --reason 'seen in a screenshot' --yes
expect 1 check --service shop --site kasa

entries MESSAGE_ID=$minted STKGATE_KEY_ID="$key_id" >"$dir/out"
[ "$(wc -l <"$dir/out")" = 1 ] || fail "one mint, one entry"
for field in STKGATE_VERB:mint STKGATE_SITE:kasa STKGATE_ADMIN_UID:0 PRIORITY:5 \
    SYSLOG_IDENTIFIER:stkgate _SYSTEMD_UNIT:stkgate.service; do
    has_field "${field%%:*}" "${field#*:}"
done
entries MESSAGE_ID=$revoked STKGATE_SITE=kasa >"$dir/out"
has_field STKGATE_KEY_ID "$key_id"
has_field STKGATE_REASON 'seen in a screenshot'
entries MESSAGE_ID=$refused STKGATE_KEY_ID="$key_id" STKGATE_SERVICE=shop >"$dir/out"
[ "$(wc -l <"$dir/out")" = 2 ] || fail "two refusals, two entries"
has_field STKGATE_REASON site_mismatch
has_field STKGATE_REASON revoked_token
has_field PRIORITY 6
entries MESSAGE_ID=$refused STKGATE_REASON=revoked_token >"$dir/out"
[ "$(wc -l <"$dir/out")" = 1 ] || fail "a reason finds other entries, too"

# -x puts the catalog's text behind each.
expect 0 journalctl --no-pager -q -x STKGATE_KEY_ID="$key_id" MESSAGE_ID=$revoked
out_has "Subject: Token $key_id of site kasa was revoked"
out_has 'It is refused for good'
expect 0 journalctl --no-pager --list-catalog
[ "$(grep -c ' stkgate: ' "$dir/out")" -ge 20 ] || fail "the catalog's entries are not listed"

# Whatever was done with a token, and wherever it was put by mistake: nothing of it is there.
echo "$first" | "$stkgate" admin revoke "$key_id" --reason "leaked as $first" --yes >/dev/null 2>&1
printf 'X-Stella-Token: %s\nX-Site-ID: other\n' "$first" >"$dir/fields"
curl -sS -o "$dir/out" -H "@$dir/fields" --unix-socket /run/stkgate/http.sock \
    "http://gate/v1/check/shop?scope=$first" || fail "curl"
expect 0 systemctl restart stkgate.service
expect 1 check --site kasa --deadline 20s
entries --all >"$dir/journal"
journalctl --no-pager -q --all -o export >>"$dir/journal"
[ "$(wc -l <"$dir/journal")" -gt 50 ] || fail "this is not the whole journal"
grep -q "$key_id" "$dir/journal" || fail "the key_id should be there"
for at in 9 20 31; do
    ! grep -qF "${first:at:14}" "$dir/journal" || fail "the journal has a part of a token's text"
done
exit 0
