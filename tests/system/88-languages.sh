#!/bin/bash
# The examples in Python, PHP, Perl, Node and shell let through and refuse what they should, and tell why.
# shellcheck source=tests/system/asks.sh
. "${STKGATE_SRCDIR:?}/tests/system/asks.sh"
needs lighttpd curl python3 php php-cgi perl node
# php-cgi takes no .. in a path.
examples=$(cd "$STKGATE_SRCDIR/examples" && pwd)

# Each is a name in $programs, which is also the path below which it is reached.
start_cgi_programs() {
    mkdir "$dir/bin"
    ln -s "$stkgate" "$dir/bin/stkgate"
    cat >"$dir/bin/php-with-ffi" <<END
#!/bin/sh
exec "$(type -P php-cgi)" -d ffi.enable=1 -d cgi.force_redirect=0 -d display_errors=0 -d log_errors=1 "\$@"
END
    chmod 755 "$dir/bin/php-with-ffi"
    cat >"$dir/cgi.conf" <<END
server.document-root = "$dir"
server.bind = "$dir/cgi.sock"
server.errorlog = "$dir/cgi.log"
server.breakagelog = "$dir/programs.log"
server.modules = ("mod_alias", "mod_setenv", "mod_cgi")
alias.url = ("/perl" => "$examples/perl/cart.pl", "/php" => "$examples/php/cart.php",
    "/check" => "$examples/shell/cart-check.sh", "/curl" => "$examples/shell/cart-curl.sh")
cgi.assign = (".pl" => "$(type -P perl)", ".php" => "$dir/bin/php-with-ffi", ".sh" => "/bin/sh")
setenv.add-environment = ("STKGATE_RUNTIME" => "$dir/run", "STKGATE_HTTP" => "$dir/run/http.sock",
    "PATH" => "$dir/bin:$PATH", "LD_LIBRARY_PATH" => "$libraries")
END
    start lighttpd -D -f "$dir/cgi.conf"
    is_up cgi.sock
}

start_servers() {
    start env STKGATE_HTTP="$dir/run/http.sock" node "$examples/node/shop.mjs" "$dir/node.sock"
    is_up node.sock
    [ -z "$libraries" ] || {
        PYTHONDONTWRITEBYTECODE=1 LD_LIBRARY_PATH=$libraries start python3 "$examples/python/shop.py" 0
        until_works grep -q '^port ' "$dir/server.out"
        port=$(sed -n 's/^port //p' "$dir/server.out")
    }
}

through() { # PROGRAM COMMAND...: a call to it
    path=/$1 socket=cgi.sock to=
    case $1 in
    node) socket=node.sock ;;
    python) to=127.0.0.1:$port ;;
    esac
    shift
    "$@"
}

# That of cart-check.sh has the fields alone, without a problem for a body.
is_refused() { # STATUS REASON
    if [ "$path" = /check ]; then call "$1"; else refused "$1" "$2"; fi
    ! grep -q 'cart of' "$dir/body" || fail "refused, and served: $words"
}

lets_through_and_refuses() { # PROGRAM
    local unknown=stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ
    mint --site kasa --name "$1" --scope cart:write --limit 2 --window 1h --origin https://kasa.example
    good() { fields; echo 'Origin: https://kasa.example'; }
    through "$1" call 200 < <(good)
    [ "$(cat "$dir/body")" = 'cart of kasa' ] || fail "$1: $(cat "$dir/body")"
    has 'RateLimit-Limit: 2'
    has 'RateLimit-Remaining: 1'
    lacks Stkgate-
    through "$1" is_refused 401 missing_token <<<'X-Site-ID: kasa'
    has 'WWW-Authenticate: Bearer realm="storefront"'
    through "$1" is_refused 401 malformed_token <<<"X-Stella-Token: ${token}x"$'\nX-Site-ID: kasa'
    through "$1" is_refused 401 malformed_token <<<"X-Stella-Token: $token"$'\n'"X-Stella-Token: $token"$'\nX-Site-ID: kasa'
    through "$1" is_refused 401 unknown_token <<<"X-Stella-Token: ${unknown}0mLq17"$'\nX-Site-ID: kasa'
    through "$1" is_refused 401 unknown_token <<<"X-Stella-Token: $token"$'\nX-Site-ID: other'
    through "$1" is_refused 401 unknown_token <<<"X-Stella-Token: $token"
    through "$1" is_refused 403 origin_denied < <(fields)
    through "$1" is_refused 403 origin_denied < <(good; echo 'Origin: https://kasa.example')
    if [ "$1" = check ]; then
        through "$1" call 200 < <(good)
    else
        through "$1" call 200 < <(printf 'Authorization: Bearer %s\nX-Site-ID: kasa\nOrigin: https://kasa.example\n' "$token")
    fi
    through "$1" is_refused 429 rate_limited < <(good)
    has 'Retry-After: [1-9][0-9]*'
    has 'RateLimit-Remaining: 0'
    mint --site kasa --name reader --scope catalog:read
    through "$1" is_refused 403 insufficient_scope < <(fields)
    has 'WWW-Authenticate: .*scope="cart:write"'
    [ "$1" = check ] || {
        through "$1" call 200 <<<"X-API-Key: $legacy"$'\nX-Site-ID: kasa'
        has 'Deprecation: @1767225600'
    }
}

# Those of docs/servers/languages.md, each beside a copy of the file that it takes along.
snippets_say() { # STATUS REASON
    local name
    for name in $snippets; do
        block languages.md "snippet.$name" | sed "s,/run/stkgate/,$dir/run/," >"$dir/snippets/snippet.$name"
        (
            cd "$dir/snippets" || exit
            export HTTP_X_STELLA_TOKEN=$token HTTP_X_SITE_ID=kasa PERL5LIB=$dir/snippets PATH=$dir/bin:$PATH
            case $name in
            py) PYTHONDONTWRITEBYTECODE=1 LD_LIBRARY_PATH=$libraries python3 snippet.py ;;
            php) LD_LIBRARY_PATH=$libraries php snippet.php ;;
            pl) perl snippet.pl ;;
            mjs) node snippet.mjs ;;
            sh) sh snippet.sh ;;
            esac
        ) >"$dir/out" 2>"$dir/err"
        grep -qE "^$1 $2( |$)" "$dir/out" || fail "snippet.$name does not say $1 $2"
    done
    block http.md curl.sh | sed "s,/run/stkgate/,$dir/run/," >"$dir/curl.sh"
    TOKEN=$token expect 0 sh "$dir/curl.sh"
    out_has "^HTTP/1.1 $1 "
}

take_along() {
    mkdir "$dir/snippets"
    cp "$examples"/{python/stkgate.py,php/stkgate.php,perl/Stkgate.pm,node/stkgate.mjs} "$dir/snippets"
    # Where the socket is can't be told to those two from outside.
    sed -i "s,/run/stkgate/,$dir/run/," "$dir/snippets/Stkgate.pm" "$dir/snippets/stkgate.mjs"
}

if is_sanitized; then
    echo "left out: Python and PHP, which load no library with a sanitizer"
    programs='perl node check curl' snippets='pl mjs sh' libraries=
else
    programs='perl node check curl python php' snippets='py php pl mjs sh'
    libraries=$STKGATE_BUILDDIR/module/client/.libs
fi
start_daemon
start_cgi_programs
start_servers
add_legacy_key
for program in $programs; do lets_through_and_refuses "$program"; done

# Strict: a program that has the view would go on with any other for some seconds without a daemon.
mint --site kasa --name last --limit 100000 --strict
take_along
snippets_say 200 ok
stop_daemon KILL
for program in $programs; do
    through "$program" call 503 < <(fields)
    has 'Retry-After: 1'
    ! grep -q 'cart of' "$dir/body" || fail "$program serves without a daemon"
done
kill -0 "${server_pids[@]}" || fail "a program ended"
start_daemon
works_again() { (through "$1" call 200 < <(fields)); }
for program in $programs; do until_works works_again "$program"; done
"$stkgate" admin revoke "$key_id" --yes >/dev/null 2>&1 || fail "revoke"
for program in $programs; do through "$program" is_refused 401 revoked_token < <(fields); done
snippets_say 401 revoked_token
no_secret_in_any_log
exit 0
