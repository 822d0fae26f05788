# shellcheck shell=bash
# caddy.sh - Caddy asks http.sock: what is behind forward_auth, written out
face_missing() { type -P caddy >/dev/null || echo "Caddy is not installed"; }
face_start() {
    address=unix:$face/web.sock
    {
        cat <<CONF
{
	admin off
	auto_https off
	storage file_system $face/storage
	log default {
		output file $face/error.log
		$(is_quiet || echo level debug)
		format filter {
			wrap json
			fields {
				request>headers delete
			}
		}
	}
}
http:// {
	bind unix/$face/web.sock
	log {
		output file $face/access.log
		format filter {
			wrap json
			fields {
				request>headers delete
			}
		}
	}
CONF
        each_place caddy_place
        echo '}'
    } >"$face/Caddyfile"
    server_env+=("HOME=$face" "XDG_CONFIG_HOME=$face" "XDG_DATA_HOME=$face")
    serve caddy run --adapter caddyfile --config "$face/Caddyfile"
}
face_lines() { identity; }
caddy_place() { # PATH SERVICE COST SCOPES
    cat <<CONF
	# In the order that is written: Caddy's own has respond before reverse_proxy.
	route $1 {
		reverse_proxy unix/$dir/run/http.sock {
			method GET
			rewrite /v1/check/$2?scope=${4// /+}${3:+&cost=$3}
			@allowed status 200
			handle_response @allowed {
				copy_response_headers {
					include RateLimit-Limit RateLimit-Remaining RateLimit-Reset RateLimit-Policy RateLimit Deprecation Sunset Link
				}
			}
		}
		respond "behind"
	}
CONF
}
