#!/bin/bash
# cppcheck.sh - cppcheck over lib, module and daemon; status 1 when it finds what cppcheck.accepted does
# not have
set -euo pipefail
cd "${STKGATE_SRCDIR:?}"

accepted=analysis/cppcheck.accepted
# A reason stands above each: a comment, then at once the line it is of.
awk '/^$/ { reason = 0; next } /^#/ { reason = 1; next } !reason { print FILENAME ": no reason: " $0; bad = 1 }
    END { exit bad }' "$accepted"
look() {
    cppcheck -q -j "$(nproc)" --std=c11 --library=posix --enable=warning,performance,portability \
        --suppressions-list="$accepted" --error-exitcode=1 -D_GNU_SOURCE -D__linux__ \
        -DPACKAGE_VERSION='""' -Iinclude -I. -I"${STKGATE_BUILDDIR:?}" "$@"
}
if look analysis/planted.c 2>/dev/null; then
    echo "cppcheck: does not find the mistake in analysis/planted.c"
    exit 1
fi
look lib module daemon
echo "cppcheck: nothing found that $accepted does not explain"
