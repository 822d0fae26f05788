#!/bin/bash
# `stkgate admin` with a real daemon: edit, suspend, resume, the ends of a grace, legacy remove: what
# they say, and what the next check then says.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?is set by make check}/tests/rig.sh"
start_daemon

admin() { status=$1; shift; expect "$status" "$stkgate" admin "$@"; }
# 'ok', or the reason of the refusal, for a token and the options of check.
verdict() {
    printf '%s\n' "$1" >"$dir/token"
    shift
    "$stkgate" check --site kasa "$@" <"$dir/token" | cut -d ' ' -f 2
}
is() { got=$1; shift; [ "$got" = "$(verdict "$@")" ] || fail "not $got: $(verdict "$@")"; }

# What each change says at its end: nobody maps the view here.
reach='in force for whoever asks the daemon; no process is attached'

# ---- edit
mint --site kasa --name one
is ok "$token" --scope cart:write
admin 0 edit "$key_id" --scope catalog:read --name 'two words'
out_is "edited $key_id of site kasa
        Name: one -> two words
      Scopes: catalog:read cart:write checkout:create customer:auth -> catalog:read"
is insufficient_scope "$token" --scope cart:write
is ok "$token" --scope catalog:read
admin 0 edit "$key_id" --origin https://kasa.example
is origin_denied "$token" --origin https://evil.example
is origin_denied "$token"
admin 0 edit "$key_id" --missing-origin allow
is ok "$token"
admin 0 edit "$key_id" --no-origins
out_has '^     Origins: https://kasa.example -> any$'
is ok "$token" --origin https://evil.example
admin 0 edit "$key_id" --limit 2 --window 1h
out_has '^       Limit: 60/1m -> 2/1h$'
verdict "$token" >/dev/null
verdict "$token" >/dev/null
is rate_limited "$token"
admin 0 edit "$key_id" --strict
out_has '^      Strict: no -> yes$'
admin 0 edit "$key_id" --strict=no --expires 1h
out_has '^     Expires: never -> 20'
admin 0 edit "$key_id" --expires never
out_has '^     Expires: 20.* -> never$'
admin 0 edit "$key_id" --expires never
out_has '^It was like that already'
admin 1 edit "$key_id" --sunset 2099-01-01
err_has '^stkgate admin edit: '
admin 1 edit "$key_id" --scope no:such
admin 1 edit key_0000000000000000 --name x
admin 64 edit "$key_id"

# ---- suspend, resume
mint --site kasa --name two
admin 1 resume "$key_id"
admin 0 suspend "$key_id" --reason 'bill not paid'
out_is "suspended $key_id of site kasa: $reach"
is suspended_token "$token"
admin 0 show "$key_id"
out_has '^ +State: suspended$'
[ "$(grep -c "^ *Reason: " "$dir/out")" = 1 ] || fail "not one reason, but more or less"
out_has '^ +Reason: bill not paid$'
admin 1 suspend "$key_id"
err_has 'suspended already'
admin 0 resume "$key_id"
out_is "resumed $key_id of site kasa: $reach"
is ok "$token"

# ---- the ends of a grace
old=$token
rotate() { new=$("$stkgate" admin rotate "$key_id" --grace 1h 2>"$dir/err") || fail rotate; }
admin 1 rotate "$key_id" --cancel --yes
err_has 'no grace is running'
rotate
admin 0 rotate "$key_id" --shorten 30m
out_has "^shortened the grace of $key_id of site kasa: it works until 20"
admin 1 rotate "$key_id" --shorten 2h
is ok "$old"
is ok "$new"
admin 64 rotate "$key_id" --cancel
admin 0 rotate "$key_id" --cancel --yes
out_is "cancelled the rotation of $key_id of site kasa: $reach"
is ok "$old"
is revoked_token "$new"
rotate
admin 64 rotate "$key_id" --finish
is ok "$old"
admin 0 rotate "$key_id" --finish --yes
out_is "revoked $key_id of site kasa: $reach"
is revoked_token "$old"
is ok "$new"

# ---- legacy remove
echo old-key-12345 >"$dir/key"
legacy=$("$stkgate" admin legacy add --site kasa <"$dir/key" 2>/dev/null) || fail 'legacy add'
is ok old-key-12345 --legacy
admin 64 legacy remove "$legacy"
is ok old-key-12345 --legacy
admin 1 legacy remove "$key_id" --yes
admin 0 legacy remove "$legacy" --yes
out_is "removed $legacy of site kasa: $reach"
is unknown_token old-key-12345 --legacy
admin 1 legacy remove "$legacy" --yes
expect 0 "$stkgate" admin legacy add --site kasa <"$dir/key"
is ok old-key-12345 --legacy

# ---- asked at a terminal
if command -v script >/dev/null; then
    mint --site kasa --name asked
    # at_terminal ANSWER VERB...: its status; what was shown is in $dir/out.
    at_terminal() {
        answer=$1
        shift
        words="$* at a terminal"
        printf '%s\n' "$answer" | TERM=dumb script -qec "'$stkgate' admin $*" /dev/null >"$dir/out"
    }
    at_terminal n revoke "$key_id" && fail "a no is no failure"
    out_has "Revoke $key_id \(asked of kasa\)\? \[y/N\] "
    out_has 'not confirmed: nothing was changed'
    is ok "$token"
    at_terminal y revoke "$key_id" || fail "a yes is refused"
    out_has "revoked $key_id of site kasa"
    is revoked_token "$token"
fi
stop_daemon
for secret in "$token" "$old" "$new" old-key-12345; do
    grep -rqaF -- "$secret" "$dir/log" "$dir/state" && fail "a secret is in the log or the state"
done
exit 0
