# shellcheck shell=bash
# authorizer-lighttpd.sh - stkgate authorizer, asked by lighttpd over FastCGI before it runs a program
face_missing() {
    if ! has FCGI; then
        echo "this build has no stkgate authorizer"
    elif ! type -P lighttpd >/dev/null; then
        echo "lighttpd is not installed"
    elif [ ! -e /usr/lib/lighttpd/mod_magnet.so ]; then
        echo "lighttpd's mod_magnet is not installed"
    fi
}
face_start() {
    address=unix:$face/web.sock
    write_programs
    {
        lighttpd_begin mod_alias mod_fastcgi mod_cgi mod_magnet
        cp "$STKGATE_SRCDIR/examples/lighttpd/lighttpd-fields.lua" "$face"
        echo "magnet.attract-response-start-to = (\"$face/lighttpd-fields.lua\")"
        echo "alias.url = (\"/\" => \"$face/open/\")"
        echo 'cgi.assign = ("" => "")'
        each_place authorizer_place
    } >"$face/lighttpd.conf"
    serve lighttpd -D -f "$face/lighttpd.conf"
}
authorizer_place() { # PATH SERVICE COST SCOPES
    mkdir -p "$face/open"
    cp "$face/behind" "$face/open$1"
    cat <<CONF
fastcgi.server += ("$1" => ((
    "mode" => "authorizer", "check-local" => "disable", "docroot" => "$face/open",
    "socket" => "$face/fcgi${1//\//-}.sock", "max-procs" => 1,
    "bin-path" => "$stkgate authorizer --runtime $dir/run --service $2${3:+ --cost $3}${4:+ --scope ${4// /,}}")))
CONF
}
face_lines() { identity; }
