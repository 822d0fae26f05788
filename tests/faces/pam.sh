# shellcheck shell=bash
# pam.sh - logins by PAM's real library with pam_stkgate.so, as far as a call can be one
face_missing() { has PAM || echo "its module is not in this build"; }
face_start() {
    mkdir -p "$face/pam.d"
    each_place pam_place
    address="pam:$STKGATE_BUILDDIR/tests/faces/login $face/pam.d"
}
pam_place() { # PATH SERVICE COST SCOPES
    local line
    line="auth required $(module pam/.libs/pam_stkgate.so) service=$2 socket=$dir/run/check.sock ${3:+cost=$3} ${4:+scope=${4// /,}}"
    echo "$line" >"$face/pam.d$1"
    echo "$line legacy" >"$face/pam.d$1-legacy"
}
face_lines() {
    each_place pam_path
    local status
    for status in 200 401 403 429; do
        echo "lacks p $status RateLimit-Limit RateLimit-Remaining RateLimit-Reset RateLimit-Policy RateLimit" \
            "Retry-After WWW-Authenticate Cache-Control Deprecation Sunset Link body"
    done
    echo "note p a login has a result alone: PAM_SUCCESS is 200 here, PAM_AUTH_ERR 401, PAM_PERM_DENIED 403, PAM_MAXTRIES 429"
}
pam_path() { echo "path $1 ${1#/}"; }
