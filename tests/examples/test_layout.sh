#!/bin/bash
# The examples that mirror the structs of stkgate.h have each member where the header has it.
set -u
build=${STKGATE_BUILDDIR:?is set by make check} examples=${STKGATE_SRCDIR:?}/examples
if grep -q '^SANITIZE_CFLAGS = .*-fsanitize' "$build/Makefile"; then
    echo "left out: neither Python nor PHP loads a library with a sanitizer; the layout is that of any build"
    exit 0
fi
for program in python3 php; do
    type -P $program >/dev/null || { echo "$program is not installed"; exit 77; }
done
export LD_LIBRARY_PATH=$build/module/client/.libs
header=$("$build/tests/examples/layout") || exit 1
here=$STKGATE_SRCDIR/tests/examples
[ "$(wc -l <<<"$header")" -gt 30 ] || { echo "the header has no structs"; exit 1; }
diff <(echo "$header") <(python3 "$here/layout.py" "$examples/python") || { echo "stkgate.py differs"; exit 1; }
diff <(echo "$header") <(php "$here/layout.php" "$examples/php") || { echo "stkgate.php differs"; exit 1; }
