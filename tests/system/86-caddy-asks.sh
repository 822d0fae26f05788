#!/bin/bash
# Caddy with the recipe of docs/servers/http.md asks http.sock, and keeps to what it says.
# shellcheck source=tests/system/asks.sh
. "${STKGATE_SRCDIR:?}/tests/system/asks.sh"
needs caddy lighttpd curl

block http.md Caddyfile | sed -e "s,unix//run/stkgate/http.sock,unix/$dir/run/http.sock," \
    -e "s,127.0.0.1:8080,unix/$dir/app.sock," -e "s,/var/log/caddy,$dir," \
    -e "s,^:80 {,http:// {\n\tbind unix/$dir/web.sock," -e "1s,{,{\n\tadmin off," >"$dir/Caddyfile"

start_daemon
start_app
start env HOME="$dir" XDG_CONFIG_HOME="$dir" XDG_DATA_HOME="$dir" \
    caddy run --config "$dir/Caddyfile" --adapter caddyfile
is_up web.sock
goes_through_the_table
no_secret_in_any_log
exit 0
