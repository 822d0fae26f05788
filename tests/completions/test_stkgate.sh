#!/bin/bash
# The completion of bash: what is offered, with a daemon, without one, and with a hostile one.
# shellcheck source=tests/rig.sh
. "${STKGATE_SRCDIR:?is set by make check}/tests/rig.sh"
start_daemon
# What is measured here is what is offered; how long it may take is at the end.
export STKGATE_COMPLETION_SECONDS=60
PATH=$STKGATE_BUILDDIR:$PATH
# shellcheck source=completions/stkgate
. "$STKGATE_SRCDIR/completions/stkgate"

# offers LINE WORD...: exactly these are offered behind LINE, in whatever order. LINE is taken apart
# as bash does it, without quotes.
offers() {
    line=$1
    shift
    local spaced=${line//=/ = }
    spaced=${spaced//:/ : }
    read -ra COMP_WORDS <<<"$spaced"
    [[ $line == *' ' ]] && COMP_WORDS+=('')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$line COMP_POINT=${#line}
    _stkgate "${program:-stkgate}" >"$dir/out" 2>"$dir/err"
    [ ! -s "$dir/out" ] && [ ! -s "$dir/err" ] || fail "completing '$line' wrote something"
    got=$(printf '%s\n' "${COMPREPLY[@]}" | sort | xargs)
    wanted=$(printf '%s\n' "$@" | sort | xargs)
    [ "$got" = "$wanted" ] || fail "'$line' offers '$got', not '$wanted'"
}

# ---- commands, verbs and options
offers 'stkgate ' daemon admin check cgi authorizer --help --version
offers 'stkgate a' admin authorizer
offers 'stkgate ad' admin
offers 'stkgate cgi --p' --preflight --pass-token
offers 'stkgate authorizer --th' --threads
offers 'stkgate admin ' mint list show edit suspend resume rotate revoke legacy site scope status \
    audit
offers 'stkgate admin re' resume revoke
offers 'stkgate admin --runtime /nowhere re' resume revoke
offers 'stkgate admin --json sit' site
offers 'stkgate admin --' --runtime --json --help
offers 'stkgate admin legacy ' add list remove report
offers 'stkgate admin legacy re' remove report
offers 'stkgate admin nonsense '
offers 'stkgate admin nonsense --'
offers 'stkgate admin list --s' --site --state
offers 'stkgate admin edit key_x --no' --no-origins --no-link
offers 'stkgate admin rotate key_x --' --grace --finish --cancel --shorten --yes --runtime --json \
    --help
offers 'stkgate check --to' --token-fd --token-env
offers 'stkgate daemon --check' --check-config
# Every option of every verb: what --help names.
while read -r verb; do
    # shellcheck disable=SC2046,SC2086
    offers "stkgate admin $verb --" $("$stkgate" admin $verb --help | sed '/^Example/q' |
        grep -oE '^ +(-h, )?--[a-z-]+' | grep -oE -- '--.*')
done < <("$stkgate" admin --help | sed '/^Options/q' | sed -nE 's/^  ([a-z]+( [a-z]+)?) .*/\1/p')

# ---- values
mint --site kasa --name one
active=$key_id
mint --site kasa.2 --name two
revoked=$key_id
"$stkgate" admin revoke "$revoked" --yes >/dev/null || fail revoke
legacy=$(echo old-key-12345 | "$stkgate" admin legacy add --site kasa 2>/dev/null) || fail legacy
offers 'stkgate admin list --state ' active suspended revoked expired
offers 'stkgate admin list --state=re' revoked
offers 'stkgate admin mint --missing-origin ' deny allow
offers 'stkgate admin edit key_x --strict=' yes no
offers 'stkgate admin edit key_x --expires ' never
offers 'stkgate admin mint --site x --expires '
offers 'stkgate admin mint --name '
offers 'stkgate admin mint --scope ca' catalog:read cart:write
offers 'stkgate admin mint --scope catalog:' read
offers 'stkgate admin mint --scope=catalog:read,ch' read,checkout:create
offers 'stkgate admin mint --scope catalog:read,checkout:' create
offers 'stkgate admin show ' "$active" "$revoked" "$legacy"
offers "stkgate admin show ${active%????????}" "$active"
offers "stkgate admin show $active "
offers "stkgate admin revoke --reason x " "$active" "$legacy"
offers "stkgate admin suspend " "$active" "$legacy"
offers "stkgate admin rotate " "$active"
offers "stkgate admin legacy remove " "$legacy"
offers "stkgate admin audit --key-id " "$active" "$revoked" "$legacy"
offers "stkgate admin audit --key-id=${revoked%????????}" "$revoked"
mkdir "$dir/run-2" "$dir/files"
offers "stkgate admin list --runtime $dir/run" "$dir/run" "$dir/run-2"
offers "stkgate daemon --state $dir/fil" "$dir/files"
offers "stkgate daemon --config=$dir/fil" "$dir/files"
offers 'stkgate cgi --scope ca' catalog:read cart:write
offers "stkgate cgi --socket $dir/run/che" "$dir/run/check.sock"
cp /bin/true "$dir/files/program"
offers "stkgate cgi --site kasa -- $dir/files/prog" "$dir/files/program"
offers "stkgate cgi -- sh $dir/fil" "$dir/files"
offers 'stkgate cgi --site kasa -- --si'

# ---- from --runtime, not the environment
unset STKGATE_RUNTIME
offers 'stkgate admin show '
offers "stkgate admin --runtime $dir/run rotate " "$active"
offers "stkgate admin rotate --runtime=$dir/run " "$active"
export STKGATE_RUNTIME=$dir/run

# ---- site ids
offers 'stkgate admin list --site ' kasa kasa.2
offers 'stkgate check --site kasa.' kasa.2
"$stkgate" admin suspend "$active" >/dev/null || fail "suspend"
offers "stkgate admin resume " "$active"
offers "stkgate admin suspend " "$legacy"
"$stkgate" admin resume "$active" >/dev/null

# ---- in a real shell, at a real terminal: the line that TAB completed is run
if command -v script >/dev/null; then
    cat >"$dir/rc" <<END
PATH=$STKGATE_BUILDDIR:\$PATH
. "$STKGATE_SRCDIR/completions/stkgate"
END
    printf 'stkgate ad\tsco\tad\torders:read\nstkgate admin rev\t%s\t--y\t\nexit\n' \
        "${active%????????????}" |
        TERM=dumb HISTFILE='' script -qec "bash --noprofile --rcfile '$dir/rc' -i" /dev/null \
            >"$dir/out" 2>&1
    "$stkgate" admin scope list | grep -qx orders:read || fail "TAB did not complete 'scope add'"
    "$stkgate" admin list --state revoked --quiet | grep -qx "$active" ||
        fail "TAB did not complete a key id"
fi

# ---- nobody there, or somebody who answers nonsense, or nothing at all
stop_daemon
offers 'stkgate admin show '
offers 'stkgate admin list --site '
offers 'stkgate admin sho' show
cat >"$dir/hostile" <<END
#!/bin/bash
case \$* in
    *--help) exec "$stkgate" "\$@" ;;
    *) printf '%s\n' 'key_\$(touch $dir/pwned)' 'key_\`id\`' 'key_1;id' '' 'key_good' ;;
esac
END
chmod 755 "$dir/hostile"
program=$dir/hostile
offers 'stkgate admin show ' key_good
[ ! -e "$dir/pwned" ] || fail "what the daemon said was run"
mkfifo "$dir/silence"
cat >"$dir/hostile" <<END
#!/bin/bash
case \$* in *--help) exec "$stkgate" "\$@" ;; esac
exec cat "$dir/silence"
END
unset STKGATE_COMPLETION_SECONDS
SECONDS=0
offers 'stkgate admin revoke '
[ $SECONDS -lt 30 ] || fail "a daemon that does not answer held the shell up"
exit 0
