-- `CellRate::take` of the model, step by step: KEYS[1] is when the cells so far are paid off, as
-- `seconds:nanoseconds`, since doubles hold no nanoseconds since the epoch. ARGV: interval and depth of the rate, nanoseconds.
local seconds, nanos = tonumber(time[1]), tonumber(time[2]) * 1000
local interval, depth = tonumber(ARGV[1]), tonumber(ARGV[2])
local ahead = 0
local kept_seconds, kept_nanos = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+):(%d+)$')
if kept_seconds then
  ahead = math.max((tonumber(kept_seconds) - seconds) * 1e9 + tonumber(kept_nanos) - nanos, 0)
end
-- Left behind by a slower rate.
if ahead > depth then
  ahead = depth - interval
end
ahead = ahead + interval
if ahead > depth then
  return {0, ahead}
end
local over = math.floor((nanos + ahead) / 1e9)
local paid_off = string.format('%d:%d', seconds + over, nanos + ahead - over * 1e9)
redis.call('SET', KEYS[1], paid_off, 'PX', math.ceil(ahead / 1e6) + longer_ms)
return {1, ahead}
