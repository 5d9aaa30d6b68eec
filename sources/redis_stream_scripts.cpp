#include "sources/redis_stream_scripts.hpp"

namespace wheelwork::redis_stream_scripts {

const std::string_view renew = R"lua(
local stream, group, me = KEYS[1], ARGV[1], ARGV[2]
local answer, ids = {}, {}
local function renew_these()
  if #ids == 0 then return end
  local words = {'XCLAIM', stream, group, me, 0}
  for _, id in ipairs(ids) do words[#words + 1] = id end
  words[#words + 1] = 'JUSTID'
  redis.call(unpack(words))
  ids = {}
end
for _, entry in ipairs(redis.call('XPENDING', stream, group, '-', '+', 1000000, me)) do
  answer[#answer + 1] = entry[1]
  answer[#answer + 1] = entry[4]
  ids[#ids + 1] = entry[1]
  if #ids == 1000 then renew_these() end
end
renew_these()
return answer
)lua";

const std::string_view claim = R"lua(
local stream = KEYS[1]
local group, me, lease, room, back, whole, node, run = unpack(ARGV)
room = tonumber(room)
local answer = {}
local function take(pending)
  for _, entry in ipairs(pending) do
    local id, owner, deliveries = entry[1], entry[2], entry[4]
    if room > 0 and owner ~= me then
      if owner ~= back then deliveries = math.max(deliveries, 2) end
      local claimed = redis.call('XCLAIM', stream, group, me, 0, id, 'RETRYCOUNT', deliveries)[1]
      if claimed then
        answer[#answer + 1] = {id, deliveries, claimed[2]}
        room = room - 1
      else
        redis.call('XACK', stream, group, id)
      end
    end
  end
end
take(redis.call('XPENDING', stream, group, '-', '+', room, back))
if whole ~= '1' then return answer end
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', stream, group)) do
  local name = consumer[2]
  if string.sub(name, 1, #node) == node and string.sub(name, 1, #run) ~= run then
    if room > 0 then take(redis.call('XPENDING', stream, group, '-', '+', room, name)) end
    if #redis.call('XPENDING', stream, group, '-', '+', 1, name) == 0 then
      redis.call('XGROUP', 'DELCONSUMER', stream, group, name)
    end
  end
end
if room > 0 then take(redis.call('XPENDING', stream, group, 'IDLE', lease, '-', '+', room)) end
return answer
)lua";

const std::string_view give_back = R"lua(
local stream, group, me, back = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
for each = 4, #ARGV do
  local id = ARGV[each]
  local mine = redis.call('XPENDING', stream, group, id, id, 1, me)[1]
  if mine then redis.call('XCLAIM', stream, group, back, 0, id, 'RETRYCOUNT', mine[4], 'JUSTID') end
end
return 1
)lua";

const std::string_view count_attempt = R"lua(
local stream, group, me, id = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local mine = redis.call('XPENDING', stream, group, id, id, 1, me)[1]
if mine then redis.call('XCLAIM', stream, group, me, 0, id, 'RETRYCOUNT', mine[4] + ARGV[4], 'JUSTID') end
return 1
)lua";

const std::string_view bury = R"lua(
local stream, dead, group, me, id = KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3]
if #redis.call('XPENDING', stream, group, id, id, 1, me) == 0 then return 0 end
local found = redis.call('XRANGE', stream, id, id)[1]
local fields = found and found[2] or {'wheelwork_lost', 'the entry was trimmed before it was buried'}
local at_once = 7000 -- a script can't call with more than about 8,000 words
local parts = math.max(1, math.ceil(#fields / at_once))
for part = 1, parts do
  local words = {'XADD', dead, '*'}
  for each = (part - 1) * at_once + 1, math.min(part * at_once, #fields) do words[#words + 1] = fields[each] end
  for each = 4, #ARGV do words[#words + 1] = ARGV[each] end
  if parts > 1 then
    words[#words + 1] = 'wheelwork_part'
    words[#words + 1] = part .. ' of ' .. parts
  end
  redis.call(unpack(words))
end
redis.call('XACK', stream, group, id)
return 1
)lua";

const std::string_view leave = R"lua(
if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) == 0 then
  redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
end
return 1
)lua";

const std::string_view count_after = R"lua(
local count, from = 0, '(' .. ARGV[1]
for _ = 1, 20 do
  local part = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', 500)
  count = count + #part
  if #part < 500 then return count end
  from = '(' .. part[#part][1]
end
return redis.call('XLEN', KEYS[1])
)lua";

} // namespace wheelwork::redis_stream_scripts
