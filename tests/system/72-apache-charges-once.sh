#!/bin/bash
# Apache with mod_stkgate: what Require lines come to together, and that each call that passes is charged once,
# through redirects, sub-requests and error documents; what programs behind get to see.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
# shellcheck source=tests/system/apache.sh
. "$STKGATE_SRCDIR/tests/system/apache.sh"

site() { mkdir -p "$home/htdocs/$1"; echo "of $1" >"$home/htdocs/$1/index.html"; echo "file of $1" >"$home/htdocs/$1/file"; }
for place in open any all none or ip sites vhost cost flight policy scopes htaccess basic user errors dear expr expr/none text pages quiet satisfy satisfy/here satisfy/all; do site "$place"; done
rm "$home/htdocs/pages/index.html" "$home/htdocs/open/index.html"
echo 'AuthType Stkgate
Require stkgate-scope cart:write' >"$home/htdocs/htaccess/.htaccess"
echo '<!--#include virtual="/scopes/file" --><!--#include virtual="/cost/file" --><!--#echo var="STKGATE_KEY_ID" -->' >"$home/htdocs/scopes/page.shtml"
echo 'open, and: <!--#include virtual="/scopes/file" -->' >"$home/htdocs/open/page.shtml"
# Several in a row, after the memory of the one before is free again.
for _ in 1 2 3 4 5 6; do
    echo '<!--#include virtual="/cgi/env.cgi" -->'
done >"$home/htdocs/open/program.shtml"
cp "$home/htdocs/scopes/file" "$home/htdocs/open/index.guarded"
mkdir -p "$home/htdocs/cgi" "$home/htdocs/told"
cat >"$home/htdocs/cgi/env.cgi" <<'END'
#!/bin/sh
printf 'Content-Type: text/plain\nLink: <https://kasa.example/next>; rel="next"\n\n'
env
cat
END
chmod 755 "$home/htdocs/cgi/env.cgi"
cp "$home/htdocs/cgi/env.cgi" "$home/htdocs/told/"
printf '%s\n' 'kasa:$apr1$abcdefgh$' >"$home/users"

cat >"$dir/places.conf" <<END
AddOutputFilter INCLUDES .shtml
SetEnvIf Request_URI ^/(cgi|quiet)/ STKGATE_RUNTIME=/run/shop STKGATE_SITE=forged stkgate_kind=forged
AddHandler cgi-script .cgi
RewriteEngine On
LoadModule access_compat_module $apache_modules/mod_access_compat.so
<Location "/satisfy">
    AuthType Stkgate
    Require stkgate-scope catalog:read
    Order deny,allow
    Deny from all
    Satisfy Any
</Location>
<Location "/satisfy/here">
    Order deny,allow
    Deny from all
    Allow from 127.0.0.1
    Satisfy Any
</Location>
<Location "/satisfy/all">
    Order deny,allow
    Deny from all
    Satisfy All
</Location>
<LocationMatch "^/(any|all|none|or|ip|sites|vhost|cost|flight|policy|scopes|user|errors|dear|text|pages|quiet|cgi|told)">
    AuthType Stkgate
    Require valid-user
</LocationMatch>
<Location "/all">
    <RequireAll>
        Require stkgate-scope catalog:read
        Require stkgate-site kasa other
    </RequireAll>
</Location>
<Location "/any">
    Require stkgate-scope checkout:create
    Require stkgate-site kasa
</Location>
<Location "/none">
    <RequireAll>
        Require valid-user
        <RequireNone>
            Require stkgate-scope checkout:create
        </RequireNone>
    </RequireAll>
</Location>
<Location "/or">
    <RequireAny>
        Require ip 192.0.2.0/24
        Require stkgate-scope catalog:read
    </RequireAny>
</Location>
<Location "/ip">
    <RequireAny>
        Require ip 127.0.0.1
        Require stkgate-scope catalog:read
    </RequireAny>
</Location>
<Location "/sites">
    SetEnvIf Request_URI . GUARDED=other
    Require stkgate-site %{reqenv:GUARDED}
</Location>
<Location "/vhost">
    StkgateSite kasa
</Location>
<Location "/cost">
    StkgateCost 3
</Location>
<Location "/flight">
    StkgatePreflight On
    <RequireAll>
        Require not ip 192.0.2.1
        Require stkgate-scope catalog:read
        Require stkgate-site kasa
    </RequireAll>
</Location>
<Location "/flight/elsewhere">
    <RequireAll>
        Require ip 192.0.2.1
        Require valid-user
    </RequireAll>
</Location>
<Location "/quiet">
    Header set Told "%{STKGATE_SITE}e %{STKGATE_KIND}e %{STKGATE_RUNTIME}e"
    StkgatePreflight On
</Location>
<Location "/policy">
    StkgateService strict
</Location>
<Location "/scopes">
    Require stkgate-scope catalog:read,cart:write
</Location>
<Location "/user">
    Require user key_0000000000000000
</Location>
<Location "/errors">
    ErrorDocument 401 /errors/file
    ErrorDocument 404 /scopes/file
    ErrorDocument 403 /quiet/file
    Require stkgate-scope checkout:create
</Location>
<Location "/dear">
    StkgateCost 5
    ErrorDocument 429 /quiet/file
</Location>
<Location "/expr">
    AuthType "%{tolower:STKGATE}"
    Require stkgate-scope catalog:read
</Location>
<Location "/expr/none">
    AuthType None
    Require all granted
</Location>
<Location "/text">
    ErrorDocument 401 "of the operator"
</Location>
<Location "/told">
    StkgatePassToken On
</Location>
<Location "/htaccess">
    StkgateService default
</Location>
<Location "/basic">
    AuthType Basic
    AuthName basic
    AuthBasicProvider file
    AuthUserFile $home/users
    Require stkgate-scope catalog:read
</Location>
<Directory "$home/htdocs/open">
    DirectoryIndex index.guarded
    <Files "index.guarded">
        AuthType Stkgate
        Require stkgate-scope catalog:read
    </Files>
</Directory>
RewriteRule "^/from-open$" "/scopes/file" [PT]
<Directory "$home/htdocs/pages">
    RewriteEngine On
    RewriteRule "^inner$" "/scopes/file"
    RewriteRule "^costly$" "/cost/file"
    RewriteRule "^strict$" "/policy/file"
    RewriteRule "^checkout$" "/errors/file"
</Directory>
END
echo 'scope = customer:auth' >"$dir/config/services.d/strict.conf"
start_daemon

new_token() { # UNITS OPTION...
    local units=$1
    shift
    mint --site kasa --name "$mpm" --limit "$units" --window 1h "$@"
    good=("X-Stella-Token: $token" "X-Site-ID: kasa")
}

requirements_are_httpds_logic() {
    new_token 100 --scope catalog:read --scope cart:write
    answers 200 GET /all/file "${good[@]}"
    answers 200 GET /any/file "${good[@]}"
    answers 200 GET /none/file "${good[@]}"
    answers 200 GET /or/file "${good[@]}"
    answers 401 GET /or/file "X-Site-ID: kasa"
    has '^WWW-Authenticate: Bearer'
    answers 200 GET /htaccess/file "${good[@]}"
    remains 95
    # Allowed by its address: no token is needed, and none is charged or looked at.
    answers 200 GET /ip/file
    answers 200 GET /ip/file "X-Stella-Token: nonsense"
    answers 200 GET /ip/file "${good[@]}"
    lacks '^RateLimit'
    answers 401 GET /sites/file "${good[@]}"
    has '"reason":"unknown_token"'
    answers 403 GET /user/file "${good[@]}"
    lacks '^WWW-Authenticate'
    answers 403 GET /policy/file "${good[@]}"
    has 'error="insufficient_scope", scope="customer:auth"'
    answers 401 GET /basic/file "${good[@]}"
    has '^WWW-Authenticate: Basic'
    remains 95
    # As it was before Require lines had a logic.
    answers 401 GET /satisfy/file
    answers 200 GET /satisfy/here/file
    answers 403 GET /satisfy/all/file "${good[@]}"
    remains 95
    answers 200 GET /satisfy/file "${good[@]}"
    answers 200 GET /vhost/file "${good[0]}"
    answers 200 GET /vhost/file "${good[0]}" "X-Site-ID: other"
    answers 200 GET /cost/file "${good[@]}"
    remains 89
    new_token 9 --scope checkout:create
    answers 200 GET /any/file "${good[@]}"
    answers 403 GET /none/file "${good[@]}"
    answers 403 GET /or/file "${good[@]}"
    has 'error="insufficient_scope", scope="catalog:read"'
    answers 403 GET /htaccess/file "${good[@]}"
    has 'scope="cart:write"'
    remains 8
    mint --site third --name third
    answers 401 GET /all/file "X-Stella-Token: $token" "X-Site-ID: third"
    has '"reason":"unknown_token"'
}

# As on every other way to ask, the operator sees what was refused.
refusals_are_counted() {
    new_token 2 --scope catalog:read
    answers 401 GET /all/file "${good[0]}"
    answers 401 GET /sites/file "${good[@]}"
    answers 403 GET /scopes/file "${good[@]}"
    answers 200 GET /all/file "${good[@]}"
    answers 200 GET /all/file "${good[@]}"
    answers 429 GET /all/file "${good[@]}"
    "$stkgate" admin show "$key_id" >"$dir/out" || fail "show"
    out_has 'Used: 2 allowed, 4 refused'
    remains 0
}

preflights_pass_unspent_where_they_may() {
    local preflight=("Origin: https://kasa.example" "Access-Control-Request-Method: PUT")
    answers 200 OPTIONS /flight/file "${preflight[@]}"
    lacks '^RateLimit'
    answers 200 OPTIONS /quiet/file "${preflight[@]}"
    answers 401 OPTIONS /flight/file
    answers 401 GET /flight/file "${preflight[@]}"
    answers 401 OPTIONS /scopes/file "${preflight[@]}"
    answers 403 OPTIONS /flight/elsewhere "${preflight[@]}"
}

is_charged_once() {
    new_token 10 --scope catalog:read --scope cart:write
    answers 200 GET /scopes/ "${good[@]}"                  # DirectoryIndex
    remains 9
    answers 200 GET /scopes/page.shtml "${good[@]}"        # two sub-requests, one of them for 3
    has "file of scopes"
    has "file of cost"
    has "$key_id"
    remains 8
    has '^RateLimit-Remaining: 8$'
    answers 200 GET /pages/inner "${good[@]}"              # an internal redirect
    has 'file of scopes'
    has '^RateLimit-Remaining: 7$'
    remains 7
    answers 200 GET /pages/costly "${good[@]}"
    remains 6
    answers 403 GET /pages/checkout "${good[@]}"           # to where its scopes don't reach
    answers 403 GET /pages/strict "${good[@]}"             # to another service's policy
    remains 4
    answers 200 GET /open/file                             # an open place that leads to a guarded one
    answers 200 GET /open/ "${good[@]}"
    has 'file of scopes'
    has '^RateLimit-Remaining: 3$'
    remains 3
    answers 401 GET /open/
    lacks 'file of scopes'
    answers 200 GET /open/page.shtml "${good[@]}"
    has 'file of scopes'
    remains 2
    answers 200 GET /open/page.shtml
    lacks 'file of scopes'
    answers 401 GET /from-open
    answers 200 GET /from-open "${good[@]}"
    remains 1
    answers 404 GET /scopes/nothing "${good[@]}"
    has '^RateLimit-Remaining: 0$'
    answers 429 GET /pages/inner "${good[@]}"
    answers 429 GET /open/ "${good[@]}"
    lacks 'file of scopes'
    new_token 1 --scope catalog:read --scope cart:write
    answers 200 GET /pages/inner "${good[@]}"              # for the last unit
    remains 0
    new_token 3
    answers 404 GET /errors/nothing "${good[@]}"           # an error document in a guarded place
    has 'file of scopes'
    remains 2
    has '^RateLimit-Remaining: 2$'
}

refusals_may_have_pages_of_the_operators() {
    new_token 5 --scope catalog:read
    answers 401 GET /errors/x "X-Site-ID: kasa"
    has 'file of errors'
    has '^WWW-Authenticate: Bearer'
    lacks problem
    answers 403 GET /errors/x "${good[@]}"
    has 'insufficient_scope'
    # The page of a refusal for its cost is one that passes: what is left is told once, of the last.
    new_token 5
    answers 200 GET /quiet/file "${good[@]}"
    answers 429 GET /dear/file "${good[@]}"
    has 'file of quiet'
    has '^RateLimit-Remaining: 3$'
    [ "$(grep -ciE '^RateLimit-' "$dir/answer")" = 3 ] || fail "fields were sent twice: $(cat "$dir/answer")"
    answers 401 GET /text/x
    has '^of the operator'
    has '^WWW-Authenticate: Bearer'
    lacks problem
}

the_type_may_be_an_expression() {
    new_token 5 --scope catalog:read
    answers 401 GET /expr/file
    has 'missing_token'
    answers 200 GET /expr/file "${good[@]}"
    has '^RateLimit-Remaining: 4$'
    answers 200 GET /expr/none/file "${good[@]}"
    lacks '^RateLimit'
    remains 4
}

programs_are_told_who_it_is() {
    new_token 10 --scope catalog:read --scope cart:write
    answers 200 POST /cgi/env.cgi "${good[@]}" "Authorization: Bearer $token" "X_Stella_Token: $token" "X-API-Key: $token"
    has "^STKGATE_KEY_ID=$key_id$"
    has '^STKGATE_SITE=kasa$'
    has '^STKGATE_SCOPES=catalog:read cart:write$'
    has '^STKGATE_KIND=live$'
    has '^STKGATE_REMAINING=9$'
    has "^REMOTE_USER=$key_id$"
    has '^AUTH_TYPE=Stkgate$'
    has '^HTTP_X_SITE_ID=kasa$'
    lacks "$token"
    has '^Link: <https://kasa.example/next>; rel="next"$'
    answers 200 GET /open/program.shtml "${good[@]}"
    has "^STKGATE_KEY_ID=$key_id$"
    lacks "$token"
    # What is ours is not what another has set, and what is not ours stays.
    answers 200 GET /cgi/env.cgi "${good[@]}"
    has '^STKGATE_RUNTIME=/run/shop$'
    has '^STKGATE_SITE=kasa$'
    lacks 'STKGATE_SITE=forged'
    answers 200 GET /quiet/file "${good[@]}"
    has '^Told: kasa live /run/shop$'
    # With a body, each sub-request has a copy of the header.
    answers 200 GET /open/program.shtml "${good[@]}" --data body
    has "^STKGATE_KEY_ID=$key_id$"
    lacks "$token"
    answers 200 GET /told/env.cgi "${good[@]}"
    has "^HTTP_X_STELLA_TOKEN=$token$"
}

connections_stay_usable() {
    new_token 10
    printf '%s\n' "X-Site-ID: kasa" >"$dir/fields"
    head -c 100000 /dev/zero >"$dir/body"
    # A body that is refused is read and dropped; the next call comes on the same connection.
    curl -s --max-time 30 -o /dev/null -w '%{http_code} %{num_connects}\n' -H "@$dir/fields" -H Expect: --data-binary "@$dir/body" \
        "http://127.0.0.1:$port/scopes/file" -: -o /dev/null -w '%{http_code} %{num_connects}\n' \
        "http://127.0.0.1:$port/open/file" >"$dir/out"
    words="two calls on a connection"
    out_is $'401 1\n200 0'
}

php_is_told_too() {
    local php
    php=$(find /usr/lib/apache2/modules -name 'libphp*.so' 2>/dev/null | head -n 1)
    if [ -z "$php" ]; then echo "without PHP: apt-get install libapache2-mod-php"; return 0; fi
    # shellcheck disable=SC2016
    echo '<?php echo $_SERVER["STKGATE_KEY_ID"], " ", $_SERVER["STKGATE_SCOPES"], " ", $_SERVER["REMOTE_USER"], "\n";
        print_r(getallheaders()); print_r($_SERVER);' >"$home/htdocs/scopes/who.php"
    mpm=prefork
    start_apache prefork "$dir/places.conf" - <<END
LoadModule php_module $php
AddHandler application/x-httpd-php .php
END
    new_token 10 --scope catalog:read --scope cart:write
    answers 200 GET /scopes/who.php "${good[@]}" "Authorization: Bearer $token"
    has "^$key_id catalog:read cart:write $key_id$"
    lacks "$token"
    stop_apache
}

# mod_cache answers before anybody is asked who it is.
no_cache_hands_out_what_is_guarded() {
    mpm=event
    start_apache event "$dir/places.conf" - <<END
LoadModule cache_module $apache_modules/mod_cache.so
LoadModule cache_disk_module $apache_modules/mod_cache_disk.so
CacheRoot $home/tmp
CacheEnable disk /
CacheHeader On
Header set Cache-Control "public, max-age=600"
END
    new_token 10 --scope catalog:read --scope cart:write
    answers 200 GET /open/file
    answers 200 GET /open/file
    has '^X-Cache: HIT'
    answers 200 GET /scopes/file "${good[@]}"
    answers 401 GET /scopes/file
    answers 200 GET /scopes/file "${good[@]}"
    has '^RateLimit-Remaining: 8$'
    for _ in 1 2; do
        answers 200 GET /ip/file
        lacks '^X-Cache: HIT'
    done
    stop_apache
}

mistakes_in_the_configuration_are_told() {
    local line value
    while IFS='|' read -r wanted said line; do
        printf '<Location "/x">\nAuthType Stkgate\n%s\n</Location>\n' "$line" >"$dir/wrong.conf"
        words=$line
        rc=0
        apache_says "$dir/wrong.conf" || rc=$?
        [ "$wanted" = ok ] && { [ "$rc" = 0 ] || fail "apache2 -t is not content: $line"; }
        [ "$wanted" = ok ] || [ "$rc" != 0 ] || fail "apache2 -t is content: $line"
        out_has "$said"
    done <<'END'
ok|Syntax OK|Require stkgate-scope catalog:read
ok|Syntax OK|Require stkgate-scope stock:read catalog:read
bad|httpd.conf:[0-9]+: Require stkgate-scope catalog:raed: no such scope|Require stkgate-scope catalog:raed
bad|httpd.conf:[0-9]+: Require stkgate-scope stock!read: these are not names|Require stkgate-scope stock!read
bad|name a scope|Require stkgate-scope
bad|name a site|Require stkgate-site
bad|cannot parse|Require stkgate-site %{
bad|not the name of a service|StkgateService Store/front
bad|not the check socket|StkgateSocket run/stkgate
bad|not the check socket|StkgateSocket /run/stkgate/http.sock
bad|not a number of units|StkgateCost 0
bad|not a number of units|StkgateCost 1x
bad|cannot parse|StkgateSite %{HTTP:
bad|StkgateTimeout not allowed|StkgateTimeout 50
bad|must be On or Off|StkgatePassToken maybe
END
    for value in 1 50 60000 1ms 50ms 2s 60s 1mi; do
        words="StkgateTimeout $value"
        echo "$words" >"$dir/wrong.conf"
        apache_says "$dir/wrong.conf" || fail "apache2 -t is not content: $words"
    done
    for value in 0 0s -1 60001 61s 2h 50x ms 99999999999999999999 9999999999999h; do
        words="StkgateTimeout $value"
        echo "$words" >"$dir/wrong.conf"
        ! apache_says "$dir/wrong.conf" || fail "apache2 -t is content: $words"
        out_has "is not a time such as 50ms or 2s"
    done
    words="apache2 -t without a daemon"
    stop_daemon
    printf '<Location "/x">\nAuthType Stkgate\nRequire stkgate-scope stock:read\n</Location>\n' >"$dir/unknown.conf"
    apache_says "$dir/unknown.conf" || fail "a daemon that is not there is no mistake"
    out_has "stock:read: the daemon can't be asked about it now"
    start_daemon
}

a_scope_of_ones_own_is_looked_up_when_it_is_needed() {
    mpm=event
    stop_daemon
    printf '<Location "/">\nAuthType Stkgate\nRequire stkgate-scope stock:read\n</Location>\n' >"$dir/own.conf"
    start_apache event "$dir/own.conf"
    start_daemon
    new_token 5 --scope stock:read
    works() { ask GET /scopes/file "${good[@]}"; [ "$status" = 200 ]; }
    until_works works
    new_token 5 --scope catalog:read
    answers 403 GET /scopes/file "${good[@]}"
    has 'scope="stock:read"'
    stop_apache
}

"$stkgate" admin scope add stock:read >/dev/null 2>"$dir/err" || fail "scope add"
for mpm in prefork event worker; do
    start_apache "$mpm" "$dir/places.conf"
    requirements_are_httpds_logic
    refusals_are_counted
    is_charged_once
    if [ "$mpm" != worker ]; then
        preflights_pass_unspent_where_they_may
        refusals_may_have_pages_of_the_operators
        the_type_may_be_an_expression
        connections_stay_usable
    fi
    programs_are_told_who_it_is
    stop_apache
done
php_is_told_too
no_cache_hands_out_what_is_guarded
mistakes_in_the_configuration_are_told
a_scope_of_ones_own_is_looked_up_when_it_is_needed
exit 0
