#!/bin/bash
# What --json prints, verb by verb: each member and its type. Programs rely on them: a line may be
# added here, none may go away.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?is set by make check}/tests/rig.sh"
shape=$STKGATE_BUILDDIR/tests/daemon/admin/json_shape
start_daemon
admin() { expect 0 "$stkgate" admin "$@" --json; }

# has_shape WHAT: the last output has it; the lines on standard input, in whatever order.
has_shape() {
    sort >"$dir/wanted"
    "$shape" <"$dir/out" >"$dir/shape" 2>"$dir/err" || fail "$1 is no JSON"
    sort "$dir/shape" | diff "$dir/wanted" - >"$dir/diff" ||
        fail "$1: < as it should be, > as it is: $(cat "$dir/diff")"
}

# The members of a token, below $1; of the rest see below.
token() {
    printf "$1.%s\n" 'key_id string' 'kind string' 'site_id string' 'name string' 'state string' \
        'scopes array' 'scopes[] string' 'allowed_origins array' 'missing_origin string' \
        'limit object' 'limit.requests integer' 'limit.window string' 'limit.burst integer' \
        'strict boolean' 'remaining integer' 'created_at string' 'created_by integer' \
        'allowed_count integer' 'refused_count integer'
}
# nothing BELOW MEMBER...: members that are null.
nothing() { below=$1; shift; printf "$below.%s null\n" "$@"; }
# What the answer to a change has besides.
change() { echo '.attached integer'; }
ends='expires_at last_used_at revoked_at revoked_reason suspended_reason grace_until'
ends="$ends rotated_from_key_id rotated_to_key_id"

# ---- a token as it is new
admin mint --site kasa --name one --origin https://kasa.example
key_id=$(grep -oE 'key_[0-9A-Za-z]{16}' "$dir/out")
# shellcheck disable=SC2086
{ echo '. object'; token ''; nothing '' $ends; printf '%s\n' '.secret_prefix string' \
    '.allowed_origins[] string' '.secret string'; change; } | has_shape mint || exit
for verb in show 'edit --name two' suspend resume; do
    # shellcheck disable=SC2086
    admin ${verb%% *} "$key_id" $([ "$verb" = "${verb#* }" ] || echo "${verb#* }")
    # shellcheck disable=SC2086
    { echo '. object'; token ''; nothing '' $ends; printf '%s\n' '.secret_prefix string' \
        '.allowed_origins[] string'; [ "$verb" = show ] || change; } | has_shape "$verb" || exit
done
admin list
# shellcheck disable=SC2086
{ printf '%s\n' '. array' '[] object'; token '[]'; nothing '[]' $ends
    printf '%s\n' '[].secret_prefix string' '[].allowed_origins[] string'; } | has_shape list || exit

# ---- and through its life
admin rotate "$key_id" --grace 15m
{ echo '. object'; token ''; nothing '' expires_at last_used_at revoked_at revoked_reason \
    suspended_reason grace_until rotated_to_key_id; printf '%s\n' '.secret_prefix string' \
    '.allowed_origins[] string' '.rotated_from_key_id string' '.secret string'; change; } | has_shape rotate || exit
admin rotate "$key_id" --shorten 5m
{ echo '. object'; token ''; nothing '' expires_at last_used_at revoked_at revoked_reason \
    suspended_reason rotated_from_key_id; printf '%s\n' '.secret_prefix string' '.allowed_origins[] string' \
    '.grace_until string' '.rotated_to_key_id string'; change; } | has_shape 'rotate --shorten' || exit
admin rotate "$key_id" --cancel --yes
# shellcheck disable=SC2086
{ echo '. object'; token ''; nothing '' $ends; printf '%s\n' '.secret_prefix string' \
    '.allowed_origins[] string'; change; } | has_shape 'rotate --cancel' || exit
admin revoke "$key_id" --yes --reason 'seen in a log'
{ echo '. object'; token ''; nothing '' expires_at last_used_at suspended_reason grace_until \
    rotated_from_key_id rotated_to_key_id; printf '%s\n' '.secret_prefix string' '.allowed_origins[] string' \
    '.revoked_at string' '.revoked_reason string'; change; } | has_shape revoke || exit

# ---- legacy keys
echo old-key-12345 >"$dir/key"
admin legacy add --site kasa --sunset 2099-01-01 <"$dir/key"
legacy=$(grep -oE 'key_[0-9A-Za-z]{16}' "$dir/out")
# shellcheck disable=SC2086
{ echo '. object'; token ''; nothing '' $ends secret_prefix deprecation_at link
    echo '.sunset_at string'; change; } | has_shape 'legacy add' || exit
admin legacy list
# shellcheck disable=SC2086
{ printf '%s\n' '. array' '[] object'; token '[]'; nothing '[]' $ends secret_prefix deprecation_at link
    echo '[].sunset_at string'; } | has_shape 'legacy list' || exit
admin legacy report
has_shape 'legacy report' <<'END'
. array
[] object
[].site_id string
[].active integer
[].suspended integer
[].allowed_count integer
[].refused_count integer
[].last_used_at null
[].sunset_at string
[].key_ids array
[].key_ids[] string
END
admin edit "$legacy" --sunset never --deprecation 2026-01-01 --link https://kasa.example/
# shellcheck disable=SC2086
{ echo '. object'; token ''; nothing '' $ends secret_prefix sunset_at
    printf '%s\n' '.deprecation_at string' '.link string'; change; } | has_shape 'edit of a legacy key' || exit
admin legacy remove "$legacy" --yes
# shellcheck disable=SC2086
{ echo '. object'; token ''; nothing '' $ends secret_prefix sunset_at
    printf '%s\n' '.deprecation_at string' '.link string'; change; } | has_shape 'legacy remove' || exit

# ---- sites, scopes, the trail, the daemon
admin site list
has_shape 'site list' <<'END'
. array
[] object
[].site_id string
[].active integer
[].suspended integer
[].revoked integer
[].expired integer
[].legacy integer
[].allowed_count integer
[].last_used_at null
END
admin scope add orders:read
has_shape 'scope add' <<'END'
. object
.scopes array
.scopes[] string
END
admin scope list
has_shape 'scope list' <<'END'
. array
[] string
END
admin audit
has_shape audit <<'END'
. array
[] object
[].seq integer
[].at string
[].action string
[].uid integer
[].gid integer
[].pid integer
[].key_id string
[].key_id null
[].related string
[].related null
[].site_id string
[].site_id null
[].reason string
[].reason null
END
mint --site kasa --name checked
expect 0 check --site kasa
admin status
"$shape" <"$dir/out" >"$dir/shape" || fail "status is no JSON"
while read -r line; do
    grep -qxF -- "$line" "$dir/shape" || fail "status lacks: $line"
done <<'END'
. object
.version string
.uptime_s integer
.started_at string
.pid integer
.seq integer
.credentials integer
.map object
.map.used_bytes integer
.map.size_bytes integer
.commits object
.commits.count integer
.commits.queued integer
.commits.last_us integer
.commits.p50_us integer
.commits.p99_us integer
.commits.max_us integer
.checks object
.checks.ok integer
.checks.rate_limited integer
.services array
.services[] string
.clients array
.connections object
.connections.check integer
.connections.check_max integer
.connections.check_per_user_max integer
.connections.http integer
.connections.http_max integer
.connections.http_per_user_max integer
.lease object
.lease.holds boolean
.lease.remaining_ms integer
.view object
.view.slots integer
.view.used integer
.view.resident_bytes integer
.view.complete boolean
.attached object
.attached.processes integer
.attached.users array
END
exit 0
