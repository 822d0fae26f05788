# shellcheck shell=bash
# caddy.sh - Caddy asks http.sock, by the recipe of docs/servers/http.md
face_missing() { type -P caddy >/dev/null || echo "Caddy is not installed"; }
face_start() {
    address=unix:$face/web.sock
    local route='/^\troute {$/,/^\t}$/' level=''
    is_quiet || level='\n\t\tlevel debug'
    # What is behind is Caddy's own answer: one server less.
    block http.md Caddyfile | sed -e "s,/run/stkgate/http.sock,$dir/run/http.sock," -e "s,/var/log/caddy,$face," \
        -e "1s,{,{\n\tadmin off\n\tauto_https off\n\tstorage file_system $face/storage," \
        -e "s,log default {,&\n\t\toutput file $face/error.log$level," -e "s,^:80 {,http:// {\n\tbind unix/$face/web.sock," \
        -e 's/\(_timeout \)[0-9]*s$/\160s/' -e '/reverse_proxy 127.0.0.1:8080 {/,/^\t\t}$/c \\t\trespond "behind"' >"$face/recipe"
    sed -n "$route p" "$face/recipe" >"$face/route"
    {
        sed -e "$route d" -e '$d' "$face/recipe"
        each_place caddy_place
        echo '}'
    } >"$face/Caddyfile"
    server_env+=("HOME=$face" "XDG_CONFIG_HOME=$face" "XDG_DATA_HOME=$face")
    serve caddy run --adapter caddyfile --config "$face/Caddyfile"
}
face_lines() { identity; }
caddy_place() { # PATH SERVICE COST SCOPES
    sed -e "s,route {,route $1 {," \
        -e "s,/v1/check/storefront?scope=catalog:read,/v1/check/$2?scope=${4// /+}${3:+\\&cost=$3}," "$face/route"
}
