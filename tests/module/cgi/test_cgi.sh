# `stkgate cgi` with a real daemon and without a web server: what it makes of an environment.
. "${STKGATE_SRCDIR:?is set by make check}/tests/rig.sh"
start_daemon
mint --site kasa --name one --limit 50 --window 24h --scope catalog:read --scope cart:write
show='printf "Content-Type: text/plain\n\n"; env; cat'
unknown=stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17

# cgi STATUS [NAME=VALUE]... -- [OPTION]... -- PROGRAM...: of these variables alone.
cgi() {
    local status=$1 variables=()
    shift
    while [ "$1" != -- ]; do variables+=("$1"); shift; done
    shift
    expect "$status" env -i PATH="$PATH" STKGATE_RUNTIME="$STKGATE_RUNTIME" REQUEST_METHOD=POST \
        "${variables[@]}" "$stkgate" cgi "$@" </dev/null
}
good=("HTTP_X_STELLA_TOKEN=$token" HTTP_X_SITE_ID=kasa)

runs_the_program_with_what_is_known() {
    cgi 0 "${good[@]}" OTHER=kept -- --scope cart:write -- sh -c "$show"
    sed '/^$/q' "$dir/out" | tr '\n' '|' >"$dir/head"
    grep -Eqx 'RateLimit-Limit: 50\|RateLimit-Remaining: 49\|RateLimit-Reset: 1728\|Content-Type: text/plain\|\|' \
        "$dir/head" || fail "the header is not ours and then the program's: $(cat "$dir/head")"
    for line in "STKGATE_KEY_ID=$key_id" STKGATE_SITE=kasa 'STKGATE_SCOPES=catalog:read cart:write' \
        STKGATE_KIND=live STKGATE_REMAINING=49 OTHER=kept HTTP_X_SITE_ID=kasa REQUEST_METHOD=POST; do
        grep -Fqx "$line" "$dir/out" || fail "the program lacks $line"
    done
}

leaves_standard_input_to_the_program() {
    printf 'a body' | env "${good[@]}" REQUEST_METHOD=POST "$stkgate" cgi -- cat >"$dir/out" 2>"$dir/err"
    out_has '^a body$'
}

ends_as_the_program_does() {
    cgi 7 "${good[@]}" -- -- sh -c 'exit 7'
}

takes_the_credentials_out() {
    local also=("HTTP_AUTHORIZATION=Bearer $token" "HTTP_X_API_KEY=$token"
        "REDIRECT_HTTP_X_STELLA_TOKEN=$token" "REDIRECT_REDIRECT_HTTP_AUTHORIZATION=Bearer $token")
    cgi 0 "${good[@]}" "${also[@]}" -- -- sh -c "tr '\\0' '\\n' </proc/\$\$/environ; $show"
    out_lacks "$token"
    out_lacks HTTP_X_STELLA_TOKEN
    out_lacks HTTP_AUTHORIZATION
    cgi 0 "${good[@]}" 'HTTP_AUTHORIZATION=Basic eA==' -- -- sh -c "$show"
    out_has '^HTTP_AUTHORIZATION=Basic eA==$'
    cgi 0 "${good[@]}" "${also[@]}" -- --pass-token -- sh -c "$show"
    out_has "^HTTP_X_STELLA_TOKEN=$token\$"
    out_has "^HTTP_AUTHORIZATION=Bearer $token\$"
}

believes_nothing_that_was_there_before() {
    cgi 0 "${good[@]}" STKGATE_KEY_ID=forged STKGATE_SITE=forged STKGATE_ANYTHING=forged \
        REDIRECT_STKGATE_SITE=forged -- -- sh -c "$show"
    out_lacks forged
    cgi 0 REQUEST_METHOD=OPTIONS HTTP_ACCESS_CONTROL_REQUEST_METHOD=PUT STKGATE_KEY_ID=forged \
        -- --preflight -- sh -c "$show"
    out_lacks forged
}

# refused STATUS REASON [NAME=VALUE]... -- [OPTION]...
refused() {
    local status=$1 reason=$2
    shift 2
    rm -f "$dir/ran"
    cgi 0 "$@" -- touch "$dir/ran"
    [ ! -e "$dir/ran" ] || fail "the program ran: $words"
    head -n 1 "$dir/out" | grep -q "^Status: $status " || fail "no status $status: $words"
    out_has '^Content-Type: application/problem\+json$'
    out_has "^\{.*\"status\":$status.*\"reason\":\"$reason\".*\}\$"
    out_lacks "$token"
    [ ! -s "$dir/err" ] || fail "it wrote to stderr: $words"
}

answers_a_refusal_itself() {
    refused 401 missing_token --
    out_has '^WWW-Authenticate: Bearer realm="storefront"$'
    refused 401 missing_token HTTP_X_STELLA_TOKEN= HTTP_X_API_KEY= --
    refused 401 malformed_token HTTP_X_STELLA_TOKEN=nonsense --
    refused 401 unknown_token "HTTP_X_STELLA_TOKEN=$unknown" HTTP_X_SITE_ID=kasa --
    refused 401 unknown_token "HTTP_X_STELLA_TOKEN=$token" HTTP_X_SITE_ID=other --
    refused 401 unknown_token "HTTP_X_STELLA_TOKEN=$token" --
    refused 403 insufficient_scope "${good[@]}" -- --scope checkout:create
    out_has '^WWW-Authenticate: .*insufficient_scope'
    refused 403 cost_exceeds_burst "${good[@]}" -- --cost 51
    refused 429 rate_limited "${good[@]}" -- --cost 50
    out_has '^Retry-After: [0-9]+$'
    out_has '^Cache-Control: no-store$'
}

takes_a_field_that_came_twice_for_malformed() {
    refused 401 malformed_token "HTTP_X_STELLA_TOKEN=$token, $token" HTTP_X_SITE_ID=kasa --
    refused 401 malformed_token "HTTP_X_STELLA_TOKEN=$token," HTTP_X_SITE_ID=kasa --
    refused 401 unknown_token "HTTP_X_STELLA_TOKEN=$token" 'HTTP_X_SITE_ID=kasa, kasa' --
    # A line folded by the client, with whatever a server makes of the fold.
    refused 401 malformed_token "HTTP_X_STELLA_TOKEN=$token"$'\r\n x' HTTP_X_SITE_ID=kasa --
}

# env(1) can't give a name twice; the program's own environment can.
reads_a_name_that_is_there_twice_as_both() {
    [ "$(uname -m)" = x86_64 ] || return 0 # 59 is its number of execve
    cat >"$dir/twice.pl" <<'END'
my ($program, $first, $second) = @ARGV;
my @argv = ($program, "cgi", "--", "/usr/bin/env");
my @list = ("REQUEST_METHOD=GET", "STKGATE_RUNTIME=$ENV{STKGATE_RUNTIME}", "HTTP_X_SITE_ID=kasa",
    "HTTP_X_STELLA_TOKEN=$first", "HTTP_X_STELLA_TOKEN=$second");
syscall(59, $program, pack("p*x8", @argv), pack("p*x8", @list));
exit 99;
END
    for pair in "$token $unknown" "$unknown $token" "$token $token"; do
        # shellcheck disable=SC2086
        expect 0 perl "$dir/twice.pl" "$stkgate" $pair </dev/null
        out_has '^Status: 401 '
        out_has '"reason":"malformed_token"'
    done
}

takes_values_of_any_length() {
    local long
    long=$(head -c 65536 /dev/zero | tr '\0' x)
    refused 401 malformed_token "HTTP_X_STELLA_TOKEN=$long" HTTP_X_SITE_ID=kasa --
    refused 401 malformed_token "HTTP_X_STELLA_TOKEN=$token$long" HTTP_X_SITE_ID=kasa --
    refused 401 unknown_token "HTTP_X_STELLA_TOKEN=$token" "HTTP_X_SITE_ID=kasa$long" --
    cgi 0 "${good[@]}" "HTTP_ORIGIN=$long" "HTTP_COOKIE=$long" -- -- sh -c 'echo $STKGATE_SITE'
    out_has '^kasa$'
}

asks_for_the_site_that_the_operator_names() {
    cgi 0 "HTTP_X_STELLA_TOKEN=$token" HTTP_X_SITE_ID=other -- --site kasa -- echo ran
    out_has '^ran$'
    refused 401 unknown_token "${good[@]}" -- --site other
}

takes_a_legacy_key_and_says_until_when() {
    echo old-key-12345 | "$stkgate" admin legacy add --site kasa --deprecation 2026-01-01 \
        --sunset 90d --link https://example.com/keys >/dev/null 2>&1 || fail "legacy add"
    cgi 0 HTTP_X_API_KEY=old-key-12345 HTTP_X_SITE_ID=kasa -- -- sh -c "$show"
    out_has '^Deprecation: @1767225600$'
    out_has '^Sunset: .* GMT$'
    out_has '^Link: <https://example.com/keys>; rel="deprecation"'
    out_has '^STKGATE_KIND=legacy$'
    out_lacks old-key-12345
}

has_no_body_for_a_head() {
    cgi 0 REQUEST_METHOD=HEAD -- -- true
    [ "$(tail -n 1 "$dir/out")" = '' ] && [ "$(grep -c . "$dir/out")" -ge 3 ] || fail "a body for HEAD"
    out_lacks '{'
}

lets_a_preflight_pass_when_told() {
    local ask=(REQUEST_METHOD=OPTIONS HTTP_ORIGIN=https://kasa.example
        HTTP_ACCESS_CONTROL_REQUEST_METHOD=POST)
    refused 401 missing_token "${ask[@]}" --
    cgi 0 "${ask[@]}" -- --preflight -- echo ran
    out_is ran
    refused 401 missing_token REQUEST_METHOD=OPTIONS -- --preflight
    refused 401 missing_token HTTP_ACCESS_CONTROL_REQUEST_METHOD=POST -- --preflight
}

adds_no_fields_where_they_would_do_harm() {
    cgi 0 "${good[@]}" -- --no-fields -- echo ran
    out_is ran
    cgi 0 "${good[@]}" SCRIPT_FILENAME=/cgi-bin/nph-x -- -- echo ran
    out_is ran
    cgi 0 "${good[@]}" SCRIPT_NAME=/cgi-bin/nph-x -- -- echo ran
    out_is ran
    cgi 0 SCRIPT_FILENAME=/cgi-bin/nph-x -- -- echo ran
    head -n 1 "$dir/out" | grep -qx $'HTTP/1.1 401 Unauthorized\r' || fail "no status line: $words"
    cgi 0 "${good[@]}" SCRIPT_NAME=/nph-x/y -- -- echo ran
    out_has '^RateLimit-Limit: 50$'
}

works_in_the_first_line_of_a_script() {
    ln -s "$stkgate" "$dir/stkgate" # the kernel takes 255 bytes
    printf '#!%s cgi --scope cart:write -- /bin/sh\necho "ran $1 for $STKGATE_SITE"\n' \
        "$dir/stkgate" >"$dir/script"
    printf '#!%s cgi --scope cart:write --\necho ran\n' "$dir/stkgate" >"$dir/endless"
    chmod 755 "$dir/script" "$dir/endless"
    expect 0 env "${good[@]}" REQUEST_METHOD=GET "$dir/script" one </dev/null
    out_has '^ran one for kasa$'
    expect 0 env REQUEST_METHOD=GET "$dir/script" </dev/null
    out_has '^Status: 401 '
    expect 64 env "${good[@]}" REQUEST_METHOD=GET timeout 20 "$dir/endless" </dev/null
    out_has '^Status: 500 '
    err_has 'does not name, behind --, the interpreter'
}

answers_500_when_the_program_cannot_be_run() {
    cgi 127 "${good[@]}" -- -- /nonexistent
    out_has '^Status: 500 '
    out_has '^\{.*"status":500\}$'
    err_has "can't be run: No such file"
    cgi 126 "${good[@]}" -- -- /etc
    out_has '^Status: 500 '
}

answers_500_to_mistakes_in_its_options() {
    for arguments in '' '--' 'true' '--nonsense -- true' '--cost 0 -- true' '--service a/b -- true' \
        '--scope no:such -- true' '--scope Bad! -- true' "$token -- true" "--$token -- true"; do
        # shellcheck disable=SC2086
        cgi 64 "${good[@]}" -- $arguments
        out_has '^Status: 500 '
        err_has '^stkgate cgi: .'
        err_lacks "$token"
        out_lacks "$token"
    done
}

# Servers break an answer off when the program ends with the body unread.
reads_the_body_of_a_refused_call() {
    mkfifo "$dir/upload" || fail mkfifo
    head -c 1000000 /dev/zero >"$dir/upload" &
    local writer=$!
    env REQUEST_METHOD=POST "$stkgate" cgi -- cat <"$dir/upload" >"$dir/out" 2>"$dir/err"
    out_has '^Status: 401'
    wait $writer || fail "the body was not read"
}

is_not_kept_by_a_body_without_end() {
    mkfifo "$dir/stream" || fail mkfifo
    yes >"$dir/stream" 2>/dev/null &
    local writer=$! status=0
    timeout 60 env REQUEST_METHOD=POST "$stkgate" cgi -- cat <"$dir/stream" >"$dir/out" 2>"$dir/err" || status=$?
    [ $status = 0 ] || fail "ended with $status"
    out_has '^Status: 401'
    wait $writer
    # Nor by one that is open, and has nothing in it.
    exec 3<>"$dir/stream"
    timeout 60 env REQUEST_METHOD=POST "$stkgate" cgi -- cat <&3 3>&- >"$dir/out" 2>"$dir/err" || status=$?
    exec 3>&-
    [ $status = 0 ] || fail "an open body kept it: $status"
}

explains_itself_by_hand() {
    expect 0 "$stkgate" cgi --help
    out_has '^Usage: stkgate cgi '
    expect 64 env -u REQUEST_METHOD "$stkgate" cgi -- true
    err_has 'for a web server to run'
    out_is ''
    expect 64 env -u REQUEST_METHOD "$stkgate" cgi
    err_has '^Usage: stkgate cgi '
    out_is ''
}

logs_refusals_when_told_and_no_token_ever() {
    cgi 0 "HTTP_X_STELLA_TOKEN=$token" HTTP_X_SITE_ID=other -- --log-refusals -- true
    err_has "^stkgate cgi: refused: 401 site_mismatch key_id=$key_id site=kasa\$"
    cgi 0 "HTTP_X_STELLA_TOKEN=$token,$token" -- --log-refusals -- true
    err_has '^stkgate cgi: refused: 401 malformed_token$'
    err_lacks "$token"
    cgi 0 "${good[@]}" -- --log-refusals -- true
    [ ! -s "$dir/err" ] || fail "an allowed call was logged"
}

answers_503_without_a_daemon() {
    stop_daemon
    for scope in cart:write not:builtin; do
        cgi 69 "${good[@]}" -- --scope $scope -- touch "$dir/ran"
        out_has '^Status: 503 Service Unavailable$'
        out_has '^\{.*"status":503.*\}$'
        err_has "^stkgate cgi: no daemon at $dir/run/check.sock "
        err_lacks "$token"
    done
    cgi 69 "${good[@]}" -- --socket "$dir/nowhere/check.sock" -- touch "$dir/ran"
    err_has "no daemon at $dir/nowhere/check.sock "
    [ ! -e "$dir/ran" ] || fail "the program ran without a verdict"
}

rm -f "$dir/ran"
runs_the_program_with_what_is_known
leaves_standard_input_to_the_program
ends_as_the_program_does
takes_the_credentials_out
believes_nothing_that_was_there_before
answers_a_refusal_itself
takes_a_field_that_came_twice_for_malformed
reads_a_name_that_is_there_twice_as_both
takes_values_of_any_length
asks_for_the_site_that_the_operator_names
takes_a_legacy_key_and_says_until_when
has_no_body_for_a_head
lets_a_preflight_pass_when_told
adds_no_fields_where_they_would_do_harm
works_in_the_first_line_of_a_script
answers_500_when_the_program_cannot_be_run
answers_500_to_mistakes_in_its_options
reads_the_body_of_a_refused_call
is_not_kept_by_a_body_without_end
explains_itself_by_hand
logs_refusals_when_told_and_no_token_ever
answers_503_without_a_daemon
grep -q "$token" "$dir/log" && fail "a token is in the log"
exit 0
