# `stkgate authorizer` with a real daemon, asked as a web server asks it.
. "${STKGATE_SRCDIR:?is set by make check}/tests/rig.sh"
ask=$STKGATE_BUILDDIR/tests/module/cgi/ask_fastcgi
"$stkgate" authorizer </dev/null 2>"$dir/err"
if grep -q 'built without FastCGI' "$dir/err"; then
    echo "SKIP: built without libfcgi (libfcgi-dev)"
    exit 77
fi
authorizer_pid='' socket=$dir/fcgi.sock

end() {
    local status=$?
    [ -z "$authorizer_pid" ] || { kill -KILL "$authorizer_pid"; wait "$authorizer_pid"; } 2>/dev/null
    (exit $status)
    cleanup
}
trap end EXIT

# One listens, and becomes the authorizer when the first connects: as systemd has it.
start_authorizer() { # [OPTION]...
    systemd-socket-activate -l "$socket" -E STKGATE_RUNTIME -E STKGATE_DIRECT \
        -E ASAN_OPTIONS -E TSAN_OPTIONS "$stkgate" authorizer "$@" 2>>"$dir/authorizer.log" &
    authorizer_pid=$!
    until_works listens "$socket"
}
stop_authorizer() {
    local ended=0
    kill "$authorizer_pid"
    wait "$authorizer_pid" || ended=$?
    authorizer_pid=''
    rm -f "$socket"
    [ $ended = 0 ] || fail "the authorizer ended with $ended: $(cat "$dir/authorizer.log")"
}

# asked STATUS [NAME=VALUE]... [-- HOW]: of an authorizer, role 2
asked() {
    local status=$1
    shift
    expect 0 timeout 60 "$ask" "$socket" 2 REQUEST_METHOD=GET "$@"
    head -n 1 "$dir/out" | grep -q "^Status: $status " || fail "no status $status: $words"
    out_lacks "$token"
}
log_has() { grep -Eq -- "$1" "$dir/authorizer.log" || fail "no line of its log is like '$1': $(cat "$dir/authorizer.log")"; }

allows_with_variables_and_fields() {
    asked 200 "${good[@]}" STKGATE_KEY_ID=forged
    for line in 'RateLimit-Limit: 50' "Variable-STKGATE_KEY_ID: $key_id" 'Variable-STKGATE_SITE: kasa' \
        'Variable-STKGATE_SCOPES: catalog:read cart:write' 'Variable-STKGATE_KIND: live' \
        'Variable-STKGATE_REMAINING: 49' 'Variable-STKGATE_RATELIMIT_LIMIT: 50' \
        'Variable-STKGATE_RATELIMIT_REMAINING: 49'; do
        grep -Fqx "$line" "$dir/out" || fail "no $line: $words"
    done
    [ "$(tail -n 1 "$dir/out")" = '' ] || fail "a body of an allowed call"
    out_lacks forged
}

refuses_with_a_complete_answer() {
    asked 401
    out_has '^WWW-Authenticate: Bearer realm="storefront"$'
    out_has '^\{.*"reason":"missing_token"\}$'
    asked 401 "HTTP_X_STELLA_TOKEN=$token" HTTP_X_SITE_ID=other
    log_has "refused: 401 site_mismatch key_id=$key_id site=kasa\$"
    asked 403 "${good[@]}" STKGATE_NEEDS=checkout:create
    asked 429 "${good[@]}" STKGATE_COST=50
    out_has '^Retry-After: [0-9]+$'
    asked 401 REQUEST_METHOD=HEAD
    expect 0 "$ask" "$socket" 2 REQUEST_METHOD=HEAD
    out_lacks '{'
    # Variables are for the server, and a refusal is for the client.
    asked 401 "HTTP_X_STELLA_TOKEN=$token" HTTP_X_SITE_ID=other
    out_lacks Variable-
    out_lacks "$key_id"
}

takes_a_field_that_came_twice_for_malformed() {
    asked 401 "HTTP_X_STELLA_TOKEN=$token, $token" HTTP_X_SITE_ID=kasa
    out_has malformed_token
    asked 401 "HTTP_X_STELLA_TOKEN=$token" "HTTP_X_STELLA_TOKEN=$token" HTTP_X_SITE_ID=kasa
    out_has malformed_token
    asked 401 HTTP_X_STELLA_TOKEN= "HTTP_X_STELLA_TOKEN=$token" HTTP_X_SITE_ID=kasa
    out_has malformed_token
}

takes_values_of_any_length() {
    asked 401 HTTP_X_STELLA_TOKEN=@65536
    asked 401 "HTTP_X_STELLA_TOKEN=$token" HTTP_X_SITE_ID=@65536
    asked 200 "${good[@]}" HTTP_COOKIE=@262144
}

ends_a_connection_with_its_answer() {
    expect 1 timeout 60 "$ask" "$socket" 2 REQUEST_METHOD=GET "${good[@]}" -- twice
    [ "$(grep -c '^Status: 200 OK$' "$dir/out")" = 1 ] || fail "not one answer"
}

takes_the_servers_word_for_scopes_and_cost_and_no_nonsense() {
    asked 200 "${good[@]}" STKGATE_NEEDS=catalog:read,cart:write STKGATE_COST=2
    asked 200 "${good[@]}" STKGATE_NEEDS= STKGATE_COST=
    for mistake in STKGATE_NEEDS=no:such STKGATE_NEEDS=Bad! STKGATE_COST=0 STKGATE_COST=x STKGATE_COST=-1; do
        asked 500 "${good[@]}" $mistake
        log_has 'STKGATE_NEEDS must be names of registered scopes'
    done
    # What a client can set has another name.
    asked 200 "${good[@]}" HTTP_STKGATE_NEEDS=no:such
}

is_no_responder() {
    for role in 1 3; do
        expect 0 timeout 60 "$ask" "$socket" $role REQUEST_METHOD=GET "${good[@]}"
        out_has '^Status: 500 '
        out_lacks Variable-
    done
    log_has 'must have it as an authorizer'
}

outlives_peers_that_talk_nonsense() {
    for _ in 1 2 3 4 5 6; do
        expect 0 timeout 60 "$ask" "$socket" 2 "${good[@]}" -- cut
        expect 1 timeout 60 "$ask" "$socket" 2 -- garbage
    done
    asked 200 "${good[@]}"
}

is_not_held_up_by_silent_peers() {
    local pids=()
    for _ in 1 2 3; do
        timeout 60 "$ask" "$socket" 2 -- silent & pids+=($!)
    done
    asked 200 "${good[@]}"
    wait "${pids[@]}" # they are shut down, all of them: else timeout(1) would
    asked 200 "${good[@]}"
}

lets_a_preflight_pass_when_told() {
    local preflight=(REQUEST_METHOD=OPTIONS HTTP_ACCESS_CONTROL_REQUEST_METHOD=POST)
    expect 0 "$ask" "$socket" 2 "${preflight[@]}"
    out_has '^Status: 401 '
    stop_authorizer
    start_authorizer --preflight --threads 1
    expect 0 "$ask" "$socket" 2 "${preflight[@]}"
    out_has '^Status: 200 OK$'
    out_lacks Variable-
    expect 0 "$ask" "$socket" 2 REQUEST_METHOD=OPTIONS
    out_has '^Status: 401 '
    stop_authorizer
}

listens_in_the_place_of_standard_input() {
    command -v spawn-fcgi >/dev/null || return 0
    spawn-fcgi -s "$socket" -n -- "$stkgate" authorizer --scope cart:write --site kasa \
        2>>"$dir/authorizer.log" & authorizer_pid=$!
    until_works listens "$socket"
    asked 200 "HTTP_X_STELLA_TOKEN=$token"
    asked 401
    stop_authorizer
}

# libfcgi uses select(), which would write behind its set for a descriptor of 1024 or more: such a
# connection is closed, which web servers answer with 503, and the authorizer lives.
takes_no_connection_that_select_has_no_room_for() {
    command -v spawn-fcgi >/dev/null || return 0
    (
        ulimit -n 2048
        for ((fd = 3; fd < 1030; fd++)); do
            eval "exec $fd</dev/null"
        done
        exec spawn-fcgi -s "$socket" -n -- "$stkgate" authorizer 2>>"$dir/authorizer.log"
    ) & authorizer_pid=$!
    until_works listens "$socket"
    for _ in 1 2 3; do
        expect 1 timeout 60 "$ask" "$socket" 2 REQUEST_METHOD=GET "${good[@]}"
        out_is ''
    done
    stop_authorizer
}

says_what_is_wrong_at_its_start() {
    expect 64 "$stkgate" authorizer --scope no:such
    err_has 'not registered'
    expect 64 "$stkgate" authorizer "$token"
    err_lacks "$token"
    expect 69 "$stkgate" authorizer </dev/null
    err_has 'no socket to listen on'
    expect 0 "$stkgate" authorizer --help
    out_has '^Usage: stkgate authorizer '
}

refuses_with_503_without_a_daemon() {
    export STKGATE_DIRECT=no # else it would go on for a while, by what it has in memory
    start_authorizer --scope cart:write
    asked 200 "${good[@]}"
    stop_daemon
    asked 503 "${good[@]}"
    out_has '^\{.*"status":503'
    log_has "stkgate authorizer: no daemon at $dir/run/check.sock "
    start_daemon
    is_back() { "$ask" "$socket" 2 REQUEST_METHOD=GET "${good[@]}" | grep -q '^Status: 200 '; }
    until_works is_back
    stop_authorizer
}

start_daemon
mint --site kasa --name one --limit 50 --window 1h --scope catalog:read --scope cart:write
good=("HTTP_X_STELLA_TOKEN=$token" HTTP_X_SITE_ID=kasa)
start_authorizer --log-refusals --threads 4
allows_with_variables_and_fields
refuses_with_a_complete_answer
takes_a_field_that_came_twice_for_malformed
takes_values_of_any_length
ends_a_connection_with_its_answer
takes_the_servers_word_for_scopes_and_cost_and_no_nonsense
is_no_responder
outlives_peers_that_talk_nonsense
is_not_held_up_by_silent_peers
lets_a_preflight_pass_when_told
listens_in_the_place_of_standard_input
takes_no_connection_that_select_has_no_room_for
says_what_is_wrong_at_its_start
refuses_with_503_without_a_daemon
grep -q "$token" "$dir/log" "$dir/authorizer.log" && fail "a token is in a log"
exit 0
