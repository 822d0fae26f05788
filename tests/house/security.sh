#!/bin/bash
# What docs/SECURITY.md promises is tested: each line names its tests, and these are there. And what no
# test can time or provoke is held by the source.
cd "${STKGATE_SRCDIR:?}" || exit 99
doc=docs/SECURITY.md
wrong=0
complain() {
    echo "$*"
    wrong=1
}

# Lines of the tables: | can, can't or limit | what | `path` name, name; `path` |
rows() { grep -E '^\| *[a-z]' "$doc"; }

each_line_has_its_test() {
    local kind what proof
    [ "$(rows | wc -l)" -gt 40 ] || complain "$doc has no tables any more"
    while IFS='|' read -r _ kind what proof _; do
        case ${kind// /} in
        can | "can't") grep -q '`' <<<"$proof" || complain "no test is named: $kind $what" ;;
        limit) ;;
        *) complain "neither can, can't nor limit: $kind $what" ;;
        esac
    done < <(rows)
}

# "path name" for each that is named; "path" for a whole file.
named_tests() {
    local file names name
    rows | awk -F'|' '{print $4}' | tr ';' '\n' | grep '`' | while read -r proof; do
        file=$(sed -n 's/^[^`]*`\([^`]*\)`.*/\1/p' <<<"$proof")
        names=$(sed 's/^[^`]*`[^`]*`//; s/,/ /g' <<<"$proof")
        echo "$file"
        for name in $names; do echo "$file $name"; done
    done
}

each_test_is_there() {
    local file name
    while read -r file name; do
        if [ ! -f "$file" ]; then complain "$doc names $file, which is not there"
        elif [ -n "$name" ] && ! grep -qE "^START_TEST\($name\)|^[a-z].*\b$name\(|^$name\(\)" "$file"; then
            complain "$doc names $name, which is not in $file"
        elif [ -z "$name" ] && ! grep -rqF "${file%.c}" tests/Makefile.inc tests/*/Makefile.inc \
            tests/*/*/Makefile.inc fuzz/Makefile.inc; then complain "nothing runs $file"
        fi
    done < <(named_tests | sort -u)
}

# How long a comparison takes must not depend on where two digests part.
compares_digests_in_constant_time() {
    grep -q 'return CRYPTO_memcmp(' lib/core/digest.c ||
        complain "lib/core/digest.c does not compare with CRYPTO_memcmp()"
    found=$(grep -nE '\b(memcmp|bcmp|strn?cmp)\(.*(digest|secret)' -r lib daemon module --include='*.c')
    [ -z "$found" ] || complain "digests are compared by digest_equal() alone, but: $found"
}

each_line_has_its_test
each_test_is_there
compares_digests_in_constant_time
exit $wrong
