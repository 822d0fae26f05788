# shellcheck shell=bash
# faces.sh - sourced behind rig.sh by the tests that put calls to every server; then by no one else
#
# A face is a file here, FACE.sh, which defines
#
#   face_missing   prints why it can't be had here; nothing when it can
#   face_start     writes its configuration to $face, starts it and sets $address, for `ask run`
#   face_lines     prints what face.h reads: its paths, and in what it is known to differ
#
# and may use
#
#   each_place COMMAND...   runs it with PATH SERVICE COST SCOPES, for each place ("" for no cost)
#   serve COMMAND...        starts a server as another user, with no output of its own
#   until_there             waits until $address is served
#   port                    prints a free port
#   has NAME                whether configure found what HAVE_NAME is about
#   module PATH             where a module for a server is, readable for the servers' user
#   identity                prints a path line for each place, for servers with the same paths
#   is_quiet                false: servers log as much as they can
faces=$STKGATE_SRCDIR/tests/faces
ask=$STKGATE_BUILDDIR/tests/faces/ask
all_faces='http nginx-module nginx-auth-request apache-prefork apache-event cgi-lighttpd cgi-apache
    authorizer-lighttpd caddy haproxy library'
PATH=$PATH:/usr/sbin:/sbin
server_uid=4711
web=(env)
[ "$(id -u)" != 0 ] || web=(setpriv --reuid $server_uid --regid $server_uid --clear-groups)
server_pids=()
# Not only the server: what it has forked, in a group of its own, when it was killed.
set -m

end_servers() {
    local pid
    for pid in "${server_pids[@]}"; do
        kill -TERM "$pid" 2>/dev/null
    done
    for pid in "${server_pids[@]}"; do
        # A server that waits for what will not come is not waited for.
        timeout 10 tail --pid="$pid" -f /dev/null
        kill -KILL -- "-$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    server_pids=()
}
end_all() {
    status=$?
    trap - EXIT
    end_servers
    (exit $status)
    cleanup
}
trap end_all EXIT

serve() {
    setsid -w true 2>/dev/null
    (cd "$face" && exec timeout -k 5 300 "${web[@]}" env "${server_env[@]}" "$@") \
        >>"$face/output.log" 2>&1 </dev/null &
    server_pids+=($!)
}
server_env=(TMPDIR=/tmp)

is_served() {
    case $address in
    unix:*) curl -s -o /dev/null --max-time 5 --unix-socket "${address#unix:}" http://face/ ;;
    *) curl -s -o /dev/null --max-time 5 "http://$address/" ;;
    esac
}
until_there() {
    local deadline=$((SECONDS + 60))
    until is_served; do
        kill -0 "${server_pids[-1]}" 2>/dev/null || { cat "$face"/*.log >&2; fail "$name has ended"; }
        [ $SECONDS -lt $deadline ] || { cat "$face"/*.log >&2; fail "$name does not answer"; }
        sleep 0.05
    done
}

each_place() {
    local path service cost scopes
    while read -r path service cost scopes; do
        [ -n "$path" ] && [ "$path" != '#' ] || continue
        "$@" "$path" "$service" "${cost#-}" "$scopes"
    done < <(grep -v '^#' "$faces/places.txt")
}
port() { "$ask" port; }
has() { grep -qF "S[\"HAVE_$1_TRUE\"]=\"\"" "$STKGATE_BUILDDIR/config.status"; }
module() {
    [ -r "$STKGATE_BUILDDIR/module/$1" ] || fail "module/$1 was not built"
    echo "$STKGATE_BUILDDIR/module/$1"
}
identity() { each_place identity_of; }
identity_of() { echo "path $1 $1"; }
is_quiet() { [ -z "${talkative:-}" ]; }

# The services that places.txt names; the servers' user has the view for some of them, and asks for others.
write_services() {
    local services=$dir/config/services.d
    echo "direct = $server_uid" | service_file storefront
    service_file ietf <<<"fields = ietf"
    service_file silent <<<"fields = none"
    printf 'accept = test\nrealm = testing ground\n' | service_file testing
    printf 'require_site = no\ndirect = %s\n' "$server_uid" | service_file siteless
    printf 'scope = checkout:create\ncost = 2\n' | service_file strict
    printf '[daemon]\nhttp_header_size = 256K\n' >"$dir/config/stkgate.conf"
    # The servers' user must come through here.
    chmod 755 "$dir"
}
service_file() { { echo '[service]'; cat; } >"$services/$1.conf"; }

# start_face NAME: sets $name, $face, $address; false, with a reason in $missing, when it can't be had.
start_face() {
    name=$1
    face=$dir/$name
    # shellcheck source=/dev/null
    . "$faces/$name.sh"
    missing=$(face_missing)
    [ -z "$missing" ] || return 1
    mkdir -p "$face"
    face_lines >"$face/lines"
    [ "${web[0]}" = env ] || chown -R $server_uid:$server_uid "$face"
    face_start
    until_there
}

# ---- the matrix -----------------------------------------------------------------------------------

# Of $names and their $columns; $left_out below.
print_matrix() {
    local i
    for i in "${!names[@]}"; do
        printf '%*s%s\n' $((44 + i * 9)) '' "${names[i]}"
    done
    "$ask" rows "$faces/table.txt" | paste - "${columns[@]}" |
        awk -F '\t' '{printf "%-44s", substr($1, 1, 43); for (i = 2; i <= NF; i++) printf "%-9s", $i; print ""}'
    echo
    echo "*  refused by the server itself, before it asked any of ours      .  not among this face's paths"
    for i in "${!names[@]}"; do
        sed -n "s/^note \(.\) /${names[i]}, \1: /p" "$dir/${names[i]}/lines"
    done
    printf '%s' "$left_out"
}

# ---- what more than one face needs ----------------------------------------------------------------

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
    is_quiet || cat <<'CONF'
debug.log-request-header = "enable"
debug.log-request-handling = "enable"
debug.log-response-header = "enable"
CONF
}
lighttpd_lines() { :; }

# nginx_begin [LINE]...: the beginning of a configuration, with lines of its own at the top, up to the
# middle of http {}; a server behind listens on $face/behind.sock and says 200 to everything.
nginx_begin() {
    printf '%s\n' "$@"
    cat <<CONF
daemon off;
pid $face/nginx.pid;
worker_processes 2;
error_log $face/error.log $(is_quiet && echo notice || echo debug);
events {}
http {
    access_log $face/access.log;
    client_body_temp_path $face/t1; proxy_temp_path $face/t2; fastcgi_temp_path $face/t3;
    uwsgi_temp_path $face/t4; scgi_temp_path $face/t5;
    large_client_header_buffers 4 128k;
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

# apache_begin MPM [LINE]...: the beginning of a configuration, for the port in $address.
apache_begin() {
    local mpm=$1 folder name built_in
    shift
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
LogLevel $(is_quiet && echo info || echo trace8)
LogFormat "%h %u \"%r\" %>s" all
CustomLog $face/access.log all
TypesConfig /dev/null
LimitRequestFieldSize 131072
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
    elif is_sanitized; then
        echo "a module with a sanitizer can't be loaded into an Apache without"
    else
        apache_missing
    fi
}
apache_module_start() { # MPM
    address=127.0.0.1:$(port)
    {
        apache_begin "$1" "LoadFile $STKGATE_BUILDDIR/module/client/.libs/libstkgate.so.0" \
            "LoadModule stkgate_module $(module apache/.libs/mod_stkgate.so)" "StkgateSocket $dir/run/check.sock"
        each_place apache_place
    } >"$face/httpd.conf"
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
