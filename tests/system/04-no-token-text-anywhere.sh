#!/bin/bash
# Token text and legacy values stand in no log, no file of the state and no list, whatever callers do
# with them: also when they put them where they don't belong.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"

http() { # PATH, request fields on standard input
    curl -s -o /dev/null -H @- --unix-socket "$dir/run/$1" "http://stkgate$2" -X "${3:-GET}" \
        --data-binary "${4:-}" --max-time 10
}

start_daemon --debug
legacy=legacy-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
printf '%s\n' "$legacy" | "$stkgate" admin legacy add --site kasa >>"$dir/outputs" 2>&1 ||
    fail "legacy add: $(cat "$dir/outputs")"
tokens=$legacy
for name in one two three; do
    mint --site kasa --name "$name" --limit 3
    tokens+=$'\n'$token
    for args in '--site kasa' '--site kasa --json' '--site other' '--site kasa --headers' \
        '--site kasa --scope customer:auth' '--site kasa' '--site kasa'; do
        # shellcheck disable=SC2086
        check $args >>"$dir/outputs" 2>&1
    done
    # Where it doesn't belong: as a site, an origin, a service, a path, an argument, a broken value.
    check --site "$token" --origin "$token" --service "$token" >>"$dir/outputs" 2>&1
    for field in X-Site-ID Origin Authorization X-API-Key Cookie X-Anything; do
        printf '%s: %s\n' "$field" "$token" | http http.sock /v1/check
    done
    printf 'X-Stella-Token: %s, %s\n' "$token" "$token" | http http.sock /v1/check
    printf 'X-Stella-Token: %sx\n' "$token" | http http.sock "/v1/check/$token?scope=$token&cost=$token"
    printf 'X-API-Key: %s\nX-Site-ID: kasa\n' "$legacy" | http http.sock /v1/check
    http admin.sock "/v1/tokens/$token" </dev/null
    http admin.sock /v1/tokens POST "{\"site_id\": \"$token\", \"name\": \"x\"}" </dev/null
    http admin.sock /v1/tokens POST "{\"site_id\": \"kasa\", \"$token\": 1" </dev/null
    http admin.sock /v1/legacy POST "{\"site_id\": \"kasa\", \"api_key\": \"$legacy\"}" </dev/null
    expect 1 "$stkgate" admin revoke "$key_id" --yes --reason "was $token"
    said 'write its key_id'
    token=$("$stkgate" admin rotate "$key_id" 2>>"$dir/outputs") || fail "rotate"
    tokens+=$'\n'$token
    check --site kasa >>"$dir/outputs" 2>&1
done
"$stkgate" admin list --json >>"$dir/outputs" 2>&1
"$stkgate" admin list >>"$dir/outputs" 2>&1
"$stkgate" admin show "$key_id" >>"$dir/outputs" 2>&1
"$stkgate" admin revoke "$key_id" --yes >>"$dir/outputs" 2>&1
check --site kasa >>"$dir/outputs" 2>&1
stop_daemon

[ "$(wc -l <<<"$tokens")" = 7 ] || fail "this test made no tokens"
grep -q 'refused reason=' "$dir/log" || fail "the log has no refusals: is this the log?"
grep -q key_ "$dir/outputs" || fail "no outputs were gathered"
found=$(grep -raFl -f <(printf '%s\n' "$tokens") "$dir/log" "$dir/state" "$dir/run" "$dir/outputs")
[ -z "$found" ] || fail "secrets in: $found"
# Nor its first half: a mask must leave four characters at most.
found=$(grep -raFl -f <(printf '%s\n' "$tokens" | cut -c 1-24) "$dir/log" "$dir/state" "$dir/outputs")
[ -z "$found" ] || fail "parts of secrets in: $found"
exit 0
