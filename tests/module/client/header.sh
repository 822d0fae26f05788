#!/bin/sh
# stkgate.h is all that a program needs, in C of 1999 and later, and in C++.
: "${STKGATE_SRCDIR:?}"
directory=$(mktemp -d) || exit 99
trap 'rm -rf "$directory"' EXIT
wrong=0

cat >"$directory/program.c" <<'PROGRAM'
#include <stkgate.h>
#include <stkgate.h>
int main(void)
{
    struct stkgate_options options = STKGATE_OPTIONS_INIT;
    struct stkgate_request request = STKGATE_REQUEST_INIT;
    struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;
    stkgate *gate;
    request.token = stkgate_text("token");
    return stkgate_open(&gate, "storefront", &options) + stkgate_check(gate, &request, &verdict) +
           (verdict.status == 200 && verdict.reason == STKGATE_OK);
}
PROGRAM
cp "$directory/program.c" "$directory/program.cc"

try() {
    if ! "$@" -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I "$STKGATE_SRCDIR/include"; then
        echo "fails: $*"
        wrong=1
    fi
}

tried=0
for compiler in gcc clang; do
    command -v $compiler >/dev/null || continue
    tried=1
    for standard in c99 c11 c17 gnu17; do
        try $compiler -std=$standard "$directory/program.c"
    done
done
for compiler in g++ clang++; do
    command -v $compiler >/dev/null || continue
    # A compiler without its C++ library can't be tried.
    echo '#include <cstring>' | $compiler -x c++ -fsyntax-only - 2>/dev/null || continue
    for standard in c++11 c++17; do
        try $compiler -std=$standard "$directory/program.cc"
    done
done
[ $tried = 1 ] || { echo "no compiler was found"; exit 77; }
exit $wrong
