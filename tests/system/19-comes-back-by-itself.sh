#!/bin/bash
# A daemon that can't start is tried again and again, and nobody has to tell systemd when what was
# wrong is mended: not even who has been waiting all the time is refused.
# shellcheck source=tests/system/booted.sh
. "${STKGATE_SRCDIR:?}/tests/system/booted.sh"

failed=acc4be13658d4d2097d6a5bdc71a985d
mint --site kasa --name one
echo "$token" >"$dir/token"
echo 'cots = 3' >/etc/stkgate/services.d/shop.conf

# However late the journal comes to it, when each that tried is gone: the unit says why.
was_tried() { [ "$(property NRestarts)" -ge "$1" ]; }
expect 0 systemctl stop stkgate.service
journal_is STOP
systemctl start --no-block stkgate.service
until_works was_tried 2
systemctl stop stkgate.service
journal_is CONT
entries -u stkgate.service PRIORITY=3 >"$dir/out"
out_has "\"MESSAGE\":\"can't go on: [^\"]*shop.conf:1: cots: no such key"
expect 1 systemctl restart stkgate.service

waiting=()
for ((i = 0; i < 8; i++)); do
    "$stkgate" check --site kasa --deadline 60s <"$dir/token" >"$dir/answer.$i" 2>&1 &
    waiting+=($!)
done
"$stkgate" admin list >"$dir/list" 2>&1 &
waiting+=($!)

# More often than any limit that systemd has of its own: 5 starts of a service in 10 s.
until_works was_tried 20
entries -u stkgate.service MESSAGE_ID=$failed >"$dir/out"
out_has 'shop.conf:1: cots: no such key'
expect 0 systemctl is-active stkgate.socket stkgate-http.socket stkgate-admin.socket

rm /etc/stkgate/services.d/shop.conf
for ((i = 0; i < 8; i++)); do
    wait "${waiting[i]}" || fail "who waited was refused: $(cat "$dir/answer.$i")"
done
wait "${waiting[8]}" || fail "the list that was asked for: $(cat "$dir/list")"
grep -q "$key_id" "$dir/list" || fail "the list that was asked for does not have the token"
expect 0 systemctl is-active stkgate.service
exit 0
