#!/bin/bash
# Whatever comes, no log of any server has the text of a token or of a legacy key, however much it logs.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
# shellcheck source=tests/faces/faces.sh
. "$STKGATE_SRCDIR/tests/faces/faces.sh"
talkative=yes
write_services
start_daemon --debug
mkdir -m 700 "$dir/kept"
"$ask" fill "$faces/table.txt" "$dir/run" "$dir/kept/purse" "$dir/kept/secrets" || fail "no credentials"

# shellcheck disable=SC2086
for face_name in ${FACES:-$all_faces}; do
    start_face "$face_name" || { echo "$face_name is left out: $missing"; continue; }
    # Test 91 looks at the answers. Here servers have the limits that they come with.
    "$ask" run "$faces/table.txt" "$dir/run" "$dir/kept/purse" "$dir/kept/secrets" "$face/lines" \
        "$address" "$face/column" >/dev/null 2>&1
    end_servers
    # http.sock is the daemon, and PAM logs where its own tests look.
    case $name in
    http | pam) ;;
    *) grep -qsr . "$face" --include='*.log' || fail "$name logs nothing: is this its log?" ;;
    esac
done
stop_daemon

# What it is in: whole, in another case, and the first half, since a mask leaves four characters at most.
[ "$(wc -l <"$dir/kept/secrets")" -gt 20 ] || fail "this test made no secrets"
grep -q 'refused reason=' "$dir/log" || fail "the daemon's log has no refusals"
awk '{print; print substr($0, 1, 24)}' "$dir/kept/secrets" >"$dir/kept/patterns"
found=$(grep -raliF --exclude-dir=kept -f "$dir/kept/patterns" "$dir")
[ -z "$found" ] || {
    for file in $found; do
        echo "--- $file:"
        # Never the secrets themselves.
        grep -aiF -f "$dir/kept/patterns" "$file" | sed -E 's/(stk_(live|test)_|legacy-)[0-9A-Za-z]{4,}/\1.../gI' | cut -c 1-200 | sort -u | head -n 5
    done >&2
    echo "FAIL: secrets in: $found" >&2
    exit 1
}
exit 0
