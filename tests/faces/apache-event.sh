# shellcheck shell=bash
# apache-event.sh - Apache with mod_stkgate.so and the MPM event
face_missing() { apache_module_missing; }
face_start() { apache_module_start event; }
face_lines() { identity; }
