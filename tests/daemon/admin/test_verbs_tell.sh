#!/bin/bash
# `stkgate admin` with a real daemon: site list, legacy list and report, audit, status.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?is set by make check}/tests/rig.sh"
start_daemon

admin() { status=$1; shift; expect "$status" "$stkgate" admin "$@"; }
# legacy_key SITE VALUE OPTION...: sets $legacy.
legacy_key() {
    legacy=$(printf '%s\n' "$2" | "$stkgate" admin legacy add --site "$1" "${@:3}" 2>/dev/null) ||
        fail "legacy add of $1"
}
# calls SITE VALUE: one call with a legacy key.
calls() { printf '%s\n' "$2" | "$stkgate" check --legacy --site "$1" >/dev/null || fail "$1"; }

# ---- nothing yet
admin 0 site list --json
out_is '[]'
admin 0 legacy list
out_is ''
admin 0 legacy report --json
out_is '[]'
admin 0 audit --json
out_is '[]'

# ---- sites
mint --site kasa --name one
expect 0 check --site kasa
mint --site kasa --name two
expect 0 "$stkgate" admin revoke "$key_id" --yes --reason 'seen in a log'
mint --site ada --name three
suspended=$key_id
expect 0 "$stkgate" admin suspend "$suspended" --reason 'bill not paid'
legacy_key bob bobs-old-key --sunset 2099-06-30
bob=$legacy
admin 0 site list
out_has '^SITE +ACTIVE +SUSPENDED +REVOKED +EXPIRED +LEGACY +ALLOWED +LAST USED$'
out_has '^ada +0 +1 +0 +0 +0 +0  never$'
out_has '^bob +1 +0 +0 +0 +1 +0  never$'
out_has '^kasa +1 +0 +1 +0 +0 +1  20..-..-..T..:..:..Z$'
admin 0 site list --quiet
out_is "ada
bob
kasa"

# ---- legacy keys
legacy_key bob bobs-other-key
legacy_key cy cys-old-key --sunset 2099-01-01
legacy_key dee dees-old-key
expect 0 "$stkgate" admin revoke "$legacy" --yes
calls bob bobs-old-key
calls bob bobs-old-key
admin 0 legacy list --site bob
out_has '^KEY ID +SITE  NAME +STATE +SUNSET +ALLOWED  LAST USED$'
out_has "^$bob  bob   legacy key  active  2099-06-30T00:00:00Z +2  20..-..-..T..:..:..Z\$"
[ "$(wc -l <"$dir/out")" -eq 3 ] || fail "not two keys of bob"
admin 0 legacy list --state revoked --quiet
out_is "$legacy"
admin 1 legacy list --state nonsense
admin 0 legacy report
out_has '^SITE  ACTIVE  SUSPENDED  ALLOWED  REFUSED  LAST USED +SUNSET$'
out_has '^bob +2 +0 +2 +0  20..-..-..T..:..:..Z  2099-06-30T00:00:00Z$'
out_has '^cy +1 +0 +0 +0  never +2099-01-01T00:00:00Z$'
out_lacks dee
[ "$(sed -n 2p "$dir/out" | cut -d ' ' -f 1)" = bob ] || fail "who calls does not come first"

# ---- the trail
admin 0 audit
out_has '^WHEN +ACTION +KEY ID +SITE +WHO +DETAIL$'
who=$(id -un)
out_has "^20..-..-..T..:..:..Z  revoke +key_.* kasa +$who +seen in a log\$"
out_has "^20..-..-..T..:..:..Z  suspend +$suspended  ada +$who +bill not paid\$"
[ "$(sed -n 2p "$dir/out" | awk '{print $2 " " $4}')" = 'revoke dee' ] || fail "not newest first"
admin 0 audit --key-id "$suspended"
[ "$(awk 'NR > 1 {print $2}' "$dir/out" | xargs)" = 'suspend mint' ] || fail "not of one key"
admin 0 audit --limit 2 --json
[ "$(grep -c '"seq"' "$dir/out")" -eq 2 ] || fail "not two entries"
admin 0 audit --since 1h
[ "$(awk 'NR > 1 {print $2}' "$dir/out" | sort | uniq -c | xargs)" = \
    '4 legacy-add 3 mint 2 revoke 1 suspend' ] || fail "not the whole hour"
admin 0 audit --since 2099-01-01
out_is ''
# More than a page.
n=0
while [ $n -lt 130 ]; do
    expect 0 "$stkgate" admin edit "$suspended" --name "name $n"
    n=$((n + 1))
done
admin 0 audit
[ "$(wc -l <"$dir/out")" -eq 101 ] || fail "not a hundred by default"
admin 0 audit --limit 1000 --key-id "$suspended"
[ "$(wc -l <"$dir/out")" -eq 133 ] || fail "not all of them"
admin 0 audit --limit 1000 --json
[ "$(grep -o '"seq":[0-9]*' "$dir/out" | sort -u | wc -l)" -eq 140 ] || fail "not each one once"

# ---- status
admin 0 status
out_has '^     Version: [0-9]'
out_has '^      Uptime: [0-9]+ '
out_has '^ Credentials: 7$'
out_has '^       Table: 0\.[0-9] % full: [0-9.]+ .iB of '
out_has '^     Commits: [0-9]+ since the start, 0 waiting$'
out_has '^ +last [0-9.]+ .?s, median [0-9.]+ .?s, p99 [0-9.]+ .?s, max [0-9.]+ .?s$'
out_has '^      Checks: 3 since the start$'
out_has '^              3 ok$'
out_has '^ Connections: 0 of [0-9]+ check'
out_has '^       Lease: holds for another [0-9.]+ m?s, and is renewed$'
out_has '^        View: [0-9.]+ % full: [0-9]+ of [0-9]+ slots, [0-9.]+ .iB of memory$'
out_has '^    Attached: no process$'
if command -v script >/dev/null; then
    words='audit on a terminal'
    TERM=xterm script -qec "stty cols 100; '$stkgate' admin audit --limit 1" /dev/null </dev/null \
        >"$dir/out" 2>&1
    out_has 'the newest 1; --limit N shows more'
    out_has ' s ago|now|min ago'
fi
exit 0
