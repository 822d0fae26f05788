# shellcheck shell=bash
# faces.sh - sourced behind rig.sh by the tests that put calls to every server
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
#   port                    prints a free port
#   has NAME                whether configure found what HAVE_NAME is about
#   module PATH             where a module for a server is, readable for the servers' user
#   identity                prints a path line for each place, for servers with the same paths
#   is_quiet                false: servers log as much as they can
faces=$STKGATE_SRCDIR/tests/faces
# shellcheck source=tests/faces/servers.sh
. "$faces/servers.sh"
ask=$STKGATE_BUILDDIR/tests/faces/ask
all_faces='http nginx-module nginx-auth-request apache-prefork apache-event cgi-lighttpd cgi-apache
    authorizer-lighttpd caddy haproxy library pam'
PATH=$PATH:/usr/sbin:/sbin
server_uid=4711
web=(env)
[ "$(id -u)" != 0 ] || web=(setpriv --reuid $server_uid --regid $server_uid --clear-groups)
server_pids=()
end_servers() {
    local pid deadline=$((SECONDS + 10))
    for pid in "${server_pids[@]}"; do
        kill -TERM "$pid" 2>/dev/null
    done
    for pid in "${server_pids[@]}"; do
        # A server that waits for what will not come is not waited for.
        while kill -0 "$pid" 2>/dev/null && [ $SECONDS -lt $deadline ]; do
            :
        done
        # And what it has forked: timeout gives it a group of its own.
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
    (cd "$face" && exec timeout -k 5 300 "${web[@]}" env "${server_env[@]}" "$@") \
        >>"$face/output.log" 2>&1 </dev/null &
    server_pids+=($!)
}

is_served() {
    case $address in
    pam:*) true ;;
    unix:*) curl -s -o /dev/null --max-time 5 --unix-socket "${address#unix:}" http://face/ ;;
    *) curl -s -o /dev/null --max-time 5 "http://$address/" ;;
    esac
}
# False when the server has ended.
until_there() {
    local deadline=$((SECONDS + 60))
    until is_served; do
        [ ${#server_pids[@]} = 0 ] || kill -0 "${server_pids[-1]}" 2>/dev/null || return 1
        [ $SECONDS -lt $deadline ] || { cat "$face"/*.log >&2; fail "$name does not answer"; }
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
    # The servers' user must come through here, and to what was built.
    chmod 755 "$dir"
    if ! "${web[@]}" test -x "$stkgate"; then
        echo "user $server_uid may not read $STKGATE_BUILDDIR: servers run as root"
        web=(env)
    fi
}
service_file() { { echo '[service]'; cat; } >"$services/$1.conf"; }

# start_face NAME: sets $name, $face, $address; false, with a reason in $missing, when it can't be had.
start_face() {
    name=$1
    face=$dir/$name
    server_env=("TMPDIR=$face")
    # shellcheck source=/dev/null
    . "$faces/$name.sh"
    missing=$(face_missing)
    [ -z "$missing" ] || return 1
    mkdir -p "$face"
    face_lines >"$face/lines"
    [ "${web[0]}" = env ] || chown -R $server_uid:$server_uid "$face"
    # Somebody else may have come to a port before it.
    for _ in 1 2 3; do
        face_start
        until_there && return 0
    done
    tail -n 20 "$face"/*.log >&2
    fail "$name ends by itself"
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
