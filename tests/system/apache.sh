# shellcheck shell=bash
# apache.sh - sourced after rig.sh by the tests of the Apache module: a real server in $dir
#
#   start_apache MPM [FILE]...  prefork, worker or event on $port of 127.0.0.1, as an unprivileged user; what stands
#                               in FILEs, or on stdin, is its configuration beside the modules. Logs: $dir/apache/*.log
#   stop_apache                 which must end it in good order
#   apache_says CONFIG_TEST     runs apache2 -t over that configuration; its status
#   ask METHOD PATH [FIELD]...  one request; its status line, fields and body in $dir/answer (without CR), its status in
#                               $status. A FIELD is "Name: value"; curl reads them from a file
#   answers STATUS METHOD PATH [FIELD]...
#   has/lacks PATTERN           a line of that answer
PATH=$PATH:/usr/sbin:/sbin
apache=$(type -P apache2 || type -P httpd) || { echo "no apache2 here: apt-get install apache2-bin"; exit 77; }
module=$STKGATE_BUILDDIR/module/apache/.libs/mod_stkgate.so
[ -e "$module" ] || { echo "built without the Apache module: apt-get install apache2-dev"; exit 77; }
library=$STKGATE_BUILDDIR/module/client/.libs/libstkgate.so.0
apache_modules=$(dirname "$(find /usr/lib/apache2/modules /usr/lib*/httpd/modules -name mod_authz_core.so 2>/dev/null |
    head -n 1)")
built_in=$("$apache" -l | tr -s '\n ' ' ')
# It does not see by which atomics httpd, which was built without it, hands memory and descriptors from thread to thread,
# and takes for a race of ours, now and then, what a pool gave to one thread after another.
! is_sanitized thread || { echo "left out: ThreadSanitizer does not know httpd's own order"; exit 0; }
apache_pid='' wrk_pid='' port=''
home=$dir/apache
mkdir -p "$home/htdocs" "$home/tmp"
chmod 755 "$dir" "$home" "$home/htdocs"
# The children write there what a sanitizer tells them.
chmod 1777 "$home/tmp"

apache_cleanup() {
    status=$?
    [ -z "$wrk_pid" ] || kill -KILL "$wrk_pid" 2>/dev/null
    [ -z "$apache_pid" ] || { kill -KILL "$apache_pid" "-$apache_pid"; } 2>/dev/null
    ! compgen -G "$home/tmp/sanitizer*" >/dev/null || cat "$home"/tmp/sanitizer* >&2
    (exit $status)
    cleanup
}
trap apache_cleanup EXIT

# The server itself has no sanitizer: a module with one needs its run-time library there first. What
# it says about leaks, and about what prefork does in signal handlers, is about httpd. PHP's extensions can't be loaded beside one, and are not needed.
runtime_library() {
    local compiler name
    compiler=$(sed -n 's/^CC = //p' "$STKGATE_BUILDDIR/Makefile")
    for name in ${1:+libclang_rt.$1-$(uname -m).so lib$1.so}; do
        name=$($compiler -print-file-name="$name")
        [ ! -e "$name" ] || { echo "$name"; return; }
    done
}
preload=
! is_sanitized address || preload=$(runtime_library asan)

# A session of its own: httpd ends all of its process group. Only within a process of its own: it takes its place.
exec_apache() {
    exec setsid env -i PATH="$PATH" TMPDIR="$home/tmp" PHP_INI_SCAN_DIR="$home/tmp" ${preload:+LD_PRELOAD="$preload"} \
        ASAN_OPTIONS=detect_leaks=0:log_path="$home/tmp/sanitizer" \
        "$apache" -d "$home" -f "$home/httpd.conf" "$@"
}

write_conf() { # MPM [FILE]...
    local mpm=$1 name
    shift
    port=$((20000 + RANDOM % 12000))
    {
        for name in "mpm_$mpm" authn_core authz_core authz_user authz_host unixd log_config env setenvif headers \
            alias mime dir rewrite include auth_basic authn_file autoindex log_forensic \
            "$([ "$mpm" = prefork ] && echo cgi || echo cgid)"; do
            case " $built_in " in *" mod_$name.c "*) continue ;; esac
            echo "LoadModule ${name}_module $apache_modules/mod_$name.so"
        done
        echo "LoadFile $library"
        echo "LoadModule stkgate_module $module"
        if [ "$(id -u)" = 0 ]; then echo "User www-data"; echo "Group www-data"; fi
        [ "$mpm" = prefork ] || echo "ScriptSock $home/cgid.sock"
        cat <<END
ServerName shop.example
ServerRoot $home
DefaultRuntimeDir $home
PidFile $home/httpd.pid
Listen 127.0.0.1:$port
DocumentRoot $home/htdocs
ErrorLog $home/error.log
LogLevel ${log_level:-info}
LogFormat "%h %u \"%r\" %>s %{X-Stella-Token}i %{X-API-Key}i %{Authorization}i" all
CustomLog $home/access.log all
StkgateSocket $dir/run/check.sock
StkgateTimeout 20000
TypesConfig /dev/null
StartServers 2
ServerLimit 8
GracefulShutdownTimeout 10
MaxRequestWorkers $([ "$mpm" = prefork ] && echo 8 || echo 100)
<Directory "$home/htdocs">
    Options +Includes +ExecCGI +FollowSymLinks
    AllowOverride All
    Require all granted
</Directory>
END
        cat "$@"
    } >"$home/httpd.conf"
}

apache_is_up() { (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }

# Another program may have the port.
start_apache() {
    local attempt deadline conf
    conf=$dir/apache.conf
    mpm=$1
    shift
    cat "$@" >"$conf"
    for attempt in 1 2 3 4 5; do
        write_conf "$mpm" "$conf"
        rm -f "$home/httpd.pid"
        exec_apache -DFOREGROUND >>"$home/out.log" 2>&1 &
        apache_pid=$!
        deadline=$((SECONDS + 60))
        # Of whoever else has the port, there is no such file.
        until [ -s "$home/httpd.pid" ] && apache_is_up; do
            kill -0 "$apache_pid" 2>/dev/null || break
            [ $SECONDS -lt $deadline ] || fail "apache does not answer"
        done
        if kill -0 "$apache_pid" 2>/dev/null; then return 0; fi
        wait "$apache_pid" 2>/dev/null
        apache_pid=
        grep -q 'could not bind' "$home/out.log" || break
    done
    cat "$home/out.log" "$home/error.log" >&2
    fail "apache ($mpm) did not start"
}

stop_apache() {
    local ended=0
    kill -TERM "$apache_pid"
    wait "$apache_pid" || ended=$?
    apache_pid=
    [ "$ended" = 0 ] || { cat "$home/error.log" >&2; fail "apache ended with $ended"; }
    if compgen -G "$home/tmp/sanitizer*" >/dev/null; then
        fail "a sanitizer has something to say"
    fi
}

apache_says() {
    write_conf event "$@"
    (exec_apache -t) >"$dir/out" 2>&1
}

ask() {
    local method=$1 path=$2 how=(-X "$1")
    shift 2
    [ "$method" != HEAD ] || how=(-I)
    printf '%s\n' "$@" >"$dir/fields"
    words="$method $path"
    status=$(curl -sS "${how[@]}" -H "@$dir/fields" -i --max-time 30 -o "$dir/raw" -w '%{http_code}' \
        "http://127.0.0.1:$port$path" 2>"$dir/err")
    tr -d '\r' <"$dir/raw" >"$dir/answer"
}

answers() {
    local wanted=$1
    shift
    ask "$@"
    [ "$status" = "$wanted" ] || { cp "$dir/answer" "$dir/out"; fail "$mpm: status $status, not $wanted: $words"; }
}
has() { grep -Eqi -- "$1" "$dir/answer" || { cp "$dir/answer" "$dir/out"; fail "$mpm: no line like '$1': $words"; }; }
lacks() { ! grep -Eqi -- "$1" "$dir/answer" || { cp "$dir/answer" "$dir/out"; fail "$mpm: a line like '$1': $words"; }; }

# Of the bucket of $key_id.
remaining() { "$stkgate" admin show "$key_id" --json 2>/dev/null | sed -n 's/.*"remaining": *\([0-9]*\).*/\1/p' | head -n 1; }
remains() { [ "$(remaining)" = "$1" ] || fail "$mpm: $(remaining) units remain, not $1: $words"; }
