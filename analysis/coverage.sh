#!/bin/bash
# coverage.sh - how many lines of each folder the tests went through, after `make check` in a build with
# --enable-coverage; status 1 when lib or daemon has less than 90 %. --lines lists what was never run.
set -euo pipefail
STKGATE_SRCDIR=$(cd "${STKGATE_SRCDIR:?}" && pwd -P) # as gcovr names files
cd "${STKGATE_BUILDDIR:?}"
at_least=90

report() {
    gcovr --root "$STKGATE_SRCDIR" --object-directory . --filter "$STKGATE_SRCDIR/(lib|module|daemon)/" \
        --gcov-ignore-parse-errors . "$@"
}
if [ "${1:-}" = --lines ]; then
    report
    exit
fi
report --csv >coverage.csv
awk -F, -v at_least=$at_least '
    function row(name, covered, lines) {
        return sprintf("%-20s %6d of %6d lines  %5.1f %%", name, covered, lines,
            100 * covered / lines)
    }
    NR > 1 {
        folder = $1
        sub("/[^/]*$", "", folder)
        room = folder
        sub("/.*", "", room)
        lines[folder] += $2; covered[folder] += $3
        room_lines[room] += $2; room_covered[room] += $3
    }
    END {
        command = "sort"
        for (f in lines)
            print row(f == "daemon" ? "daemon itself" : f, covered[f], lines[f]) | command
        close(command)
        print ""
        failed = 0
        count = split("lib module daemon", rooms, " ")
        for (i = 1; i <= count; i++) {
            room = rooms[i]
            if (!room_lines[room]) { print room ": nothing was measured"; failed = 1; continue }
            print row(room, room_covered[room], room_lines[room])
            if (room != "module" && 100 * room_covered[room] < at_least * room_lines[room]) failed = 1
        }
        if (failed) print "coverage: lib and daemon must have " at_least " %"
        exit failed
    }' coverage.csv
