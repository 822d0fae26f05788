# shellcheck shell=bash
# nginx.sh - sourced by tests with a real nginx, after rig.sh
#
#   start_nginx           with what stands in $dir/http, inside http {}, listening on $dir/web.sock.
#                         Where root runs this, the workers are www-data's
#   reload_nginx          with what stands there now; waits until the old workers have ended
#   stop_nginx            with SIGQUIT, and wait
#   test_nginx            nginx -t, of what start_nginx would start
#   get PATH [FIELD]...   sets $status; the answer in $dir/head (one field a line, no CR) and $dir/body
#   ask PATH [FIELD]...   the same with the token and its site
#   is STATUS, has_field PATTERN, has_no_field NAME, body_has PATTERN   of the last answer
#   is_left NUMBER        in $token's bucket
#   logged PATTERN        waits until a line of the error log is like that; accessed: of the access log
#   options=(...)         of curl, for the next get
#   $stkgate_timeout      for the daemon, which a busy machine may keep waiting; 20s unless set
#   $nginx_as             the user whose the workers are
PATH=$PATH:/usr/sbin:/sbin
nginx=$(type -P nginx) || { echo "nginx is not installed"; exit 77; }
so=$STKGATE_BUILDDIR/module/nginx/.libs/ngx_http_stkgate_module.so
[ -e "$so" ] || { echo "this build has no nginx module: nginx-dev is not installed"; exit 77; }
# A worker has one thread.
! is_sanitized thread || { echo "left out: ThreadSanitizer has nothing to look at in nginx"; exit 0; }
nginx_pid='' wrk_pid='' asking='' options=() nginx_as=$(id -un)
mkdir -p "$dir/html" "$dir/temp"
chmod 755 "$dir"
if [ "$(id -u)" = 0 ]; then
    nginx_as=www-data
    chown www-data "$dir/temp"
fi

# nginx itself has no sanitizer: where the module has one, its run-time library comes first, also for a new binary.
run_nginx=("$nginx" -e "$dir/error.log" -c "$dir/nginx.conf") kept_environment=''
if is_sanitized; then
    runtime=$(ldd "$so" | sed -nE 's/.*=> (.*lib(asan|tsan|ubsan)[^ ]*) .*/\1/p' | head -n 1)
    # clang links it into programs, not into libraries.
    [ -n "$runtime" ] || runtime=$("$(sed -n 's/^CC = //p' "$STKGATE_BUILDDIR/Makefile")" \
        -print-file-name=libclang_rt.asan-x86_64.so)
    run_nginx=(env LD_PRELOAD="$runtime" ASAN_OPTIONS=detect_leaks=0 "${run_nginx[@]}")
    kept_environment='env LD_PRELOAD; env ASAN_OPTIONS; env TSAN_OPTIONS;'
fi

nginx_conf() {
    [ "$(id -u)" != 0 ] || echo "user www-data;"
    cat <<END
load_module $so;
$kept_environment
${also_load:-}
pid $dir/nginx.pid;
lock_file $dir/nginx.lock;
error_log $dir/error.log ${error_level:-info};
worker_processes ${workers:-1};
daemon ${daemon:-off};
events { worker_connections 128; }
http {
    log_format known '\$status "\$stkgate_key_id" "\$stkgate_site" "\$stkgate_scopes" "\$stkgate_kind" '
        '"\$stkgate_reason" "\$stkgate_remaining" \$request_uri';
    access_log $dir/access.log known;
    client_body_temp_path $dir/temp/body;
    proxy_temp_path $dir/temp/proxy;
    fastcgi_temp_path $dir/temp/fastcgi;
    uwsgi_temp_path $dir/temp/uwsgi;
    scgi_temp_path $dir/temp/scgi;
    default_type text/plain;
    root $dir/html;
    stkgate_socket $dir/run;
    stkgate_timeout ${stkgate_timeout:-20s};
$(cat "$dir/http")
}
END
}

test_nginx() {
    nginx_conf >"$dir/nginx.conf"
    "${run_nginx[@]}" -t -q
}

start_nginx() {
    nginx_conf >"$dir/nginx.conf"
    rm -f "$dir/web.sock"
    "${run_nginx[@]}" 2>>"$dir/err" &
    nginx_pid=$!
    until_works curl -s -o "$dir/body" --max-time 5 --unix-socket "$dir/web.sock" http://shop.example/
}

# Whoever is the master now: after a binary upgrade it is no child of ours.
stop_nginx() {
    local pid
    pid=$(cat "$dir/nginx.pid" 2>/dev/null) || return 0
    kill -QUIT "$pid" 2>/dev/null
    until_works sh -c "! kill -0 $pid"
    [ -z "$nginx_pid" ] || wait "$nginx_pid" 2>/dev/null
    nginx_pid=''
}

workers_of() { pgrep -P "$1" -f 'worker process'; }

reload_nginx() {
    local pid old
    pid=$(cat "$dir/nginx.pid")
    old=$(workers_of "$pid")
    nginx_conf >"$dir/nginx.conf"
    kill -HUP "$pid"
    for pid in $old; do
        until_works sh -c "! kill -0 $pid"
    done
}

cleanup_nginx() {
    status=$?
    local master workers
    # shellcheck disable=SC2086
    [ -z "$wrk_pid$asking" ] || kill -KILL $wrk_pid $asking 2>/dev/null
    # The master first: it would start others in place of workers that are killed.
    for master in $nginx_pid $(cat "$dir"/nginx.pid* 2>/dev/null); do
        workers=$(pgrep -P "$master")
        # shellcheck disable=SC2086
        kill -KILL "$master" $workers 2>/dev/null
        wait "$master" 2>/dev/null
    done
    (exit $status)
    cleanup
}
trap cleanup_nginx EXIT

# A token on a command line could be read by every user of the machine.
get() {
    local path=$1
    shift
    words="get $path"
    printf '%s\n' "$@" >"$dir/fields"
    status=$(curl -s -H "@$dir/fields" -D "$dir/head.crlf" -o "$dir/body" -w '%{http_code}' --max-time 20 \
        ${options[@]+"${options[@]}"} --unix-socket "$dir/web.sock" "http://shop.example$path")
    options=()
    tr -d '\r' <"$dir/head.crlf" >"$dir/head"
}

ask() {
    local path=$1
    shift
    get "$path" "X-Stella-Token: $token" "X-Site-ID: kasa" "$@"
}

wrong() {
    cat "$dir/head" "$dir/body" >&2
    tail -n 20 "$dir/error.log" >&2
    fail "$*: $words"
}

is() { [ "$status" = "$1" ] || wrong "status $status, not $1"; }
has_field() { grep -Eiq "^$1\$" "$dir/head" || wrong "no field is like $1"; }
has_once() { [ "$(grep -Eic "^$1:" "$dir/head")" = 1 ] || wrong "not one $1"; }
has_no_field() { ! grep -Eiq "^$1:" "$dir/head" || wrong "there is a $1"; }
body_has() { grep -Eq -- "$1" "$dir/body" || wrong "the body has no '$1'"; }
# A peek tells what a call would leave.
is_left() {
    local left
    left=$(check --site kasa --peek --json | sed -nE 's/.*"remaining": *([0-9]+).*/\1/p')
    [ "$left" = $(($1 - ($1 > 0))) ] || fail "a call would leave $left, with $1 it should: $words"
}
comes() { # PATTERN FILE
    local deadline=$((SECONDS + 20))
    until grep -Eq -- "$1" "$2" 2>/dev/null; do
        [ $SECONDS -lt $deadline ] || { tail -n 5 "$2" >&2; wrong "no line like $1 in $2"; }
    done
}
logged() { comes "$1" "$dir/error.log"; }
accessed() { comes "$1" "$dir/access.log"; }
