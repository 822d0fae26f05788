# shellcheck shell=bash
# http.sh - http.sock itself: what all others are compared with
face_missing() { :; }
face_start() { address=unix:$dir/run/http.sock; }
face_lines() { each_place http_path; }
http_path() { echo "path $1 /v1/check/$2?scope=${4// /+}${3:+&cost=$3}"; }
