#!/bin/bash
# Who has a copy of the state directory has no token: neither their text, nor what passes for one.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"

start_daemon
legacy=legacy-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
printf '%s\n' "$legacy" | "$stkgate" admin legacy add --site kasa >/dev/null 2>&1 || fail "legacy add"
mint --site kasa --name rotated
tokens=$legacy$'\n'$token
token=$("$stkgate" admin rotate "$key_id" --grace 15m 2>/dev/null) || fail "rotate"
tokens+=$'\n'$token
for i in 1 2 3 4 5; do
    mint --site kasa --name "one of many $i"
    tokens+=$'\n'$token
done
expect 0 check --site kasa
stop_daemon
cp -r "$dir/state" "$dir/backup"
# All that it holds, without bytes of zero, of which most of it is: nothing to look for has one.
find "$dir/backup" -type f -exec cat {} + | tr -d '\000' >"$dir/bytes"
digest=$(printf '%s' "$token" | sha256sum | cut -d ' ' -f 1)

has_no_text_of_a_token() {
    grep -qaF "$key_id" "$dir/bytes" || fail "this is no backup of the table"
    # Thirteen characters of each stand in lists, so that people can tell them apart.
    while read -r text; do
        for at in 0 10 20; do
            ! grep -qaF "${text:at:16}" "$dir/bytes" || fail "the backup has a part of a token"
        done
    done <<<"$tokens"
}

has_digests_that_are_no_tokens() {
    od -An -v -tx1 "$dir/bytes" | tr -d ' \n' |
        grep -qF "$(sed 's/../& /g; s/00 //g; s/ //g' <<<"$digest")" ||
        fail "the backup has no digest"
    start_daemon
    for guess in "$digest" "stk_live_${digest:0:36}" "$(printf '%b' "$(sed 's/../\\x&/g' <<<"$digest")" | base64)"; do
        expect 1 "$stkgate" check --site kasa <<<"$guess"
        said malformed_token
        printf 'X-API-Key: %s\nX-Site-ID: kasa\n' "$guess" >"$dir/fields"
        expect 0 curl -sS -o /dev/null -w '%{http_code}\n' -H "@$dir/fields" \
            --unix-socket "$dir/run/http.sock" http://gate/v1/check
        out_is 401
    done
    stop_daemon
}

# What was revoked after it was made is not revoked in it: restoring one is the operator's risk.
brings_back_what_was_revoked_since() {
    start_daemon
    "$stkgate" admin revoke "$key_id" --yes >/dev/null 2>&1 || fail "revoke"
    expect 1 check --site kasa
    stop_daemon
    rm -r "$dir/state"
    mv "$dir/backup" "$dir/state"
    start_daemon
    expect 0 check --site kasa
    stop_daemon
}

has_no_text_of_a_token
has_digests_that_are_no_tokens
brings_back_what_was_revoked_since
exit 0
