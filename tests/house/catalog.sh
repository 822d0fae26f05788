#!/bin/bash
# Each MESSAGE_ID of the daemon is explained in the catalog, and the catalog explains no other.
set -u
src=${STKGATE_SRCDIR:?is set by make check}
catalog=$src/systemd/stkgate.catalog
failed=0

fail() {
    echo "FAIL: $*" >&2
    failed=1
}

in_source=$(grep -oE '"MESSAGE_ID=[0-9a-f]{32}"' "$src/daemon/log.c" | grep -oE '[0-9a-f]{32}' | sort)
in_catalog=$(sed -nE 's/^-- ([0-9a-f]{32})$/\1/p' "$catalog" | sort)
[ "$(wc -l <<<"$in_source")" -ge 20 ] || fail "the ids in daemon/log.c were not found"
[ "$in_source" = "$in_catalog" ] ||
    fail "daemon/log.c and the catalog differ:" "$(diff <(echo "$in_source") <(echo "$in_catalog"))"
[ -z "$(uniq -d <<<"$in_source")" ] || fail "an id is used twice: $(uniq -d <<<"$in_source")"

# Of each event of log.h there is an id, and each verb of a change has its own.
events=$(grep -oE '^    LOG_EVENT_[A-Z_]+' "$src/daemon/log.h" | grep -v LOG_EVENT_COUNT | sort -u)
[ -n "$events" ] || fail "the events in daemon/log.h were not found"
for event in $events; do
    grep -qF "[$event] = " "$src/daemon/log.c" || fail "$event has no id"
done
verbs=$(sed -nE 's/^ *\[CHANGE_[A-Z_]+\] = \{"([a-z-]+)".*/\1/p' "$src/daemon/store/change.c")
[ -n "$verbs" ] || fail "the verbs in daemon/store/change.c were not found"
for verb in $verbs; do
    grep -qF "{\"$verb\", \"MESSAGE_ID=" "$src/daemon/log.c" || fail "the verb $verb has no id"
done

# An entry has its three fields, a text, and names only fields that are written.
fields=$(grep -oE '"STKGATE_[A-Z_]+=' "$src/daemon/log.c" | tr -d '"=' | sort -u)
while read -r id; do
    entry=$(awk -v id="$id" '$1 == "--" {on = $2 == id; next} on && !/^#/' "$catalog")
    for name in Subject Defined-By Documentation; do
        grep -qE "^$name: ." <<<"$entry" || fail "$id has no $name"
    done
    [ "$(sed '1,/^$/d' <<<"$entry" | wc -w)" -ge 5 ] || fail "$id has no text"
    for field in $(grep -oE '@[A-Z_]+@' <<<"$entry" | tr -d '@'); do
        grep -qxF "$field" <<<"$fields" || fail "$id speaks of $field, which is never written"
    done
done <<<"$in_catalog"
exit $failed
