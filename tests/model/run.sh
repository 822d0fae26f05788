#!/bin/bash
# The models of how the view is published hold in each state that can be reached, and each mutation of
# them is found. docs/ARCHITECTURE.md, "The model", says what is modelled.
#
#   run.sh                  all of it
#   run.sh MODEL [-D...]    one search, and the way to what fails, if something does
# shellcheck disable=SC2317 # each_line calls functions by name
set -euo pipefail
here=$(realpath "${STKGATE_SRCDIR:-$(dirname "$0")/../..}/tests/model")
for program in spin gcc; do
    type -P $program >/dev/null || { echo "there is no $program here: the models are not checked"; exit 77; }
done
dir=$(mktemp -d "${TMPDIR:-/tmp}/stkgate-model.XXXXXX")
trap 'rm -rf "$dir"' EXIT
cp "$here"/*.pml "$dir"
cd "$dir"
failed=0
fail() {
    echo "FAIL: $*" >&2
    failed=1
}

# A search that is deeper or larger than this is cut short, and that is a failure.
depth=100000
megabytes=1000

# Into pan.log: what pan says. COLLAPSE packs states without loss; BITSTATE or HC would leave some out.
# At -O0: pan.c is one function with all transitions, whose optimisation takes longer (half a minute, for
# bucket) than it saves a search of ten million states.
search() { # FLAGS-FOR-GCC MODEL [-DBOUND=NUMBER]...
    local flags model=$2
    read -ra flags <<<"$1"
    shift 2
    rm -f pan.* ./pan ./*.trail
    spin -a "$@" "$model.pml" >spin.log 2>&1 || { cat spin.log >&2; return 1; }
    gcc -O0 "${flags[@]}" -w -DSAFETY -DCOLLAPSE -DMEMLIM=$megabytes -o pan pan.c
    # pan's status is 0 whatever it finds.
    ./pan -m$depth -n >pan.log 2>&1 || true
}

number() { sed -n "s/^ *\([0-9][0-9]*\) $1\$/\1/p" pan.log; }
found() { sed -n 's/^pan:1: \(.*\) (at depth.*/\1/p' pan.log; }
errors() { sed -n 's/^State-vector .*, errors: \([0-9]*\)$/\1/p' pan.log; }
deepest() { sed -n 's/^State-vector .*, depth reached \([0-9]*\), .*/\1/p' pan.log; }

# It went through all that there is, and looked for what it should.
is_complete() {
    ! grep -qiE 'not completed|max search depth|MEMLIM|out of memory|truncated|hash table full|aborting' pan.log &&
        grep -qx 'Full statespace search for:' pan.log &&
        grep -q '^	assertion violations	+$' pan.log &&
        grep -q '^	invalid end states	+$' pan.log &&
        [ "$(grep -c '^State-vector ' pan.log)" = 1 ] && [ "$(deepest)" -lt $depth ] &&
        [ -n "$(number 'states, stored')" ]
}

defines() {
    local word
    for word; do echo "-D$word"; done
}

model_holds() { # MODEL AT-LEAST BOUND...
    local model=$1 at_least=$2 seconds=$SECONDS d
    shift 2
    mapfile -t d < <(defines "$@")
    search "" "$model" "${d[@]}" || { fail "$model is no Promela"; return; }
    if ! is_complete; then
        cat pan.log
        fail "$model $*: the search was cut short"
    elif [ "$(errors)" != 0 ]; then
        spin -t -p "${d[@]}" "$model.pml" | tail -n 80
        fail "$model $*: $(found)"
    elif [ "$(number 'states, stored')" -lt "$at_least" ]; then
        cat pan.log
        fail "$model $*: fewer than $at_least states: what is missing?"
    else
        printf '%-8s %-42s %9d states, depth %4d, errors: 0, %d s\n' "$model" "$*" \
            "$(number 'states, stored')" "$(deepest)" $((SECONDS - seconds))
    fi
}

mutation_is_found() { # MUTATION MODEL WHAT-MUST-FAIL BOUND...
    local mutation=$1 model=$2 what=$3 d expected order=
    shift 3
    grep -qw "$mutation" "$model.pml" || { fail "$model has no $mutation"; return; }
    mapfile -t d < <(defines "$mutation" "$@")
    # In handover the other order meets mistakes earlier; in the others the first that it meets is often
    # not the one that tells most.
    [ "$model" != handover ] || order='-DREVERSE -DT_REVERSE'
    search "$order" "$model" "${d[@]}" || { fail "$model with $mutation is no Promela"; return; }
    expected="assertion violated $what"
    [ "$what" != end_state ] || expected='invalid end state'
    if [ "$(found)" = "$expected" ]; then
        printf '%-8s %-27s is found: %-42s %8d states\n' "$model" "$mutation" "$expected" \
            "$(number 'states, stored')"
    else
        cat pan.log
        fail "$model: $mutation is not found, or not by \"$expected\": \"$(found)\""
    fi
}

# A search that has not seen everything must not pass for one that has.
short_searches_are_noticed() {
    local bounds=(-DEDITS=1 -DCRASHES=0 -DCHECKS=1 -DGROWS=false)
    search "" bucket "${bounds[@]}"
    is_complete || { cat pan.log; fail "a search that ended is called short"; }
    depth=50
    search "" bucket "${bounds[@]}"
    ! is_complete || fail "a search of depth 50 is called complete"
    depth=100000 megabytes=130
    search "" bucket
    ! is_complete || fail "a search in 130 MB is called complete"
    megabytes=1000
}

each_line() { # FILE FUNCTION
    local line words
    while read -r line; do
        line=${line%%#*}
        read -ra words <<<"$line"
        [ ${#words[@]} = 0 ] || "$2" "${words[@]}"
    done <"$here/$1"
}

# Each macro that is asked for in a model is a bound, or a mutation that is in the list.
no_mutation_is_left_out() {
    local model macro
    for model in *.pml; do
        while read -r macro; do
            grep -qE "^$macro ${model%.pml} |^([A-Z_]+ )?${model%.pml} .*\b$macro=" "$here/mutations" "$here/models" -h ||
                fail "$model: nobody tries $macro"
        done < <(grep -oE '^#(ifdef|ifndef|if|elif) .*' "$model" | grep -oE '\b[A-Z][A-Z_]+\b' | sort -u)
    done
}

if [ $# -gt 0 ]; then
    search "" "$@"
    cat pan.log
    is_complete && [ "$(errors)" = 0 ] && exit 0
    [ -z "$(found)" ] || spin -t -p -g "${@:2}" "$1.pml"
    exit 1
fi
each_line models model_holds
each_line mutations mutation_is_found
no_mutation_is_left_out
short_searches_are_noticed
exit $failed
