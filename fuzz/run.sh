#!/bin/bash
# run.sh PROGRAM... - fuzz each for $FUZZ_SECONDS (60), as many at a time as there are processors
#
# In the build directory: fuzz/found/NAME/ keeps what reached something new, for the next run;
# fuzz/NAME.log what libFuzzer said; fuzz/crash/NAME-* an input that a target failed on. One line per
# target, then two that count them; status 1 when one failed. A crash is looked at with `fuzz/fuzz_NAME FILE`, and becomes a seed
# in tests/seeds/NAME/ when it is fixed.
set -u
seconds=${FUZZ_SECONDS:-60}
seeds=${STKGATE_SRCDIR:?}/tests/seeds
dict=$STKGATE_SRCDIR/fuzz

# What files the targets make goes with this.
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/stkgate-fuzz.XXXXXX") || exit 1
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
mkdir -p fuzz/crash

statistic() { sed -n "s/^stat::$2: *//p" "fuzz/$1.log"; }

fuzz() {
    local name=${1##*/fuzz_} for=$seconds started=$SECONDS options=() rc=0
    # Reached by others, too, or by nobody but the daemon and its own user.
    case $name in moment | question | answer | rows) for=$(((seconds + 2) / 3)) ;; esac
    [ ! -e "$dict/$name.dict" ] || options+=(-dict="$dict/$name.dict")
    mkdir -p "fuzz/found/$name"
    "$1" -max_total_time="$for" -timeout=20 -print_final_stats=1 -artifact_prefix="fuzz/crash/$name-" \
        "${options[@]}" "fuzz/found/$name" "$seeds/$name" >"fuzz/$name.log" 2>&1 || rc=$?
    if [ $rc = 0 ]; then
        printf '%-10s %10d runs, %5d new inputs in %3d s: ok\n' "$name" \
            "$(statistic "$name" number_of_executed_units)" "$(statistic "$name" new_units_added)" \
            $((SECONDS - started))
        return 0
    fi
    printf '%-10s FAILED with status %d: %s\n' "$name" "$rc" \
        "$(sed -n 's/.*Test unit written to //p' "fuzz/$name.log" | tail -n 1)"
    grep -vE '^#[0-9]+[[:space:]]' "fuzz/$name.log" | tail -n 40
    return 1
}

failed=0 running=0
end_of_one() {
    wait -n || failed=$((failed + 1))
    running=$((running - 1))
}
for program; do
    [ $running -lt "$(nproc)" ] || end_of_one
    fuzz "$program" &
    running=$((running + 1))
done
while [ $running -gt 0 ]; do end_of_one; done
printf '# PASS: %d\n# FAIL: %d\n' $(($# - failed)) $failed
[ $failed = 0 ]
