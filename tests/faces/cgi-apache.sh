# shellcheck shell=bash
# cgi-apache.sh - stkgate cgi before a program, under Apache
face_missing() {
    if ! "$stkgate" cgi --help >/dev/null 2>&1; then
        echo "this build has no stkgate cgi"
    else
        apache_missing
    fi
}
face_start() {
    address=127.0.0.1:$(port)
    write_programs
    # At debug Apache without our module logs lines without a colon, at trace4 the header.
    apache_begin event info "ScriptAlias / $face/cgi/" "<Location />" "CGIPassAuth on" "</Location>" >"$face/httpd.conf"
    serve_apache
}
face_lines() { identity; }
