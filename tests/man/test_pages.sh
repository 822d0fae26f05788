# The manual pages: without a warning, and with every option that the programs know.
set -u
src=${STKGATE_SRCDIR:?is set by make check}
stkgate=${STKGATE_BUILDDIR:?is set by make check}/stkgate
status=0
fail() { echo "FAIL: $*" >&2; status=1; }

# Without groff the warnings are not looked for, the rest is.
if command -v groff >/dev/null; then lint='groff -ww -mandoc -Tutf8 -z'; else lint=true; fi
for page in "$src"/man/*.[1358]; do
    if grep -q '^\.so man' "$page"; then
        [ -f "$src/man/$(sed 's|^\.so man./||' "$page")" ] || fail "$page names no page"
        continue
    fi
    warnings=$($lint "$page" 2>&1)
    [ -z "$warnings" ] || fail "$warnings"
done

# has PAGE COMMAND...: each --option of the command's --help is in the page.
has() {
    page=$src/man/$1
    shift
    options=$("$stkgate" "$@" --help | grep -Eo -- '--[a-z][a-z-]+' | sort -u)
    [ -n "$options" ] || fail "no options in stkgate $* --help"
    for option in $options; do
        grep -Eq "Fl (h , )?-${option#--}( |\$)" "$page" ||
            [ "$option" = --help ] || fail "$page lacks $option of stkgate $*"
    done
}
has stkgate-check.1 check
has stkgate-cgi.1 cgi
has stkgate-authorizer.1 authorizer
has stkgate-daemon.8 daemon
for verb in mint list show edit suspend resume rotate revoke 'legacy add' 'legacy list' \
    'legacy report' 'legacy remove' 'site list' 'scope list' 'scope add' audit status; do
    # shellcheck disable=SC2086
    has stkgate-admin.1 admin $verb
done

# Each public function has a page.
for function in $(sed -n 's/^STKGATE_PUBLIC.*[ *]\(stkgate_[a-z_]*\)(.*/\1/p' \
    "$src/include/stkgate.h"); do
    [ -f "$src/man/$function.3" ] || fail "no page for $function"
done
exit $status
