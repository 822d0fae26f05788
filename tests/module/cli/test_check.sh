# `stkgate check` with a real daemon: each way to give a token, each verdict, each mistake.
. "${STKGATE_SRCDIR:?is set by make check}/tests/rig.sh"
start_daemon

mint() { "$stkgate" admin mint --site kasa --name test "$@" 2>"$dir/minted" || fail "mint $*"; }
# check STATUS TOKEN [OPTION]...
check() {
    status=$1
    printf '%s\n' "$2" >"$dir/token"
    shift 2
    expect "$status" "$stkgate" check "$@" <"$dir/token"
}
# A token whose last character is another one.
mistyped() { case $1 in *0) echo "${1%?}1" ;; *) echo "${1%?}0" ;; esac; }

token=$(mint)
key_id=$(sed -n 's/^key_id: //p' "$dir/minted")
case $token in stk_live_*) ;; *) fail "no token: $token" ;; esac

# ---- ways to give it
check 0 "$token" --site kasa
out_is "200 ok kind=live key_id=$key_id site=kasa remaining=59/60 reset=1s"
expect 0 "$stkgate" check --site kasa --token-fd 5 5<"$dir/token"
OUR_TOKEN=$token expect 0 "$stkgate" check --site=kasa --token-env=OUR_TOKEN
{ printf '%s\n' "$token"; mistyped "$token"; } >"$dir/two"
exec 6<"$dir/two" # one line each
expect 0 "$stkgate" check --site kasa --token-fd 6
expect 1 "$stkgate" check --site kasa --token-fd 6
out_is '401 malformed_token'
exec 6<&-
printf '%s' "$token" | "$stkgate" check --site kasa >/dev/null || fail "no newline at the end"
printf '%s\r\n' "$token" | "$stkgate" check --site kasa >/dev/null || fail "CR and newline"

# ---- verdicts
check 0 "$token" --site kasa --scope cart:write --scope 'catalog:read,checkout:create'
check 1 '' --site kasa
out_is '401 missing_token'
check 1 "$(mistyped "$token")" --site kasa
out_is '401 malformed_token'
check 1 stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17 --site kasa
out_is '401 unknown_token'
check 1 "$token" --site other
out_has '^401 site_mismatch kind=live key_id=key_'
check 1 "$token"
out_has '^401 site_mismatch '
check 1 "$token" --site kasa --cost 61
out_has '^403 cost_exceeds_burst '
narrow=$(mint --scope catalog:read --origin https://kasa.example)
check 0 "$narrow" --site kasa --origin https://kasa.example --scope catalog:read
check 1 "$narrow" --site kasa --origin https://kasa.example.evil
out_has '^403 origin_denied '
check 1 "$narrow" --site kasa
out_has '^403 origin_denied '
check 1 "$narrow" --site kasa --origin https://kasa.example --scope cart:write
out_has '^403 insufficient_scope '
ended=$(mint)
expect 0 "$stkgate" admin revoke --yes "$(sed -n 's/^key_id: //p' "$dir/minted")"
check 1 "$ended" --site kasa
out_has '^401 revoked_token '

# ---- the budget
few=$(mint --limit 2 --window 1h)
check 0 "$few" --site kasa --peek
out_has 'remaining=1/2 '
check 0 "$few" --site kasa --peek
out_has 'remaining=1/2 '
check 0 "$few" --site kasa --cost 2
check 2 "$few" --site kasa
out_has '^429 rate_limited .* remaining=0/2 .*retry_after=[0-9]+s$'
check 2 "$few" --site kasa --headers
out_has '^RateLimit-Limit: 2$'
out_has '^RateLimit-Remaining: 0$'
out_has '^Retry-After: [0-9]+$'
check 2 "$few" --site kasa --json --headers
out_has '^\{"status":429,"reason":"rate_limited".*"headers":\{.*"Retry-After":"[0-9]+".*\}\}$'

# ---- JSON and header fields
check 0 "$token" --site kasa --json
out_has "^\{\"status\":200,\"reason\":\"ok\",\"kind\":\"live\",\"key_id\":\"$key_id\",\"site_id\":\"kasa\",\"limit\":60,\"window_seconds\":60,\"burst\":60,\"remaining\":[0-9]+,.*\"link\":null\}$"
check 1 "$token" --site other --headers
out_has '^WWW-Authenticate: Bearer '
out_lacks "$token"

# ---- legacy keys
echo old-key-12345 | "$stkgate" admin legacy add --site kasa --deprecation 2026-01-01 \
    --sunset 90d --link https://example.com/keys >/dev/null 2>&1 || fail "legacy add"
check 0 old-key-12345 --site kasa --legacy --headers
out_has '^200 ok kind=legacy '
out_has '^Deprecation: @1767225600$'
out_has '^Sunset: .* GMT$'
out_has '^Link: <https://example.com/keys>; rel="deprecation"'
check 1 old-key-12345 --site kasa
out_is '401 malformed_token'

# ---- mistakes: nothing of them is repeated
for arguments in "$token" "--site kasa $token" "--token=$token" "--token-fd $token" \
    "--token-env $token" "--$token" "-$token" "--json=$token" "--cost $token" "-- $token" \
    "--service $token" "--deadline $token"; do
    # shellcheck disable=SC2086
    expect 64 "$stkgate" check $arguments </dev/null
    err_has '^Usage: stkgate check '
    err_lacks "$token"
    out_is ''
done
expect 64 "$stkgate" check "$token" </dev/null
err_has 'must not be given there.*--token-fd or --token-env'
for arguments in '--cost 0' '--cost -1' '--cost 9223372036854775808' '--cost 1x' '--peek --cost 2' \
    '--token-fd 77' '--token-fd 0 --token-env HOME' '--token-env STKGATE_NOT_SET' '--token-fd' \
    '--scope Cart!' '--scope no:such' '--service a/b' '--deadline 5' '--deadline 0s' \
    '--deadline 61s' '--frobnicate' '--token-fd 3'; do
    # shellcheck disable=SC2086
    expect 64 "$stkgate" check --site kasa $arguments </dev/null 3</
    err_has '^stkgate check: .'
done
head -c 5000 /dev/zero | tr '\0' x >"$dir/long"
expect 64 "$stkgate" check --site kasa <"$dir/long"
err_has 'too long: at most 4095 bytes'
printf 'a\0b\n' >"$dir/nul"
expect 1 "$stkgate" check --site kasa <"$dir/nul"
out_is '401 malformed_token'
expect 0 "$stkgate" check --help
out_has '^Usage: stkgate check '

# ---- the program
expect 0 "$stkgate" --help
out_has '^Usage: stkgate COMMAND '
expect 0 "$stkgate" --version
out_has '^stkgate [0-9]+\.[0-9]+\.[0-9]+$'
expect 64 "$stkgate"
err_has 'a command is missing'
expect 64 "$stkgate" frobnicate
err_has "unknown command or option 'frobnicate'.*stkgate --help"
expect 64 "$stkgate" "$token"
err_lacks "$token"
if [ -w /dev/full ]; then
    "$stkgate" --help >/dev/full 2>/dev/null && fail "a full disk looks like success"
fi

# ---- nobody there
stop_daemon
check 69 "$token" --site kasa
err_has "no daemon at $dir/run/check.sock .*systemctl start stkgate.socket.*--runtime"
out_is ''
check 69 "$token" --site kasa --scope cart:write
check 69 "$token" --site kasa --runtime "$dir/nowhere"
err_has "$dir/nowhere/check.sock"
check 64 "$token" --site kasa --runtime "$(head -c 200 "$dir/long")"
grep -q "$token" "$dir/log" && fail "a token is in the log"
exit 0
