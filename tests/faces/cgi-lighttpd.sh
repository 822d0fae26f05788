# shellcheck shell=bash
# cgi-lighttpd.sh - stkgate cgi before a program, under lighttpd
face_missing() {
    if ! "$stkgate" cgi --help >/dev/null 2>&1; then
        echo "this build has no stkgate cgi"
    elif ! type -P lighttpd >/dev/null; then
        echo "lighttpd is not installed"
    fi
}
face_start() {
    address=unix:$face/web.sock
    write_programs
    {
        lighttpd_begin mod_alias mod_cgi
        echo "alias.url = (\"/\" => \"$face/cgi/\")"
        echo 'cgi.assign = ("" => "")'
    } >"$face/lighttpd.conf"
    serve lighttpd -D -f "$face/lighttpd.conf"
}
face_lines() { identity; }
