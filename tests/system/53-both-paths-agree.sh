#!/bin/bash
# Who decides by the view and who asks get the same: each field of the verdict, each header field, and
# what is left of the bucket, for each row of the product's table.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?}/tests/rig.sh"
service() { # NAME LINE...
    printf '%s\n' "${@:2}" >"$dir/config/services.d/$1.conf"
}
service test 'accept = test'
service nosite 'require_site = no' 'fields = ietf' 'realm = another'
service checkout 'scope = checkout:create'
service four 'cost = 4'
service other 'sites = ada'
service none 'fields = none'
start_daemon
"$STKGATE_BUILDDIR/tests/crowd/both_paths" || fail "the two ways do not agree"
stop_daemon
exit 0
