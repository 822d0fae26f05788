#!/bin/bash
# Caddy with the recipe of docs/servers/http.md asks http.sock, and keeps to what it says.
# shellcheck source=tests/system/asks.sh
. "${STKGATE_SRCDIR:?}/tests/system/asks.sh"
needs caddy lighttpd curl

serve() {
    local name=$1
    block http.md Caddyfile | sed -e "s,unix//run/stkgate/http.sock,unix/$dir/run/http.sock," \
        -e "s,127.0.0.1:8080,unix/$dir/app.sock," -e "s,/var/log/caddy,$dir," \
        -e "s,^:80 {,http:// {\n\tbind unix/$dir/$name.sock," -e "1s,{,{\n\tadmin off," \
        -e "${2:-}" >"$dir/$name.Caddyfile"
    start env HOME="$dir" XDG_CONFIG_HOME="$dir" XDG_DATA_HOME="$dir" \
        caddy run --config "$dir/$name.Caddyfile" --adapter caddyfile
    is_up "$name.sock"
}

# Caddy reads no control characters.
refuses_what_is_no_header_line() {
    local byte
    mint --site kasa --name unreadable --scope catalog:read
    for byte in '\001' '\033' '\177'; do
        call 400 < <(printf "X-Stella-Token: %s$byte\nX-Site-ID: kasa\n" "$token")
        lacks X-App
        call 400 < <(fields; printf "X-Else: a${byte}b\n")
        lacks X-App
    done
    call 200 < <(fields)
}

start_daemon
start_app
serve web
goes_through_the_table
refuses_what_is_no_header_line
refuses_what_is_too_long 1 4
refuses_when_its_question_is_wrong
takes_the_site_from_the_host
no_secret_in_any_log
exit 0
