#!/bin/bash
# gcc.sh - gcc's analyser over lib, module and daemon; status 1 when it finds what gcc.accepted does not
# have. make analyze-gcc gives COMPILE, the compiler with its flags.
set -euo pipefail
export LC_ALL=C # the marks that gcc quotes with are letters to grep and awk
cd "${STKGATE_BUILDDIR:?}"
: "${STKGATE_SRCDIR:?}" "${COMPILE:?}"

case $($COMPILE --version) in
*"Free Software Foundation"*) ;;
*) echo "gcc -fanalyzer: this was configured for another compiler" >&2; exit 1 ;;
esac
dir=$(mktemp -d "${TMPDIR:-/tmp}/stkgate-analysis.XXXXXX")
trap 'rm -rf "$dir"' EXIT
left_out=${LEAVES_OUT:-}
mapfile -t files < <(cd "$STKGATE_SRCDIR" && find lib module daemon -name '*.c' | grep -vE "^(${left_out// /|})/" | sort)
planted=analysis/planted.c

# Not as errors: all of them are to be seen.
analyse() {
    # shellcheck disable=SC2086 # flags are words
    $COMPILE -fanalyzer -Wno-error -fdiagnostics-plain-output -c "$STKGATE_SRCDIR/$1" -o /dev/null \
        >"$dir/${1//\//_}" 2>&1 || echo "$1:0:0: does not compile [-fanalyzer]" >>"$dir/${1//\//_}"
}
export -f analyse
export dir STKGATE_SRCDIR COMPILE
printf '%s\0' "${files[@]}" $planted | xargs -0 -P "$(nproc)" -n 1 bash -c 'analyse "$1"' sh
cat "$dir"/*.c >"$dir/all"
sed -nE 's#^(.*/)?((analysis|lib|module|daemon)/[^:]*:[0-9]+:.*(warning|compile).*\[-[WCf][^]]*\])$#\2#p' \
    "$dir/all" >"$dir/all-findings"
grep -q "^$planted:.*-Wanalyzer-double-free" "$dir/all-findings" ||
    { echo "gcc -fanalyzer: does not find the mistake in $planted"; exit 1; }
grep -v "^$planted:" "$dir/all-findings" >"$dir/findings" || true
if ! awk -f "$STKGATE_SRCDIR/analysis/accepted.awk" "$STKGATE_SRCDIR/analysis/gcc.accepted" \
    "$dir/findings"; then
    cat "$dir/all"
    echo "gcc -fanalyzer: findings above"
    exit 1
fi
echo "gcc -fanalyzer: ${#files[@]} files, nothing found that analysis/gcc.accepted does not explain"
