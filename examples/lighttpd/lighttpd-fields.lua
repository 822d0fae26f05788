-- lighttpd-fields.lua - lighttpd tells the fields of a call that stkgate authorizer let pass
--
--   magnet.attract-response-start-to = ("/etc/lighttpd/lighttpd-fields.lua")
--
-- lighttpd keeps what an authorizer says beside "this may pass" as variables for the program behind,
-- and tells the caller none of it. Here they become fields of the answer. A client has no way to set
-- such a variable: its own fields become HTTP_...
local fields = { "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "RateLimit-Policy", "RateLimit",
    "Deprecation", "Sunset", "Link" }

for _, name in ipairs(fields) do
    local value = lighty.r.req_env["STKGATE_" .. name:upper():gsub("-", "_")]
    if value then lighty.r.resp_header[name] = value end
end
