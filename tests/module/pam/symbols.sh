#!/bin/bash
# The module exports the six functions that PAM calls, and nothing of ours or of the library's.
: "${STKGATE_BUILDDIR:?is set by make check}"
module=$STKGATE_BUILDDIR/module/pam/.libs/pam_stkgate.so
[ -f "$module" ] || { echo "no $module"; exit 1; }

# The sanitizers and gcov put symbols of their own into everything.
exported=$(nm -D --defined-only "$module" | awk '{print $2, $3}' |
    grep -vE ' _*(asan|ubsan|tsan|odr_asan|lsan|sancov|gcov|mangle_path)' | sort)
wanted=$(printf 'T pam_sm_%s\n' acct_mgmt authenticate chauthtok close_session open_session setcred)
if [ "$exported" != "$wanted" ]; then
    echo "wanted:" $wanted
    echo "exported:" $exported
    exit 1
fi
exit 0
