#!/bin/bash
# A program of another user that has the view, under foreign control: it can't change the view, and
# spoils all buckets, while the daemon and other programs decide by them. Limits may be spoiled, but
# that of a strict token; nothing is forged or revived, and nobody is brought down.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
worker=(env) worker_uid=$(id -u)
if [ "$worker_uid" = 0 ]; then
    worker=(setpriv --reuid 4711 --regid 4711 --clear-groups) worker_uid=4711
fi
chmod 755 "$dir"
mkdir "$dir/open" && chmod 777 "$dir/open"
install -m 755 "$STKGATE_BUILDDIR/tests/crowd/hostile" "$dir/hostile"
printf 'direct = %s\n' "$worker_uid" >"$dir/config/services.d/shop.conf"
start_daemon
mint --site kasa --name revoked && revoked=$token
"$stkgate" admin revoke "$key_id" --yes >/dev/null 2>&1 || fail "revoke"
mint --site kasa --name suspended && suspended=$token
"$stkgate" admin suspend "$key_id" >/dev/null 2>&1 || fail "suspend"
mint --site kasa --name strict --strict --limit 3 --window 24h && strict=$token
mint --site kasa --name good && good=$token
unknown=stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17

printf '%s\n' "$good" >"$dir/token" && chmod 644 "$dir/token"
"${worker[@]}" "$dir/hostile" "$dir/open/ready" <"$dir/token" 2>"$dir/err" &
hostile_pid=$!
end() {
    local status=$?
    kill -KILL $hostile_pid 2>/dev/null
    (exit $status) # for cleanup, which goes on with it
    cleanup
}
trap end EXIT
is_at_work() { [ -e "$dir/open/ready" ]; }
until_works is_at_work

spent=0
for ((i = 0; i < 10; i++)); do
    token=$revoked && expect 1 check --site kasa && said 'revoked'
    token=$suspended && expect 1 check --site kasa && said 'suspended'
    token=$unknown && expect 1 check --site kasa && said 'unknown'
    token=$good && expect 1 check --site ada && said 'site_mismatch'
    token=$strict
    ! check --site kasa >"$dir/out" 2>&1 || spent=$((spent + 1))
done
[ $spent = 3 ] || fail "of a strict token's 3 units $spent were spent"
# Other programs that have the view; what is revoked meanwhile stays so for them.
"$STKGATE_BUILDDIR/tests/crowd/revoked" 4 200 || fail "a check passed that should not"
kill -0 $hostile_pid || fail "the hostile program ended by itself"
kill -KILL $hostile_pid
wait $hostile_pid 2>/dev/null
stop_daemon
exit 0
