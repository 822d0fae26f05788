#!/bin/bash
# `stkgate cgi` behind Apache, as docs/servers/cgi.md has it, run by mod_cgid and by mod_cgi: programs of each
# language work unchanged, refusals are complete, and hostile fields do no harm.
# shellcheck source=tests/system/cgi_rig.sh
. "${STKGATE_SRCDIR:?}/tests/system/cgi_rig.sh"
needs apache2 apache2
prepare
configuration() {
    from_docs cgi.md apache.conf
    echo "SetEnv STKGATE_RUNTIME $STKGATE_RUNTIME"
    echo 'SetEnv STKGATE_SITE evil'
    echo 'ErrorDocument 404 /api/checkout'
}

an_underscore_is_dropped_by_apache() {
    call 200 /api/cart.sh "X-Stella-Token: $token" 'X_Stella_Token: x' 'X-Site-ID: kasa'
    call 401 /api/cart.sh "X_Stella_Token: $token" 'X-Site-ID: kasa'
    body_has '"reason":"missing_token"'
}

authorization_is_passed_on() {
    call 202 /api/checkout "Authorization: Bearer $token" 'X-Site-ID: kasa'
    body_lacks stk_
    call 202 /api/checkout "${good[@]}" 'Authorization: Basic eA=='
    body_has '^HTTP_AUTHORIZATION=Basic eA==$'
}

# Apache keeps the variables of the first call, with REDIRECT_ before their names.
a_redirect_inside_the_server_keeps_nothing() {
    call 202 /nowhere "${good[@]}"
    body_has '^REDIRECT_STATUS=404$'
    body_lacks stk_
    call 202 /api/elsewhere.sh "${good[@]}"
    body_has '^REDIRECT_HTTP_X_SITE_ID=kasa$'
    body_has '^STKGATE_SITE=kasa$'
    body_lacks stk_
}

what_the_server_hands_on_unread_is_whole() {
    call 299 /api/nph-raw.sh "${good[@]}"
    head_has '^X-Raw: yes$'
    head_lacks RateLimit
    call 401 /api/nph-raw.sh
    head_has '^WWW-Authenticate: '
    body_has '"reason":"missing_token"'
}

program "$www/api/elsewhere.sh" <<END
#!$stkgate cgi -- /bin/sh
printf 'Location: /api/checkout\n\n'
END
for mpm in event prefork; do
    start_apache $mpm < <(configuration)
    every_language_works cart.sh catalog.pl catalog.py catalog.php
    a_program_is_itself
    [ $mpm != event ] || refusals_are_complete # it empties a bucket for an hour
    hostile_fields_do_no_harm
    an_underscore_is_dropped_by_apache
    authorization_is_passed_on
    a_redirect_inside_the_server_keeps_nothing
    what_the_server_hands_on_unread_is_whole
    stop_web
done
leaks_nothing
exit 0
