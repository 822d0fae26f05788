#!/bin/bash
# The demonstration: every answer as it should be, and nothing left behind.
set -u
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/stkgate-system.XXXXXX") || exit 99
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
"${STKGATE_SRCDIR:?}/examples/demo.sh" || exit 1
left=$(ls -A "$TMPDIR")
[ -z "$left" ] || { echo "left behind: $left"; exit 1; }
pgrep -f "$TMPDIR" && { echo "processes are left"; exit 1; }
exit 0
