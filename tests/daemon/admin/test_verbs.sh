# `stkgate admin` with a real daemon: every verb, in words, in JSON and on a terminal.
. "${STKGATE_SRCDIR:?is set by make check}/tests/rig.sh"
start_daemon

admin() { status=$1; shift; expect "$status" "$stkgate" admin "$@"; }
# The member of the first object in the output.
member() { sed -n "s/^[^{]*{.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$dir/out" | head -n 1; }
# passes TOKEN [OPTION]...: 'yes' or the reason.
verdict() {
    printf '%s\n' "$1" >"$dir/token"
    shift
    "$stkgate" check --site kasa "$@" <"$dir/token" | cut -d ' ' -f 2
}

# ---- mint
TOKEN=$("$stkgate" admin mint --site kasa --name production 2>"$dir/err") || fail mint
[ ${#TOKEN} -eq 45 ] || fail "not one token: $TOKEN"
said=mint
err_has '^key_id: key_[0-9A-Za-z]{16}$'
err_has '^site_id: kasa$'
err_has '^name: production$'
err_lacks "$TOKEN"
first=$(sed -n 's/^key_id: //p' "$dir/err")
[ "$(verdict "$TOKEN" --scope customer:auth)" = ok ] || fail "a new token does not pass"
admin 0 mint --site kasa --name 'Kasa Ödeme' --scope 'catalog:read cart:write' \
    --origin HTTPS://Kasa.Example:443/ --origin https://b.example --missing-origin allow \
    --limit 600 --window 10s --burst 50 --expires 90d --test --strict --json
out_has '"secret":"stk_test_[0-9A-Za-z]{36}"'
out_has '"name":"Kasa Ödeme"'
out_has '"allowed_origins":\["https://kasa.example","https://b.example"\]'
out_has '"limit":\{"requests":600,"window":"10s","burst":50\}'
out_has '"missing_origin":"allow"'
out_has '"strict":true'
second=$(member key_id)

# ---- list, show
admin 0 list
out_has "^KEY ID +SITE +NAME +TOKEN +STATE +LIMIT +LAST USED$"
out_has "^$first  kasa  production  stk_live_....\.\.\.  active  60/1m +20..-..-..T..:..:..Z$"
out_has "^$second  kasa  Kasa Ödeme  stk_test_....\.\.\.  active  600/10s, burst 50  never$"
out_lacks "$TOKEN"
admin 0 list --quiet
[ "$(sort "$dir/out")" = "$(printf '%s\n' "$first" "$second" | sort)" ] || fail "not the two key ids"
admin 0 list --json
[ "$(grep -c '"key_id"' "$dir/out")" -eq 2 ] || fail "not two objects"
out_lacks '"secret":'
admin 0 list --state revoked
out_is ''
admin 0 show "$first"
out_has '^ +Key id: key_'
out_has '^ +Used: 1 allowed, 0 refused$'
out_lacks "$TOKEN"
admin 0 show "$second" --json
out_has "^\{\"key_id\":\"$second\",.*\"kind\":\"test\""

# ---- rotate
NEW=$("$stkgate" admin rotate "$first" --grace 15m 2>"$dir/err") || fail rotate
said=rotate
err_has "^$first works for another 15m$"
[ "$(verdict "$TOKEN")" = ok ] && [ "$(verdict "$NEW")" = ok ] || fail "grace"
new=$(sed -n 's/^key_id: //p' "$dir/err")
NEWER=$("$stkgate" admin rotate "$new" 2>"$dir/err") || fail rotate
[ "$(verdict "$NEW")" = revoked_token ] || fail "the old token lives on"
[ "$(verdict "$NEWER")" = ok ] || fail "the new token does not pass"
admin 1 rotate "$new"
err_has '^stkgate admin rotate: .'

# ---- revoke
newer=$(sed -n 's/^key_id: //p' "$dir/err")
[ -n "$newer" ] || newer=$("$stkgate" admin show "$new" | sed -n 's/^ *Replaced by: //p')
admin 64 revoke "$newer" --reason 'seen in a log'
err_has 'say --yes'
admin 0 revoke "$newer" --yes --reason 'seen in a log'
out_is "revoked $newer of site kasa: in force for whoever asks the daemon; no process is attached"
[ "$(verdict "$NEWER")" = revoked_token ] || fail "a revoked token passes"
admin 0 show "$newer"
out_has '^ +State: revoked$'
out_has '^ +Reason: seen in a log$'
admin 0 list --state revoked --json
out_has "\"key_id\":\"$newer\""

# ---- legacy
echo old-key-12345 >"$dir/key"
expect 0 "$stkgate" admin legacy add --site kasa --sunset 2099-01-01 --link https://example.com/ \
    --deprecation 2026-01-01 <"$dir/key"
out_has '^key_[0-9A-Za-z]{16}$'
err_has '^legacy key of site kasa works until 2099-01-01T00:00:00Z$'
err_lacks old-key
expect 1 "$stkgate" admin legacy add --site kasa <"$dir/key" # it is there already
expect 1 "$stkgate" admin legacy add --site kasa --sunset 2026-01-01 --deprecation 2027-01-01 \
    <"$dir/key"
admin 0 list
out_has ' legacy key  *active '
out_lacks old-key

# ---- scopes and status
admin 0 scope add orders:read
admin 0 scope list
out_has '^orders:read$'
admin 1 scope add orders:read
admin 1 scope add 'Not A Scope'
admin 0 scope list --json
out_has '^\["catalog:read",.*"orders:read"\]$'
admin 0 status
out_has '^ +Version: '
out_has '^ +Table: [0-9]+\.[0-9] % full: '
admin 0 status --json
out_has '^\{.*\}$'

# ---- refused by the daemon, with its reason
admin 1 mint --site 'no site' --name x
err_has '^stkgate admin mint: site_id: '
admin 1 mint --site kasa --name "$(head -c 10000 /dev/zero | tr '\0' n)"
err_has '^stkgate admin mint: name: '
admin 1 mint --site kasa --name x --scope no:such
err_has 'scope'
admin 1 mint --site kasa --name x --origin https://kasa.example/path
err_has 'origin'
admin 1 mint --site kasa --name x --limit 9223372036854775807
err_has 'limit'
admin 1 mint --site kasa --name x --expires 2020-01-01
admin 1 show key_0000000000000000
admin 1 list --state nonsense

# ---- refused here
admin 64 mint --site kasa --name x --limit 0
admin 64 mint --site kasa --name x --limit 9223372036854775808
admin 64 mint --site kasa
admin 64 show "$TOKEN"
err_lacks "$TOKEN"
admin 64

# ---- the secret can't be written
if [ -w /dev/full ]; then
    "$stkgate" admin mint --site kasa --name lost >/dev/full 2>"$dir/err"
    [ $? -eq 1 ] || fail "a lost token looks like success"
    said='mint to a full disk'
    err_has 'could not be written and is lost: revoke key_'
fi

# ---- on a terminal
if command -v script >/dev/null; then
    TERM=xterm script -qec "'$stkgate' admin list" /dev/null </dev/null >"$dir/out"
    said='list on a terminal'
    out_has "$(printf '\033\\[32mactive\033')"
    out_has ' s ago|now|min ago'
    NO_COLOR=1 TERM=xterm script -qec "'$stkgate' admin list" /dev/null </dev/null >"$dir/out"
    out_lacks "$(printf '\033')"
    TERM=dumb script -qec "'$stkgate' admin mint --site kasa --name shown" /dev/null </dev/null \
        >"$dir/out"
    said='mint on a terminal'
    out_has '^    stk_live_[0-9A-Za-z]{36}.?$'
    out_has "can't be shown again"
fi

# ---- nobody there
stop_daemon
admin 69 list
err_has "no daemon at $dir/run/admin.sock .*systemctl start stkgate.socket.*--runtime"
for secret in "$TOKEN" "$NEW" "$NEWER" old-key-12345; do
    grep -rqaF "$secret" "$dir/log" "$dir/state" && fail "a secret is in the log or the state"
done
exit 0
