#!/bin/sh
# The shared library exports the functions of stkgate.h, under its version, and nothing else.
: "${STKGATE_SRCDIR:?}" "${STKGATE_BUILDDIR:?}"
library=$STKGATE_BUILDDIR/module/client/.libs/libstkgate.so.0
wrong=0

declared=$(grep -oE '\bstkgate_[a-z_]+\(' "$STKGATE_SRCDIR/include/stkgate.h" |
    tr -d '(' | grep -vxE 'stkgate_text' | sort -u)
# Comments mention functions, too: all of them are declared.
mapped=$(sed -nE 's/^[[:space:]]+(stkgate_[a-z_]+);.*/\1/p' \
    "$STKGATE_SRCDIR/module/client/libstkgate.map" | sort -u)
# The sanitizers put symbols of their own into everything.
exported=$(nm -D --defined-only "$library" | awk '$3 !~ /^_?_(_)?(asan|ubsan|tsan|odr_asan|lsan|sancov)/ {print $2, $3}' | sort -u)
wanted=$({ echo 'A LIBSTKGATE_0@@LIBSTKGATE_0'
    for name in $mapped; do echo "T $name@@LIBSTKGATE_0"; done; } | sort -u)
# Some versions of nm name the node without a version.
exported=$(echo "$exported" | sed 's/^A LIBSTKGATE_0$/A LIBSTKGATE_0@@LIBSTKGATE_0/' | sort -u)

if [ "$declared" != "$mapped" ]; then
    echo "stkgate.h declares:" $declared
    echo "libstkgate.map lists:" $mapped
    wrong=1
fi
if [ "$exported" != "$wanted" ]; then
    echo "wanted:" $wanted
    echo "exported:" $exported
    wrong=1
fi
if ! readelf -d "$library" | grep -q 'SONAME.*\[libstkgate\.so\.0\]'; then
    echo "its soname is not libstkgate.so.0"
    wrong=1
fi
exit $wrong
