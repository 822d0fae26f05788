-- stkgate.lua - HAProxy asks stkgate's http.sock whether a request may pass
--
--   http-request lua.stkgate /run/stkgate/http.sock /v1/check/storefront
--
-- A request that may pass has txn.stkgate_reason set to "ok", and what the answer said in further
-- variables of txn. Any other is answered here. HAProxy goes on with a request when an action fails:
-- a rule that denies whatever has no such "ok" must follow.

-- What goes to the daemon. HAProxy has the names in lower case.
local asked = { "x-stella-token", "authorization", "x-api-key", "x-site-id", "origin" }

-- Fields of an answer that are kept, and the variable that each becomes.
local kept = {
    ["ratelimit-limit"] = "limit", ["ratelimit-remaining"] = "remaining", ["ratelimit-reset"] = "reset",
    ["ratelimit-policy"] = "policy", ["ratelimit"] = "ratelimit",
    ["deprecation"] = "deprecation", ["sunset"] = "sunset", ["link"] = "link",
    ["stkgate-key-id"] = "key_id", ["stkgate-site"] = "site", ["stkgate-scopes"] = "scopes",
}

-- Fields of a refusal that the client gets.
local passed = { "content-type", "cache-control", "www-authenticate", "retry-after", "ratelimit-limit",
    "ratelimit-remaining", "ratelimit-reset", "ratelimit-policy", "ratelimit", "deprecation", "sunset", "link" }

local unavailable = '{"type":"about:blank","title":"Service Unavailable","status":503,' ..
    '"detail":"The call could not be checked: try again in a moment.","reason":"unavailable"}'

-- The lines of a field, joined: a credential that came twice is refused, not chosen from.
local function joined(lines)
    local values = {}
    for i = 0, #lines do values[#values + 1] = lines[i] end
    return table.concat(values, ", ")
end

local function answer(txn, status, fields, body)
    local reply = txn:reply{ status = status }
    for _, name in ipairs(passed) do
        for _, value in pairs(fields[name] or {}) do reply:add_header(name, value) end
    end
    reply:set_body(body)
    txn:done(reply)
end

local function ask(txn, socket, path)
    local given, headers = txn.http:req_get_headers(), { host = { "stkgate" } }
    for _, name in ipairs(asked) do
        if given[name] then headers[name] = { joined(given[name]) } end
    end
    -- HAProxy tries four times: a daemon that hangs is given up after 2 s.
    local got = core.httpclient():get{ url = "http://stkgate" .. path, dst = "unix@" .. socket,
        headers = headers, timeout = 500 }
    local reason = got and got.headers and (got.headers["stkgate-reason"] or {})[0]
    if reason and got.status == 200 then
        for name, variable in pairs(kept) do
            local lines = got.headers[name]
            if lines then txn:set_var("txn.stkgate_" .. variable, joined(lines)) end
        end
        txn:set_var("txn.stkgate_reason", reason)
    elseif reason and (got.status == 401 or got.status == 403 or got.status == 429) then
        txn:set_var("txn.stkgate_reason", reason)
        answer(txn, got.status, got.headers, got.body)
    elseif got and (reason == "unreadable_request" or got.status == 431) then
        -- What the client sent can't be read, or is too long.
        txn:set_var("txn.stkgate_reason", "unreadable_request")
        answer(txn, got.status, got.headers, got.body)
    else
        -- The daemon is gone, or it says that this question was wrong: its body says how.
        local problem = got and got.body and got.body:match("^{.*") or ""
        core.Warning("stkgate: no verdict: status " .. tostring(got and got.status) .. " " .. problem)
        answer(txn, 503, { ["content-type"] = { "application/problem+json" },
            ["cache-control"] = { "no-store" }, ["retry-after"] = { "1" } }, unavailable)
    end
end

core.register_action("stkgate", { "http-req" }, ask, 2)
