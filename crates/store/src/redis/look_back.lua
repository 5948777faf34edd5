-- Since when this server remembers, seconds since the epoch: KEYS[1], which goes with all the rest when it forgets. It is
-- written each time, so that a server that takes no writes is not taken for a sound one. ARGV: what is added to the time
-- where it has forgotten, seconds.
local since = tonumber(redis.call('GET', KEYS[1]) or '') or time[1] + ARGV[1]
redis.call('SET', KEYS[1], string.format('%d', since))
return since
