# shellcheck shell=bash
# cgi_rig.sh - sourced by tests of stkgate behind lighttpd and Apache: tests/rig.sh, and
#
#   from_docs FILE MARK       what stands behind "<!-- MARK -->" in docs/servers/FILE, with this test's
#                             paths in the place of those of an installation
#   start_lighttpd < CONF     on $dir/web.sock, in addition to where it listens and logs
#   start_apache MPM < CONF   on $port, likewise; with CGI
#   stop_web
#   call STATUS PATH [FIELD]...   with these header fields, and $method, $body; expects it in the answer:
#                             $dir/head (without CR), $dir/body
#   head_has/body_has PATTERN
#   leaks_nothing             neither log has token text
#
# $www is the document root, $lib the place of programs; $stkgate is a copy that servers may run.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
PATH=$PATH:/usr/sbin:/sbin
www=$dir/www lib=$dir/lib web_pid='' port='' method=GET body=''
mkdir -p "$www" "$lib" "$dir/tmp"
chmod 755 "$dir" "$www" "$lib" # a server that began as root goes on as another user
chmod 1777 "$dir/tmp"
install -m 755 "$stkgate"{,-daemon,-admin} "$dir"
stkgate=$dir/stkgate

skip() { echo "SKIP: $*"; exit 77; }
needs() { # PROGRAM PACKAGE
    command -v "$1" >/dev/null || skip "$2 is not installed"
}

end_web() {
    local status=$?
    stop_web
    [ $status = 0 ] || ! [ -s "$dir/web.log" ] || { echo "--- web.log:"; tail -n 40 "$dir/web.log"; } >&2
    (exit $status)
    cleanup
}
trap end_web EXIT

stop_web() {
    [ -n "$web_pid" ] || return 0
    kill "$web_pid" 2>/dev/null
    wait "$web_pid" 2>/dev/null
    web_pid=''
}

from_docs() {
    block "$1" "$2" | sed "s,/usr/bin/stkgate,$stkgate,g; s,/usr/lib/shop,$lib,g; s,/srv/shop,$www,g
        s,/run/stkgate/authorizer.sock,$dir/authorizer.sock,g"
}

program() { # PATH: a program, from standard input
    mkdir -p "${1%/*}"
    cat >"$1"
    chmod 755 "$1"
}

start_lighttpd() {
    {
        echo "server.bind = \"$dir/web.sock\""
        echo "server.errorlog = \"$dir/web.log\""
        echo "server.breakagelog = \"$dir/stderr.log\""
        echo 'server.modules = ("mod_accesslog")'
        echo "accesslog.filename = \"$dir/access.log\""
        echo "server.upload-dirs = (\"$dir/tmp\")"
        cat
    } >"$dir/lighttpd.conf"
    touch "$dir/stderr.log"
    lighttpd -D -f "$dir/lighttpd.conf" 2>>"$dir/web.log" &
    web_pid=$!
    curl=(curl --unix-socket "$dir/web.sock")
    base=http://shop
    until_works "${curl[@]}" -s -o /dev/null "$base/"
}

start_apache() {
    local modules=/usr/lib/apache2/modules mpm=$1 module cgi=cgid tries=0
    [ "$mpm" != prefork ] || cgi=cgi
    cat >"$dir/apache.rest"
    while :; do
        port=$((20000 + RANDOM % 20000)) tries=$((tries + 1))
        {
            echo "ServerRoot $dir"
            echo "DefaultRuntimeDir $dir/tmp"
            echo "PidFile $dir/tmp/apache.pid"
            echo "ServerName shop"
            echo "Listen 127.0.0.1:$port"
            for module in "mpm_$mpm" authz_core "$cgi" alias mime env actions; do
                echo "LoadModule ${module}_module $modules/mod_$module.so"
            done
            [ $cgi != cgid ] || echo "ScriptSock $dir/tmp/cgid.sock"
            [ "$(id -u)" != 0 ] || printf 'User www-data\nGroup www-data\n'
            echo "TypesConfig /dev/null"
            echo "DocumentRoot $www"
            echo "ErrorLog $dir/web.log"
            # At debug Apache itself writes header lines that it can't read, with all that is in them.
            echo "LogLevel info"
            echo "CustomLog $dir/access.log \"%r %s\""
            cat "$dir/apache.rest"
        } >"$dir/apache.conf"
        # In a process group of its own: prefork ends all of it.
        setsid apache2 -d "$dir" -f "$dir/apache.conf" -DFOREGROUND 2>>"$dir/stderr.log" &
        web_pid=$!
        curl=(curl)
        base=http://127.0.0.1:$port
        deadline=$((SECONDS + 60))
        until curl -s -o /dev/null --max-time 10 "$base/"; do
            kill -0 "$web_pid" 2>/dev/null || break
            [ $SECONDS -lt $deadline ] || fail "Apache does not answer"
        done
        kill -0 "$web_pid" 2>/dev/null && return
        [ $tries -lt 10 ] || fail "Apache does not start: $(cat "$dir/stderr.log")"
    done
}

call() {
    local wanted=$1 path=$2 arguments=() got
    shift 2
    words="$method $path with $*"
    # From a file: what stands on a command line can be read by every user of the machine.
    printf '%s\n' "$@" >"$dir/fields"
    [ -z "$body" ] || arguments=(--data-binary "$body")
    [ "$method" != HEAD ] || arguments=(--head)
    "${curl[@]}" -sS -X "$method" "${arguments[@]}" -H "@$dir/fields" -H Expect: -D "$dir/raw" \
        -o "$dir/body" --max-time 60 "$base$path" >/dev/null 2>"$dir/err" || fail "curl: $words"
    tr -d '\r' <"$dir/raw" >"$dir/head"
    got=$(sed -n '1s/^[^ ]* \([0-9]*\).*/\1/p' "$dir/head")
    [ "$got" = "$wanted" ] || fail "status $got, not $wanted: $words; $(cat "$dir/head" "$dir/body")"
}
head_has() { grep -Eqi -- "$1" "$dir/head" || fail "no field is like '$1': $words; $(cat "$dir/head")"; }
head_lacks() { ! grep -Eqi -- "$1" "$dir/head" || fail "a field is like '$1': $words"; }
body_has() { grep -Eqa -- "$1" "$dir/body" || fail "no line of the body is like '$1': $words; $(cat "$dir/body")"; }
body_lacks() { ! grep -Fqa -- "$1" "$dir/body" || fail "the body has '$1': $words"; }

leaks_nothing() {
    local log
    for log in "$dir"/*.log "$dir/log"; do
        ! grep -Fqa "$token" "$log" || fail "token text is in $log"
    done
}

# Whatever the bytes of a header are, the call is refused: by the server or behind it. FIELDS is as
# printf(1) takes them.
refused_raw() {
    local got
    words="raw bytes: $1"
    got=$(printf "GET /api/cart.sh HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n$1\r\n\r\n" | perl -MSocket -e '
        alarm 60;
        my ($path, $port) = @ARGV;
        socket(my $s, $port ? PF_INET : PF_UNIX, SOCK_STREAM, 0) or die "socket: $!";
        connect($s, $port ? pack_sockaddr_in($port, INADDR_LOOPBACK) : pack_sockaddr_un($path))
            or die "connect: $!";
        local $/;
        send($s, <STDIN>, 0);
        print <$s>;' "$dir/web.sock" "$port" | sed -n '1s/^HTTP[^ ]* \([0-9]*\).*/\1/p')
    case $got in 400 | 401) ;; *) fail "status '$got': $words" ;; esac
}

# ---- what holds behind each server ---------------------------------------------------------------

# The programs of docs/servers/cgi.md, and one that shows what it got.
place_programs() {
    local name
    from_docs cgi.md cart.sh | program "$www/api/cart.sh"
    from_docs cgi.md catalog.pl | program "$www/api/catalog.pl"
    from_docs cgi.md catalog.py | program "$www/api/catalog.py"
    from_docs cgi.md checkout | program "$www/api/checkout"
    from_docs cgi.md php | program "$lib/php"
    from_docs cgi.md catalog.php >"$www/api/catalog.php"
    program "$lib/checkout" <<'END'
#!/bin/sh
printf 'Status: 202 Accepted\nContent-Type: text/plain\nX-Shop: yes\n\n'
tr '\0' '\n' </proc/$$/environ
echo "arguments: $*"
cat
END
    program "$www/api/gone.sh" <<END
#!$stkgate cgi -- /nonexistent
END
    program "$www/api/nph-raw.sh" <<END
#!$stkgate cgi -- /bin/sh
printf 'HTTP/1.1 299 Raw\r\nConnection: close\r\nX-Raw: yes\r\n\r\n'
END
    for name in cart.sh catalog.pl catalog.py; do
        [ "$(head -n 1 "$www/api/$name" | wc -c)" -lt 256 ] || skip "the directory's name is too long for a first line"
    done
}

every_language_works() { # PROGRAM...
    local path left
    for path; do
        call 200 "/api/$path" "${good[@]}"
        left=$(sed -n 's/^RateLimit-Remaining: //Ip' "$dir/head")
        head_has '^RateLimit-Limit: 1000$'
        head_has '^RateLimit-Reset: [0-9]+$'
        head_has '^Content-Type: text/plain'
        body_has "^site kasa, ${left:-none} calls left\$"
        call 401 "/api/$path" 'X-Site-ID: kasa'
        head_has '^WWW-Authenticate: Bearer realm="storefront"$'
        head_has '^Content-Type: application/problem\+json'
        body_has '"reason":"missing_token"'
    done
}

a_program_is_itself() {
    method=POST body='a body, and more'
    call 202 '/api/checkout?a+b' "${good[@]}" 'Content-Type: text/plain'
    method=GET body=''
    head_has '^X-Shop: yes$'
    head_has '^RateLimit-Limit: 1000$'
    body_has '^a body, and more$'
    body_has '^QUERY_STRING=a\+b$'
    body_has "^STKGATE_KEY_ID=$key_id\$"
    body_lacks "$token"
    body_lacks stk_
    call 500 /api/gone.sh "${good[@]}"
    body_has '^\{.*"status":500\}$'
}

refusals_are_complete() {
    call 401 /api/cart.sh "X-Stella-Token: $token" 'X-Site-ID: other'
    head_has '^WWW-Authenticate: Bearer realm="storefront", error="invalid_token"$'
    head_has '^Cache-Control: no-store$'
    body_has '"reason":"unknown_token"'
    body_lacks "$key_id"
    call 403 /api/cart.sh "X-Stella-Token: $narrow" 'X-Site-ID: kasa'
    head_has '^WWW-Authenticate: .*error="insufficient_scope", scope="cart:write"'
    call 200 /api/catalog.pl "X-Stella-Token: $narrow" 'X-Site-ID: kasa'
    call 429 /api/catalog.pl "X-Stella-Token: $narrow" 'X-Site-ID: kasa'
    head_has '^Retry-After: [1-9][0-9]*$'
    head_has '^RateLimit-Remaining: 0$'
    method=HEAD
    call 401 /api/cart.sh
    method=GET
    [ ! -s "$dir/body" ] || ! grep -q '{' "$dir/body" || fail "a body for HEAD"
}

hostile_fields_do_no_harm() {
    local long
    call 401 /api/cart.sh "X-Stella-Token: $token" "X-Stella-Token: $token" 'X-Site-ID: kasa'
    body_has '"reason":"malformed_token"'
    call 401 /api/cart.sh "X-Stella-Token: $token, $token" 'X-Site-ID: kasa'
    call 401 /api/cart.sh "X-Stella-Token: $token" 'X-Site-ID: kasa' 'X-Site-ID: kasa'
    call 401 /api/cart.sh 'X-Stella-Token;' 'X-Site-ID: kasa'
    body_has '"reason":"missing_token"'
    call 200 /api/cart.sh "x-stella-token: $token" 'X-SITE-ID: kasa'
    # Names that would do harm as variables of the program's or of the linker's.
    call 202 /api/checkout "${good[@]}" 'Proxy: http://evil.example' 'LD-PRELOAD: /tmp/evil.so' \
        'STKGATE-SITE: evil' 'Stkgate-Key-Id: evil' 'Redirect-Status: evil'
    ! grep -Eaq '^(HTTP_PROXY|LD_|STKGATE_[A-Z_]*=evil|REDIRECT_STATUS=evil)' "$dir/body" ||
        fail "a field became a variable of another meaning: $(cat "$dir/body")"
    long=$(head -c 65536 /dev/zero | tr '\0' x)
    printf '%s\n' "X-Stella-Token: $long" 'X-Site-ID: kasa' >"$dir/fields"
    "${curl[@]}" -s -o "$dir/body" -w '%{http_code}' -H "@$dir/fields" --max-time 60 \
        "$base/api/cart.sh" >"$dir/status"
    case $(cat "$dir/status") in 400 | 401 | 413 | 431) ;; *) fail "64 KiB: $(cat "$dir/status")" ;; esac
    # 7 KiB pass both servers' own limits.
    call 401 /api/cart.sh "X-Stella-Token: ${long:0:7000}" 'X-Site-ID: kasa'
    body_has '"reason":"malformed_token"'
    for raw in "X-Stella-Token: $token\\0x\\r\\nX-Site-ID: kasa" "X-Stella-Token: $token\\r\\n x\\r\\nX-Site-ID: kasa" \
        "X-Stella-Token: $token\\rx\\r\\nX-Site-ID: kasa" "X-Stella-Token : $token\\r\\nX-Site-ID: kasa" \
        "X-Stella-Token: $token\\r\\nX-Site-ID: kasa\\0" "X-Stella-Token\\0: $token\\r\\nX-Site-ID: kasa" \
        "X-Stella-Token: $token\\r\\nX-Site-ID:\\r\\n"; do
        refused_raw "$raw"
    done
    call 200 /api/cart.sh "${good[@]}"
}

prepare() {
    needs curl curl
    needs /usr/bin/perl perl
    needs /usr/bin/python3 python3
    needs /usr/bin/php-cgi php-cgi
    start_daemon
    mint --site kasa --name narrow --scope catalog:read --limit 1 --window 1h
    narrow=$token
    mint --site kasa --name wide --limit 1000
    good=("X-Stella-Token: $token" 'X-Site-ID: kasa')
    place_programs
}
