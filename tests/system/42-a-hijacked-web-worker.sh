#!/bin/bash
# A web worker under foreign control has its sockets and its user: it gets what its service may have,
# and takes nothing from the others.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"

# As root the worker gets a user of its own; else it is the same one, which may manage, too.
worker=(env) worker_uid=$(id -u)
if [ "$(id -u)" = 0 ]; then
    worker=(setpriv --reuid 4711 --regid 4711 --clear-groups) worker_uid=4711
fi
chmod 755 "$dir"
install -m 755 "$stkgate"{,-daemon,-admin} "$dir"
printf 'callers = 4712\n' >"$dir/config/services.d/default.conf"
printf 'callers = @65534\n' >"$dir/config/services.d/nobody.conf"
printf 'callers = %s\nsites = kasa\n' "$worker_uid" >"$dir/config/services.d/shop.conf"
start_daemon
mint --site ada --name "of another merchant" --limit 2 --window 1h
ada=$token ada_key=$key_id
mint --site kasa --name its-own
unknown=stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17

ask() { # TOKEN, options of check: as the worker
    printf '%s\n' "$1" >"$dir/token" && chmod 644 "$dir/token"
    shift
    "${worker[@]}" "$dir/stkgate" check "$@" <"$dir/token"
}
http() { # SOCKET PATH FIELDS [OPTION]...: as the worker; the answer with its fields
    local socket=$1 path=$2
    printf '%s' "$3" >"$dir/fields" && chmod 644 "$dir/fields"
    shift 3
    "${worker[@]}" curl -sSi -H "@$dir/fields" --unix-socket "$dir/run/$socket" --max-time 30 \
        "http://gate$path" "$@" | sed '/^Date:/d'
}

asks_about_its_own_site() {
    expect 0 ask "$token" --service shop --site kasa
}

learns_nothing_of_other_merchants() {
    expect 1 ask "$unknown" --service shop --site ada --json
    cp "$dir/out" "$dir/unknown"
    for site in ada kasa; do
        expect 1 ask "$ada" --service shop --site "$site" --json
        cmp -s "$dir/out" "$dir/unknown" || fail "another merchant's token is told from an unknown one"
    done
    "$stkgate" admin suspend "$ada_key" >/dev/null 2>&1 || fail "suspend"
    expect 1 ask "$ada" --service shop --site ada --json
    cmp -s "$dir/out" "$dir/unknown" || fail "a suspended token is told from an unknown one"
    "$stkgate" admin resume "$ada_key" >/dev/null 2>&1 || fail "resume"
    http http.sock /v1/check/shop "X-Stella-Token: $unknown"$'\nX-Site-ID: ada\n' >"$dir/unknown"
    expect 0 http http.sock /v1/check/shop "X-Stella-Token: $ada"$'\nX-Site-ID: ada\n'
    out_has '^HTTP/1.1 401 '
    cmp -s "$dir/out" "$dir/unknown" || fail "over HTTP they can be told apart"
}

cannot_spend_for_other_merchants() {
    # All of these spent nothing of the two units.
    "$stkgate" admin show "$ada_key" --json >"$dir/out" || fail "show"
    out_has '"remaining": *2\b'
}

cannot_ask_as_another_service() {
    for service in default nobody never-heard-of; do
        expect 69 ask "$token" --service "$service" --site kasa
        said 'not.*allowed|may not|not permitted'
        expect 0 http http.sock "/v1/check/$service" "X-Stella-Token: $token"$'\nX-Site-ID: kasa\n'
        out_has '^HTTP/1.1 403 '
        out_lacks key_
    done
}

is_nobody_when_the_kernel_cannot_name_it() {
    [ "$(id -u)" = 0 ] || return 0
    worker=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    expect 69 ask "$token" --service nobody --site kasa
    worker=(setpriv --reuid 4711 --regid 4711 --clear-groups)
}

cannot_manage() {
    [ "$(id -u)" = 0 ] || return 0
    expect 69 "${worker[@]}" "$dir/stkgate" admin list
    chmod 666 "$dir/run/admin.sock"
    expect 0 http admin.sock /v1/tokens '' -X POST --data '{"site_id": "kasa", "name": "mine"}'
    out_has '^HTTP/1.1 403 '
    expect 0 http http.sock /v1/tokens '' -X POST --data '{"site_id": "kasa", "name": "mine"}'
    out_has '^HTTP/1.1 404 '
    chmod 660 "$dir/run/admin.sock"
    "$stkgate" admin list --json >"$dir/out" || fail "list"
    out_lacks '"mine"'
}

asks_about_its_own_site
learns_nothing_of_other_merchants
cannot_spend_for_other_merchants
cannot_ask_as_another_service
is_nobody_when_the_kernel_cannot_name_it
cannot_manage
asks_about_its_own_site
exit 0
