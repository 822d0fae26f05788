# shellcheck shell=bash
# apache-prefork.sh - Apache with mod_stkgate.so and the MPM prefork
face_missing() { apache_module_missing; }
face_start() { apache_module_start prefork; }
face_lines() { identity; }
