#!/bin/bash
# The installed configuration: has every key that there is and no other, each with its default; so has
# its manual page.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?is set by make check}/tests/rig.sh"
src=$STKGATE_SRCDIR

keys_of_source() { sed -nE 's/^    \{"([a-z_]+)",.*/\1/p' "$src/daemon/$1" | sort; }
keys_of_example() { sed -nE 's/^#([a-z_]+) =.*/\1/p' "$src/conf/$1" | sort; }
keys_of_page() { # section
    awk -v section="$1" '/^\.S[hs] / {on = index($0, section)} on && $1 == ".It" && $2 == "Cm" {print $3}' \
        "$src/man/stkgate.conf.5" | sort
}

compare() { # source, example, section of the page
    [ "$(keys_of_source "$1" | wc -l)" -ge 10 ] || fail "the keys in $1 were not found"
    diff <(keys_of_source "$1") <(keys_of_example "$2") >"$dir/out" || fail "$1 and conf/$2 differ"
    diff <(keys_of_source "$1") <(keys_of_page "$3") >"$dir/out" || fail "$1 and the manual page differ"
}
compare config_daemon.c stkgate.conf stkgate.conf
compare config_service.c default.conf services.d

# As it is installed, and with all of its lines in force. The group is made by the package.
config=$dir/config
check_config() { expect 0 "$stkgate" daemon --config "$config" --check-config; }
cp "$src/conf/stkgate.conf" "$config/"
cp "$src/conf/default.conf" "$config/services.d/"
check_config
said 'no mistake; 1 service$'
plain=$(grep -c '=' "$dir/out")
[ "$plain" = 0 ] || fail "the examples are not the defaults"

sed -E 's/^#([a-z_]+ =)/\1/' "$src/conf/default.conf" >"$config/services.d/default.conf"
sed -E 's/^#([a-z_]+ =)/\1/' "$src/conf/stkgate.conf" >"$config/stkgate.conf"
getent group stkgate-admin >/dev/null || sed -i '/^admins/d' "$config/stkgate.conf"
check_config
[ "$(grep -c '=' "$dir/out")" = 0 ] || fail "a default in an example is not the daemon's"

# And what differs is shown.
sed -i 's/^connections = .*/connections = 17/' "$config/stkgate.conf"
sed -i 's/^cost = .*/cost = 3/' "$config/services.d/default.conf"
check_config
said '^  connections = 17 \(default: 4096\)$'
said '^  cost = 3 \(default: 1\)$'
exit 0
