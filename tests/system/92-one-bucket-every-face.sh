#!/bin/bash
# A token that comes through every server, a CGI program, a PAM login and the library has one bucket:
# exactly its burst passes in all, in turn and at once.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
# shellcheck source=tests/faces/faces.sh
. "$STKGATE_SRCDIR/tests/faces/faces.sh"
write_services
start_daemon
declare -A address_of target_of
for face_name in $all_faces; do
    start_face "$face_name" || { echo "$face_name is left out: $missing"; continue; }
    address_of[$name]=$address
    target_of[$name]=$(awk '$2 == "/catalog" {print $3}' "$face/lines")
    # To the program it is a directory.
    [ "$name" != pam ] || address_of[$name]=$face/pam.d
done
[ ${#address_of[@]} -ge 3 ] || fail "hardly any face is here"

spend() { # FACE CALLS; prints PASSED LIMITED UNDECIDED, and of PAM what else there was
    local program=spend
    [ "$1" != pam ] || program=login
    echo "$token kasa" | "$STKGATE_BUILDDIR/tests/faces/$program" "$2" "${address_of[$1]}" "${target_of[$1]}"
}

# add WAY BURST: what WAY's files say in all. False when there is nothing to conclude: on a machine that is
# busy with other things a face may get no verdict in time, and then nobody knows whether the call was spent.
add() {
    read -r passed limited undecided else < <(cat "$dir/$1".* | awk '{p += $1; l += $2; u += $3; e += $4 + $5} END {print p, l, u, e + 0}')
    echo "$1: $passed passed, $limited did not, $undecided got no verdict, of a burst of $2, through: ${!address_of[*]}"
    [ "$else" = 0 ] || fail "$else were answered something else"
    [ "$passed" -le "$2" ] || fail "more passed than the burst"
    [ $((passed + undecided)) -ge "$2" ] || fail "less passed than the burst"
    [ "$undecided" = 0 ]
}

# One after the other, until none lets it pass any more. Nothing comes back within a day.
in_turn() {
    local burst=$((4 * ${#address_of[@]} + 3)) round one
    mint --site kasa --name turns --limit 1 --window 24h --burst $burst
    for round in 1 2 3 4 5 6; do
        for one in "${!address_of[@]}"; do
            spend "$one" 1 >"$dir/turn.$one.$round" 2>"$dir/err" || fail "$one, round $round"
        done
    done
    add turn $burst || return 1
    for one in "${!address_of[@]}"; do
        [ "$(cat "$dir/turn.$one".[1-4] | grep -c '^1 0 ')" = 4 ] || fail "$one was refused before all was spent"
        grep -q '^0 1 ' "$dir/turn.$one.6" || fail "$one let a call pass when all was spent"
    done
}

at_once() {
    local burst=$((10 * ${#address_of[@]})) one pid pids=()
    mint --site kasa --name crowd --limit 1 --window 24h --burst $burst
    for one in "${!address_of[@]}"; do
        for twice in 1 2; do
            spend "$one" 8 >"$dir/crowd.$one.$twice" 2>>"$dir/spend.err" &
            pids+=($!)
        done
    done
    for pid in "${pids[@]}"; do
        wait "$pid" || fail "one of them was answered something else: $(cat "$dir/spend.err")"
    done
    add crowd $burst || return 1
    [ $((passed + limited)) = $((16 * ${#address_of[@]})) ] || fail "calls are missing"
}

# What is certain held each time; what needs a verdict for each call, in one attempt at least.
for way in in_turn at_once; do
    for attempt in 1 2 3 4 5; do
        ! $way || continue 2
    done
    fail "$way: never a verdict for each call"
done
end_servers
stop_daemon
exit 0
