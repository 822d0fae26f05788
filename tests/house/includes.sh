#!/bin/sh
# Each folder includes what docs/ARCHITECTURE.md allows it, and nothing else.
#
# A rule is: files (shell pattern) : what their project includes may match : what system headers they
# may not have. The last matching rule counts.
cd "${STKGATE_SRCDIR:?}" || exit 99
wrong=0

# Headers that only one room may use: "header-pattern room-pattern"
only() {
    header=$1 room=$2
    # shellcheck disable=SC2086
    found=$(grep -rlE "^#include <$header>" lib module daemon include 2>/dev/null | grep -vE "$room")
    if [ -n "$found" ]; then
        echo "<$header> belongs in $room alone, but is included by:"
        echo "$found"
        wrong=1
    fi
}

# Files below a folder may include these project headers and no others.
may() {
    folder=$1 allowed=$2
    for file in $(find "$folder" 2>/dev/null -name '*.[ch]'); do
        for header in $(sed -n 's/^#include "\(.*\)".*/\1/p' "$file"); do
            if ! echo "$header" | grep -qE "^($allowed)\$"; then
                echo "$file includes \"$header\": $folder may include $allowed"
                wrong=1
            fi
        done
    done
}

may lib/core 'lib/core/.*'
may lib/wire 'lib/(core|wire)/.*'
may lib/view 'lib/(core|view)/.*'
may lib/map 'lib/map/.*'
may module/client 'stkgate\.h|module/client/.*|lib/(core|map|wire|view)/.*'
may module/face 'module/face/.*|stkgate\.h'
may module/nginx 'module/(nginx|face)/.*|stkgate\.h'
may module/apache 'module/(apache|face)/.*|stkgate\.h'
may module/pam 'module/(pam|face)/.*|stkgate\.h'
may module/cgi 'module/(cgi|cli|face)/.*|daemon/commands\.h|stkgate\.h'
may module/cli 'module/cli/.*|daemon/commands\.h|stkgate\.h'
may daemon/store 'daemon/store/.*|lib/core/.*'
may daemon/admin 'daemon/admin/.*|daemon/programs\.h|daemon/commands\.h|module/cli/secretline\.h|lib/core/.*'

only 'lmdb\.h' '^daemon/store/'
only 'openssl/.*' '^lib/core/digest\.c$'
only 'zlib\.h' '^lib/core/crc\.c$'
only 'microhttpd\.h' '^daemon/http[^/]*\.[ch]$'
only 'curl/.*' '^daemon/admin/'
only 'fcgiapp\.h' '^module/cgi/fastcgi\.c$'
only 'ini\.h' '^daemon/config_file\.c$'
only 'systemd/.*' '^daemon/[^/]*\.[ch]$'
only 'jansson\.h' '^(daemon/(admin|http)[^/]*\.[ch]|daemon/admin/.*|module/cli/.*)$'
only 'stkgate\.h' '^module/'

# core is pure: no clock, no files, no sockets, no printing, no threads.
pure=$(grep -nE '^#include <(time|unistd|fcntl|pthread|signal|poll|syslog|sys/(socket|stat|un|mman|random|uio)|netinet/.*)\.h>' \
    lib/core/*.[ch] lib/wire/*.[ch] lib/view/*.[ch] | grep -vE '^lib/core/moment\.c:[0-9]*:#include <time\.h>')
calls=$(grep -nE '\b(clock_gettime|time|getrandom|open|read|write|printf|fprintf|syslog|getenv)\(' \
    lib/core/*.c lib/wire/*.c lib/view/*.c | grep -vE '^\S+ *(/?\*|//)')
if [ -n "$pure$calls" ]; then
    echo "lib/core, lib/wire and lib/view are pure, but:"
    echo "$pure$calls"
    wrong=1
fi

# The service knows no socket, HTTP or event loop.
found=$(grep -nE '^#include.*(socket|http|microhttpd|sd-event|server\.h|epoll)' daemon/service*.[ch])
if [ -n "$found" ]; then
    echo "daemon/service knows no socket, HTTP or event loop, but:"
    echo "$found"
    wrong=1
fi

# No grab-bags, and no file that should have been two.
found=$(find . -path ./build -prune -o -regextype posix-extended \
    -regex '.*/(util|utils|misc|common|helpers)\.[ch]' -print)
long=$(find daemon include lib module tests fuzz bench -name '*.[ch]' -exec awk 'END {if (NR > 600) print FILENAME, NR}' {} \;)
if [ -n "$found$long" ]; then
    echo "grab-bags, or files over 600 lines:"
    echo "$found" "$long"
    wrong=1
fi
exit $wrong
