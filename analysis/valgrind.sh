#!/bin/bash
# valgrind.sh TEST... - those that are programs, in memcheck, some at a time; status 1 when it finds an
# error or a test fails. Tests run in processes of their own (check's fork mode), and valgrind goes
# along: each process writes its own report, and every one of them is read. valgrind.supp has what is no
# error, valgrind.left-out what can't be run.
set -euo pipefail
cd "${STKGATE_BUILDDIR:?}"
: "${STKGATE_SRCDIR:?}" "${COMPILE:?}"
here=$STKGATE_SRCDIR/analysis
dir=$(mktemp -d "${TMPDIR:-/tmp}/stkgate-valgrind.XXXXXX")
trap 'rm -rf "$dir"' EXIT
awk '!/^(#|$)/ && !/ # ./ { print FILENAME ": no reason: " $0; bad = 1 } END { exit bad }' \
    "$here/valgrind.left-out"

left_out() { sed -n "s|^$1\(:\([a-z0-9_]*\)\)\{0,1\} # .*|\1|p" "$here/valgrind.left-out"; }

run() {
    local program=$1 log=$dir/${1//\//_} rc=0 without started=$SECONDS
    mkdir "$log"
    without=$(left_out "$program" | tr -d : | tr '\n' ' ')
    # Random steps go the same few ways: a tenth of those of `make check` will do.
    STKGATE_LEAVE_OUT=$without STKGATE_STEPS=50000 CK_TIMEOUT_MULTIPLIER=2 timeout 600 valgrind \
        --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,possible \
        --num-callers=20 --suppressions="$here/valgrind.supp" --log-file="$log/%p" \
        "./$program" >"$log/output" 2>&1 || rc=$?
    echo "$((SECONDS - started)) $program" >"$log.took"
    # A process that is no test's own but a test's child reports, too, and nobody sees its status.
    if [ $rc = 0 ] && ! grep -qrE 'ERROR SUMMARY: [1-9]' "$log"; then return 0; fi
    {
        echo "FAILED: $program, status $rc"
        cat "$log/output"
        grep -rlE 'ERROR SUMMARY: [1-9]' "$log" | xargs -r cat
    } >"$log.failed"
    return 0
}
export -f run left_out
export dir here

$COMPILE -w -O0 "$STKGATE_SRCDIR/analysis/planted.c" -o "$dir/planted"
if valgrind -q --error-exitcode=99 "$dir/planted" >/dev/null 2>&1; then
    echo "valgrind: does not find the mistake in analysis/planted.c"
    exit 1
fi

programs=()
for program; do
    case $program in *.sh) continue ;; esac
    if left_out "$program" | grep -qx ''; then continue; fi
    programs+=("$program")
done
printf '%s\0' "${programs[@]}" | xargs -0 -P "$(nproc)" -n 1 bash -c 'run "$1"' sh
if compgen -G "$dir/*.failed" >/dev/null; then
    cat "$dir"/*.failed
    echo "valgrind: findings above"
    exit 1
fi
echo "valgrind: ${#programs[@]} programs, nothing found that analysis/valgrind.supp does not explain"
echo "the longest, in seconds:"
sort -rn "$dir"/*.took | sed -n '1,10p'
