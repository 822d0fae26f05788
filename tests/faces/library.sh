# shellcheck shell=bash
# library.sh - a program that calls the library itself: examples/cgi/storefront, under lighttpd
face_missing() { type -P lighttpd >/dev/null || echo "lighttpd is not installed"; }
face_start() {
    address=unix:$face/web.sock
    lighttpd_begin mod_alias mod_cgi >"$face/lighttpd.conf"
    cat >>"$face/lighttpd.conf" <<CONF
alias.url = ("/api" => "$STKGATE_BUILDDIR/examples/cgi/storefront")
cgi.assign = ("" => "")
setenv.set-environment = ("STKGATE_RUNTIME" => "$STKGATE_RUNTIME")
CONF
    serve lighttpd -D -f "$face/lighttpd.conf"
}
# What it has is written into it.
face_lines() {
    echo "path /catalog /api/catalog GET"
    for path in cart checkout customer; do
        echo "path /$path /api/$path POST"
    done
}
