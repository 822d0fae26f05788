/* sample.h - a token as the daemon describes it
 */
#ifndef STKGATE_TESTS_SAMPLE_H
#define STKGATE_TESTS_SAMPLE_H

#define SECRET "stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"
#define KEY_ID "key_4tGvQ2mZx8LrB1sN"

/* A token as the daemon describes it, but for its last braces. */
#define TOKEN_OPEN                                                                                 \
    "{\"key_id\":\"" KEY_ID "\",\"kind\":\"live\",\"secret_prefix\":\"stk_live_zQWB\","            \
    "\"site_id\":\"kasa\",\"name\":\"production\",\"state\":\"active\","                           \
    "\"scopes\":[\"catalog:read\",\"cart:write\"],\"allowed_origins\":[\"https://kasa.example\"]," \
    "\"missing_origin\":\"deny\",\"limit\":{\"requests\":60,\"window\":\"1m\",\"burst\":60},"      \
    "\"strict\":false,\"remaining\":59,\"created_at\":\"2026-11-24T03:55:00Z\","                   \
    "\"created_by\":0,\"expires_at\":null,\"last_used_at\":null,\"allowed_count\":12,"             \
    "\"refused_count\":3,\"revoked_at\":null,\"revoked_reason\":null,\"grace_until\":null,"        \
    "\"rotated_from_key_id\":null,\"rotated_to_key_id\":null"
#define TOKEN  TOKEN_OPEN "}"
#define MINTED TOKEN_OPEN ",\"secret\":\"" SECRET "\"}"

#endif
