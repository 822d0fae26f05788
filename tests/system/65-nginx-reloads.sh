#!/bin/bash
# nginx with the module is reloaded, upgraded and loses workers while requests go on: each is answered as
# it should be, and a reload that can't be leaves what there was.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
# shellcheck source=tests/system/nginx.sh
. "$STKGATE_SRCDIR/tests/system/nginx.sh"

printf 'direct = %s\n' "$nginx_as" >"$dir/config/services.d/storefront.conf"
start_daemon
echo "the shop" >"$dir/html/index.html"
serve() { # DIRECTIVES of the server
    cat >"$dir/http" <<END
    server {
        listen unix:$dir/web.sock;
        stkgate storefront;
        $1
        location / { }
        location /version { add_header X-Version ${2:-1}; try_files /index.html =404; }
    }
END
}
serve ''
# A master that has not gone into the background ignores USR2.
workers=2 daemon=on
start_nginx
mint --site kasa --name steady --scope catalog:read --scope cart:write --limit 1000000
printf 'X-Stella-Token: %s\nX-Site-ID: kasa\n' "$token" >"$dir/steady"

# Requests that go on, each on a connection of its own: what they were answered with, a line each. A connection
# that the worker which is killed had accepted has no answer: 000.
keep_asking() {
    while [ -d "$dir" ] && [ ! -e "$dir/enough" ]; do
        curl -s -H "@$dir/steady" -o /dev/null -w '%{http_code}\n' --max-time 20 \
            --unix-socket "$dir/web.sock" http://shop.example/
    done >>"$dir/answers"
}
keep_asking &
asking=$!
answered() { # COUNT more
    local from
    from=$(grep -c 200 "$dir/answers")
    until_works sh -c "[ \$(grep -c 200 '$dir/answers') -ge $((from + $1)) ]"
}
only_200() {
    ! grep -vx "${1:-200}" "$dir/answers" >"$dir/others" || fail "${1:-200}: answers besides: $(sort "$dir/others" | uniq -c)"
}
answered 5

for round in 2 3 4; do
    serve '' $round
    reload_nginx
    ask /version && is 200 && has_field "X-Version: $round"
    answered 3
done
only_200
serve 'stkgate_scope checkout:create;' 5
reload_nginx
ask /version && is 403
serve '' 6
reload_nginx
ask /version && is 200
grep -qv 200 "$dir/answers"
grep -vx 200 "$dir/answers" | grep -vqx 403 && fail "other answers than 200 and 403: $(sort "$dir/answers" | uniq -c)"

# What can't be read changes nothing.
pid=$(cat "$dir/nginx.pid")
before=$(workers_of "$pid" | sort)
serve 'stkgate_scope no:such:scope;' 7
nginx_conf >"$dir/nginx.conf"
kill -HUP "$pid"
logged '\[emerg\].*"no:such:scope"|\[emerg\].*stkgate_scope'
[ "$(workers_of "$pid" | sort)" = "$before" ] || fail "a bad reload changed the workers"
ask /version && is 200 && has_field 'X-Version: 6'

# A module that is taken out while its configuration was in use, and put back: with logs at debug, which say much
# while the old cycle is freed.
serve '' 8
error_level=debug reload_nginx
ask /version && is 200 && has_field 'X-Version: 8'
nginx_conf | sed '/^load_module/d; /^ *stkgate/d; /log_format/,/request_uri/d; /access_log/d; s/\(error_log.*\) info;/\1 debug;/' >"$dir/nginx.conf"
old=$(workers_of "$pid")
kill -HUP "$pid"
for worker in $old; do
    until_works sh -c "! kill -0 $worker"
done
kill -0 "$pid" || fail "the master ended when the module was taken out"
get /version && is 200
serve '' 9
reload_nginx
ask /version && is 200 && has_field 'X-Version: 9'
get / && is 401

# A worker that is killed is replaced; only what it was at has no answer.
rm -f "$dir/answers.before"
mv "$dir/answers" "$dir/answers.before"
touch "$dir/enough" && wait $asking && rm "$dir/enough"
: >"$dir/answers"
keep_asking &
asking=$!
answered 5
for round in 1 2 3; do
    for worker in $(workers_of "$pid"); do
        kill -KILL "$worker"
    done
    answered 3
done
only_200 '200\|000'
[ "$(grep -c 000 "$dir/answers")" -le 6 ] || fail "killing workers failed many requests: $(sort "$dir/answers" | uniq -c)"
touch "$dir/enough" && wait $asking && rm "$dir/enough"

# A new program in place of the old one, whose master goes at the end; no request fails.
: >"$dir/answers"
keep_asking &
asking=$!
answered 3
kill -USR2 "$pid"
until_works test -s "$dir/nginx.pid.oldbin"
until_works sh -c "[ -s $dir/nginx.pid ] && [ \"\$(cat $dir/nginx.pid)\" != $pid ]"
new=$(cat "$dir/nginx.pid")
until_works pgrep -P "$new"
kill -WINCH "$pid"
until_works sh -c "! pgrep -P $pid -f 'worker process'"
answered 3
get / && is 401
kill -QUIT "$pid"
until_works sh -c "! kill -0 $pid"
answered 3
ask /version && is 200
touch "$dir/enough" && wait $asking
only_200
check --site kasa --peek >/dev/null || fail "the token is spoiled"
nginx_pid=''
stop_nginx
! grep -Eq 'exited on signal (6|7|8|11)|\[alert\].*(sanitizer|segfault)' "$dir/error.log" || fail "a process crashed"
exit 0
