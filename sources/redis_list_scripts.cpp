#include "sources/redis_list_scripts.hpp"

namespace wheelwork::redis_list_scripts {

const std::string_view enter = R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], string.format('0 %d', now + ARGV[2]))
return 1
)lua";

// The first write is to the hash of consumers: when the server refuses writes, it refuses this one, and nothing is
// half done.
const std::string_view step = R"lua(
local source, own, consumers, landing, losses, dead = unpack(KEYS)
local me, number, take_end = ARGV[1], tonumber(ARGV[2]), ARGV[8]
redis.call('LLEN', source)
redis.call('LLEN', landing)
local any_lost = redis.call('HLEN', losses) > 0
if #ARGV > 11 then redis.call('LLEN', dead) end

local entry = redis.call('HGET', consumers, me)
local last = entry and tonumber(string.match(entry, '^%-?%d+'))
if last ~= number and last ~= number + 1 then
  if entry then redis.call('HSET', consumers, me, '-1 0') end
  for _ = 1, redis.call('LLEN', own) do redis.call('LMOVE', own, source, 'RIGHT', take_end) end
  if entry then redis.call('HDEL', consumers, me) end
  return {'lost'}
end

local time = redis.call('TIME')
local lease_end = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3]
redis.call('HSET', consumers, me, string.format('%d %d', number + 1, lease_end))
local answer = {'ok', {}}
local function give(message)
  answer[#answer + 1] = message
  if not any_lost then return end
  local times = redis.call('HGET', losses, redis.sha1hex(message))
  if not times then return end
  table.insert(answer[2], #answer - 3)
  table.insert(answer[2], tonumber(times))
end
if last == number + 1 then
  for _, message in ipairs(redis.call('LRANGE', own, ARGV[4], -1)) do give(message) end
  return answer
end

for letter = 12, #ARGV do redis.call('RPUSH', dead, ARGV[letter]) end
local back = {}
for position in string.gmatch(ARGV[7], '%d+') do back[#back + 1] = position end
local push = take_end == 'RIGHT' and 'RPUSH' or 'LPUSH'
for each = #back, 1, -1 do
  local message = redis.call('LINDEX', own, back[each])
  if message then redis.call(push, source, message) end
end

for position in string.gmatch(ARGV[11], '%d+') do
  local message = redis.call('LINDEX', own, position)
  if message then redis.call('HDEL', losses, redis.sha1hex(message)) end
end

local mark, marked = 'wheelwork:done:' .. me, false
for position in string.gmatch(ARGV[6], '%d+') do
  redis.call('LSET', own, position, mark)
  marked = true
end
if marked then redis.call('LREM', own, 0, mark) end
if ARGV[5] ~= '0' then redis.call('LTRIM', own, ARGV[5], -1) end

local room, bytes = tonumber(ARGV[9]), tonumber(ARGV[10])
if room == 0 then return answer end
for _ = 1, redis.call('LLEN', landing) do redis.call('LMOVE', landing, source, 'RIGHT', take_end) end
local portion, seen = 1, 0
while room > 0 and bytes > 0 do
  portion = math.min(portion, room)
  local found
  if take_end == 'RIGHT' then
    found = redis.call('LRANGE', source, -portion, -1)
    for each = 1, math.floor(#found / 2) do
      found[each], found[#found + 1 - each] = found[#found + 1 - each], found[each]
    end
  else
    found = redis.call('LRANGE', source, 0, portion - 1)
  end
  local taken = 0
  for each = 1, #found do
    if bytes <= 0 then break end
    taken = each
    bytes = bytes - #found[each]
    seen = seen + #found[each]
    give(found[each])
  end
  if taken == 0 then break end
  redis.call('RPUSH', own, unpack(found, 1, taken))
  if take_end == 'RIGHT' then
    redis.call('LTRIM', source, 0, -(taken + 1))
  else
    redis.call('LTRIM', source, taken, -1)
  end
  room = room - taken
  if #found < portion then break end
  local size = math.max(1, seen / (#answer - 2))
  portion = math.max(1, math.min(portion * 8, 4000, math.floor(bytes / size)))
end
return answer
)lua";

const std::string_view leave = R"lua(
local source, own, consumers, landing = unpack(KEYS)
redis.call('LLEN', source)
if redis.call('HGET', consumers, ARGV[1]) then redis.call('HSET', consumers, ARGV[1], '-1 0') end
for _ = 1, redis.call('LLEN', own) do redis.call('LMOVE', own, source, 'RIGHT', ARGV[2]) end
redis.call('HDEL', consumers, ARGV[1])
if redis.call('HLEN', consumers) == 0 then
  for _ = 1, redis.call('LLEN', landing) do redis.call('LMOVE', landing, source, 'RIGHT', ARGV[2]) end
end
return 1
)lua";

const std::string_view count_attempt = R"lua(
local own, consumers, losses = unpack(KEYS)
if not redis.call('HGET', consumers, ARGV[1]) then return 0 end
local message = redis.call('LINDEX', own, ARGV[2])
if message then redis.call('HINCRBY', losses, redis.sha1hex(message), ARGV[3]) end
return 1
)lua";

const std::string_view recover = R"lua(
local source, consumers, landing, losses = unpack(KEYS)
local own_of, take_end, node, run, keep_losses = unpack(ARGV)
redis.call('LLEN', source)
redis.call('HLEN', losses)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local entries = redis.call('HGETALL', consumers)
local in_hand, recovered, alive = 0, 0, 0
for each = 1, #entries, 2 do
  local name = entries[each]
  local own = own_of .. name
  local lease_end = tonumber(string.match(entries[each + 1], '%d+$'))
  local earlier_run = string.sub(name, 1, #node) == node and string.sub(name, 1, #run) ~= run
  if lease_end < now or earlier_run then
    redis.call('HSET', consumers, name, '-1 0')
    local left = redis.call('LLEN', own)
    for _ = 1, left do
      local message = redis.call('LMOVE', own, source, 'RIGHT', take_end)
      redis.call('HSETNX', losses, redis.sha1hex(message), 1)
    end
    if left > 0 then redis.call('PEXPIRE', losses, keep_losses) end
    redis.call('HDEL', consumers, name)
    recovered = recovered + left
  else
    in_hand = in_hand + redis.call('LLEN', own)
    alive = alive + 1
  end
end
if alive == 0 then
  for _ = 1, redis.call('LLEN', landing) do redis.call('LMOVE', landing, source, 'RIGHT', take_end) end
end
return {redis.call('LLEN', source) + redis.call('LLEN', landing), in_hand, recovered}
)lua";

} // namespace wheelwork::redis_list_scripts
