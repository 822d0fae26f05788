#!/bin/bash
# `stkgate cgi` behind lighttpd, as docs/servers/cgi.md has it: programs of each language work unchanged,
# refusals are complete, and hostile fields do no harm.
# shellcheck source=tests/system/cgi_rig.sh
. "${STKGATE_SRCDIR:?}/tests/system/cgi_rig.sh"
needs lighttpd lighttpd
prepare
configuration() {
    from_docs cgi.md lighttpd.conf
    echo 'server.modules += ("mod_setenv")'
    echo "setenv.add-environment = (\"STKGATE_RUNTIME\" => \"$STKGATE_RUNTIME\", \"STKGATE_SITE\" => \"evil\")"
}
start_lighttpd < <(configuration)

every_language_works cart.sh catalog.pl catalog.py catalog.php
a_program_is_itself
refusals_are_complete
hostile_fields_do_no_harm

an_underscore_is_a_hyphen_to_lighttpd() {
    call 401 /api/cart.sh "X-Stella-Token: $token" 'X_Stella_Token: x' 'X-Site-ID: kasa'
    body_has '"reason":"malformed_token"'
    call 401 /api/cart.sh 'X_Stella_Token: x' "X-Stella-Token: $token" 'X-Site-ID: kasa'
    body_has '"reason":"malformed_token"'
    call 401 /api/cart.sh "X_Stella_Token: $token" "X-Stella-Token: $token" 'X-Site-ID: kasa'
    body_has '"reason":"malformed_token"'
    call 200 /api/cart.sh "X_Stella_Token: $token" 'X-Site-ID: kasa'
    call 202 /api/checkout "X_Stella_Token: $token" 'X-Site-ID: kasa'
    body_lacks stk_
}

authorization_is_passed_on() {
    call 202 /api/checkout "Authorization: Bearer $token" 'X-Site-ID: kasa'
    body_lacks stk_
    call 202 /api/checkout "${good[@]}" 'Authorization: Basic eA=='
    body_has '^HTTP_AUTHORIZATION=Basic eA==$'
}

an_underscore_is_a_hyphen_to_lighttpd
authorization_is_passed_on
stop_daemon
call 503 /api/cart.sh "${good[@]}"
body_has '"status":503'
until_works grep -q "no daemon at $dir/run/check.sock" "$dir/web.log" "$dir/stderr.log"
stop_web
leaks_nothing
exit 0
