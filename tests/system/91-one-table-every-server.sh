#!/bin/bash
# The same calls get the same answers, whatever server stands in front: status, fields and body, of each
# row of the product's table and of headers that an attacker would send.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
# shellcheck source=tests/faces/faces.sh
. "$STKGATE_SRCDIR/tests/faces/faces.sh"
write_services
start_daemon
umask 077
"$ask" fill "$faces/table.txt" "$dir/run" "$dir/purse" "$dir/secrets" || fail "no credentials"
umask 022

# One row that is not as the table has it is noticed, and it alone.
sees_a_difference() {
    start_face http || fail "no http.sock"
    sed '0,/^  is ok$/s//  is missing/' "$faces/table.txt" >"$dir/table"
    ! "$ask" run "$dir/table" "$dir/run" "$dir/purse" "$dir/secrets" "$face/lines" "$address" \
        "$face/column" 2>"$dir/err" || fail "a wrong answer is not noticed"
    [ "$(grep -c WRONG "$face/column")" = 1 ] || fail "other answers are wrong, too"
    err_has 'a good call: status 200, not 401'
}
words=ask
sees_a_difference

wrong='' columns=() names=() left_out=''
# shellcheck disable=SC2086
for face_name in ${FACES:-$all_faces}; do
    if ! start_face "$face_name"; then
        left_out+="$face_name is left out: $missing"$'\n'
        continue
    fi
    "$ask" run "$faces/table.txt" "$dir/run" "$dir/purse" "$dir/secrets" "$face/lines" "$address" \
        "$face/column" || { wrong+=" $face_name"; echo "    ... through $face_name"; }
    end_servers
    names+=("$face_name")
    columns+=("$face/column")
done
stop_daemon
print_matrix
[ -z "$wrong" ] || { echo "FAIL: answers differ:$wrong" >&2; exit 1; }
exit 0
