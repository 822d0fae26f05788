-- wrk.lua - for wrk with one connection per thread: what each request was answered with, and when the last one
-- that was answered with 200 had begun (CLOCK_REALTIME, in microseconds)
--
-- STKGATE_FIELDS names a file with the request's header fields, one a line: an argument could be read by all.
local ffi = require("ffi")
ffi.cdef [[
struct stkgate_timespec { long seconds, nanoseconds; };
int clock_gettime(int clock, struct stkgate_timespec *ret);
]]
local now = ffi.new("struct stkgate_timespec")
local threads = {}

local function clock()
    ffi.C.clock_gettime(0, now)
    return tonumber(now.seconds) * 1000000 + math.floor(tonumber(now.nanoseconds) / 1000)
end

function setup(thread)
    table.insert(threads, thread)
end

function init(args)
    good, others, last_good, began, other = 0, 0, 0, 0, 0
    for line in io.lines(os.getenv("STKGATE_FIELDS")) do
        local name, value = line:match("^([^:]+): *(.*)$")
        wrk.headers[name] = value
    end
    text = wrk.format("GET", nil, wrk.headers)
end

function request()
    began = clock()
    return text
end

function response(status)
    if status == 200 then
        good = good + 1
        last_good = began
    else
        others = others + 1
        other = status
    end
end

function done(summary)
    local all, bad, last, which = 0, 0, 0, 0
    for _, thread in ipairs(threads) do
        all = all + thread:get("good")
        bad = bad + thread:get("others")
        last = math.max(last, thread:get("last_good"))
        which = math.max(which, thread:get("other"))
    end
    local e = summary.errors
    io.write(string.format("good=%d others=%d other=%d last_good_us=%.0f errors=%d\n", all, bad, which, last,
        e.connect + e.read + e.write + e.timeout))
end
