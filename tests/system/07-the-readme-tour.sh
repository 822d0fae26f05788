#!/bin/bash
# The README's tour, pasted block by block into one shell, does what the README says.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"

awk '/^<!-- tour -->$/ {tour = 1; next} /^```sh$/ && tour {on = 1; next} /^```$/ {on = tour = 0} on' \
    "$STKGATE_SRCDIR/README.md" >"$dir/tour.sh"
[ "$(wc -l <"$dir/tour.sh")" -gt 15 ] || fail "no tour in the README"
# It is built already, and elsewhere.
# shellcheck disable=SC2016
sed -i -e '/bootstrap build/d' -e 's,\$PWD/build/gcc,$STKGATE_BUILDDIR,' "$dir/tour.sh"
mkdir "$dir/tmp"
export TMPDIR=$dir/tmp
(cd "$dir" && bash tour.sh) >"$dir/out" 2>"$dir/err" </dev/null
for want in 'HTTP/1.1 200' 'RateLimit-Limit: 60' 'origin_denied' 'revoked' 'exit status 1' '"status": *200'; do
    said "$want"
done
! grep -qE 'command not found|No such file|Usage|unavailable' "$dir/err" || fail "the tour stumbles: $(cat "$dir/err")"
gone() { ! pgrep -f "$dir/tmp"; }
until_works gone
exit 0
