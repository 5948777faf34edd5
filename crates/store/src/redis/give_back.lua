-- Takes back one cell of take.lua. ARGV: its interval, nanoseconds.
local seconds, nanos = tonumber(time[1]), tonumber(time[2]) * 1000
local kept_seconds, kept_nanos = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+):(%d+)$')
if not kept_seconds then
  return
end
local ahead = (tonumber(kept_seconds) - seconds) * 1e9 + tonumber(kept_nanos) - nanos - tonumber(ARGV[1])
if ahead <= 0 then
  redis.call('DEL', KEYS[1])
  return
end
local over = math.floor((nanos + ahead) / 1e9)
local paid_off = string.format('%d:%d', seconds + over, nanos + ahead - over * 1e9)
redis.call('SET', KEYS[1], paid_off, 'PX', math.ceil(ahead / 1e6))
