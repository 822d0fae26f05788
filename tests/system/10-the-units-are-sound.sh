#!/bin/bash
# systemd finds nothing wrong with the units, and little that the service could do beyond its task.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"

# The program must be there to be found.
mkdir "$dir/units"
cp "$STKGATE_SRCDIR"/systemd/*.socket "$dir/units/"
for unit in stkgate stkgate-authorizer; do
    sed "s,@bindir@,$STKGATE_BUILDDIR," "$STKGATE_SRCDIR/systemd/$unit.service.in" \
        >"$dir/units/$unit.service"
done

expect 0 systemd-analyze verify --man=no --recursive-errors=no "$dir"/units/*
[ ! -s "$dir/err" ] || fail "systemd has something to say about the units"
for unit in stkgate stkgate-authorizer; do
    expect 0 systemd-analyze security --offline=yes --threshold=5 "$dir/units/$unit.service"
    grep 'Overall exposure level' "$dir/out" || fail "no exposure level was told of $unit"
done

# Every manual page that a unit or the catalog names is there.
pages=$(grep -ohE 'man:[a-z-]+\([0-9]\)' "$dir"/units/* "$STKGATE_SRCDIR/systemd/stkgate.catalog" | sort -u)
[ -n "$pages" ] || fail "the units name no manual page"
for page in $pages; do
    name=${page#man:} section=${page##*(}
    [ -s "$STKGATE_SRCDIR/man/${name%(*}.${section%)}" ] || fail "there is no page $page"
done

# systemd keeps as many descriptors as the daemon gives it.
kept=$(sed -n 's/^#define FDSTORE_MAX *\([0-9]*\).*/\1/p' "$STKGATE_SRCDIR/daemon/fdstore.h")
grep -qx "FileDescriptorStoreMax=${kept:-none}" "$dir/units/stkgate.service" ||
    fail "stkgate.service has no room for the $kept descriptors of daemon/fdstore.h"

# The test itself sees mistakes.
echo 'ProtectSytem=strict' >>"$dir/units/stkgate.socket"
! systemd-analyze verify --man=no --recursive-errors=no "$dir"/units/* 2>/dev/null ||
    [ -n "$(systemd-analyze verify --man=no --recursive-errors=no "$dir"/units/* 2>&1)" ] ||
    fail "a mistake in a unit is not found"
exit 0
