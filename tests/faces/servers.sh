# shellcheck shell=bash
# servers.sh - of faces.sh: what more than one face needs of nginx, lighttpd and Apache

# A module with a sanitizer needs its run-time library in a server that has none. Prints why that can't be had;
# sets $sanitizer, for server_env, when it is needed.
module_sanitizer_missing() {
    is_sanitized || return
    if is_sanitized thread; then
        echo "a module with the thread sanitizer can't be watched in a server without"
    elif [ ! -e "$(sanitizer)" ]; then
        echo "the sanitizer's run-time library for a server without is not installed"
    fi
}
sanitizer() {
    local compiler library
    compiler=$(sed -n 's/^CC = //p' "$STKGATE_BUILDDIR/Makefile")
    for library in "libclang_rt.asan-$(uname -m).so" libasan.so; do
        library=$($compiler -print-file-name="$library")
        [ ! -e "$library" ] || { echo "$library"; return; }
    done
}
# What the server itself leaks at its end is not ours.
with_sanitizer() {
    ! is_sanitized || server_env+=("LD_PRELOAD=$(sanitizer)" ASAN_OPTIONS=detect_leaks=0)
}

# lighttpd_begin MODULE...: the beginning of a configuration.
lighttpd_begin() {
    mkdir -p "$face/root"
    cat <<CONF
server.document-root = "$face/root"
server.bind = "${address#unix:}"
server.errorlog = "$face/error.log"
server.max-request-field-size = 65535
server.modules = ("mod_setenv", $(printf '"%s", ' "$@") "mod_accesslog")
accesslog.filename = "$face/access.log"
# X_Stella_Token would be HTTP_X_STELLA_TOKEN to a program, as X-Stella-Token is: empty is gone.
setenv.set-request-header = (
    "X_Stella_Token" => "", "X_Stella-Token" => "", "X-Stella_Token" => "",
    "X_API_Key" => "", "X_API-Key" => "", "X-API_Key" => "",
    "X_Site_ID" => "", "X_Site-ID" => "", "X-Site_ID" => "")
CONF
    # Not debug.log-request-header, which is for seeing headers whole, tokens and all, nor -handling,
    # which writes those of requests that lighttpd refuses.
    is_quiet || printf 'debug.log-%s = "enable"\n' response-header condition-handling timeouts state-handling
}

# nginx_begin LEVEL [LINE]...: the beginning of a configuration that logs from LEVEL on, with lines of its own at the top, up to the
# middle of http {}; a server behind listens on $face/behind.sock and says 200 to everything.
nginx_begin() {
    local level=$1
    shift
    printf '%s\n' "$@"
    cat <<CONF
daemon off;
pid $face/nginx.pid;
worker_processes 2;
error_log $face/error.log $level;
events {}
http {
    access_log $face/access.log;
    client_body_temp_path $face/t1; proxy_temp_path $face/t2; fastcgi_temp_path $face/t3;
    uwsgi_temp_path $face/t4; scgi_temp_path $face/t5;
    $(is_quiet && echo 'large_client_header_buffers 4 128k;')
    default_type text/plain;
    server { listen unix:$face/behind.sock; return 200 "behind\\n"; }
    upstream behind { server unix:$face/behind.sock; }
CONF
}
serve_nginx() {
    local user=()
    # nginx that is root becomes nobody, who can't come to the sockets here.
    [ "${web[0]}" != env ] || [ "$(id -u)" != 0 ] || user=(-g "user root;")
    serve nginx -e "$face/error.log" -c "$face/nginx.conf" "${user[@]}"
}

# apache_begin MPM LEVEL [LINE]...: the beginning of a configuration, for the port in $address.
apache_begin() {
    local mpm=$1 level=$2 folder name built_in
    shift 2
    built_in=$(apache2 -l)
    folder=$(dirname "$(find /usr/lib/apache2/modules /usr/lib*/httpd/modules -name mod_authz_core.so 2>/dev/null | head -n 1)")
    mkdir -p "$face/root" "$face/tmp"
    for name in "mpm_$mpm" unixd authn_core authz_core authz_user log_config mime alias \
        "$([ "$mpm" = prefork ] && echo cgi || echo cgid)"; do
        # Debian's has some built in, others' have not.
        grep -q "mod_$name\.c" <<<"$built_in" || echo "LoadModule ${name}_module $folder/mod_$name.so"
    done
    cat <<CONF
ServerName shop.example
ServerRoot $face
DefaultRuntimeDir $face
PidFile $face/httpd.pid
Listen $address
DocumentRoot $face/root
ErrorLog $face/error.log
LogLevel $level
LogFormat "%h %u \"%r\" %>s" all
CustomLog $face/access.log all
TypesConfig /dev/null
$(is_quiet && echo LimitRequestFieldSize 131072)
LimitRequestLine 8190
StartServers 1
GracefulShutdownTimeout 5
<Directory />
    Require all denied
</Directory>
<Directory $face>
    Require all granted
</Directory>
CONF
    [ "$mpm" = prefork ] || printf '%s\n' "ScriptSock $face/cgid.sock"
    printf '%s\n' "$@"
}
apache_missing() {
    type -P apache2 >/dev/null || { echo "Apache is not installed"; return; }
    [ "${web[0]}" != env ] || [ "$(id -u)" != 0 ] || echo "Apache does not serve as root"
}
serve_apache() { serve apache2 -DFOREGROUND -d "$face" -f "$face/httpd.conf"; }

# A face of mod_stkgate with this MPM.
apache_module_missing() {
    if ! has APACHE; then
        echo "its module is not in this build"
    else
        apache_missing
        module_sanitizer_missing
    fi
}
apache_module_start() { # MPM
    address=127.0.0.1:$(port)
    {
        apache_begin "$1" "$(is_quiet && echo info || echo trace8)" "LoadFile $STKGATE_BUILDDIR/module/client/.libs/libstkgate.so.0" \
            "LoadModule stkgate_module $(module apache/.libs/mod_stkgate.so)" "StkgateSocket $dir/run/check.sock" \
            "StkgateTimeout 20000"
        each_place apache_place
    } >"$face/httpd.conf"
    with_sanitizer
    serve_apache
}
apache_place() { # PATH SERVICE COST SCOPES
    echo behind >"$face/root$1"
    cat <<CONF
<Location $1>
    AuthType Stkgate
    StkgateService $2
    ${3:+StkgateCost $3}
    Require ${4:+stkgate-scope }${4:-valid-user}
</Location>
CONF
}

# A program that says 200 to everything, and one for each place that puts stkgate cgi before it.
write_programs() {
    mkdir -p "$face/cgi"
    # What a program leaves of the body is a broken connection to Apache's mod_cgid.
    printf '#!/bin/sh\ncat >/dev/null\nprintf "Content-Type: text/plain\\r\\n\\r\\nbehind\\n"\n' >"$face/behind"
    each_place write_program
    chmod 755 "$face/behind" "$face"/cgi/*
}
write_program() { # PATH SERVICE COST SCOPES
    {
        echo '#!/bin/sh'
        # shellcheck disable=SC2086
        echo "exec $stkgate cgi --runtime $dir/run --service $2" ${3:+--cost $3} ${4:+--scope "${4// /,}"} \
            "-- $face/behind"
    } >"$face/cgi$1"
}
