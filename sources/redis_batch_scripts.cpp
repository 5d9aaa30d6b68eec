#include "sources/redis_batch_scripts.hpp"

namespace wheelwork::redis_batch_scripts {

namespace {

// Entries of the hash: "LEASE_END OWNER".
const std::string shared = "local mark_prefix = '" + std::string{mark} + R"lua('
local function parts_of(entry)
  local blank = string.find(entry, ' ')
  return tonumber(string.sub(entry, 1, blank - 1)), string.sub(entry, blank + 1)
end
local function owner_of(entry)
  if not entry then return nil end
  local _, owner = parts_of(entry)
  return owner
end
local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function is_given_up(entry, node, run)
  local lease_end, owner = parts_of(entry)
  local earlier_run = string.sub(owner, 1, #node) == node and string.sub(owner, 1, #run) ~= run
  return earlier_run or lease_end < now_ms()
end
)lua";

} // namespace

// The first write is to the hash of batches: when the server refuses writes, it refuses this one, and nothing is half
// done.
const std::string take = shared + R"lua(
local source, landing, batches = unpack(KEYS)
local prefix, me, node, run, fresh, lease, take_end = unpack(ARGV)
redis.call('LLEN', source)
redis.call('LLEN', landing)
local claim = string.format('%d %s', now_ms() + lease, me)

local finished = ARGV[10]
if finished ~= '' then
  if owner_of(redis.call('HGET', batches, finished)) == me then
    redis.call('HDEL', batches, finished)
    redis.call('DEL', prefix .. finished)
  end
end
if ARGV[8] == '0' then return {} end

local found
local entries = redis.call('HGETALL', batches)
for each = 1, #entries, 2 do
  if owner_of(entries[each + 1]) == me then
    found = entries[each]
    break
  end
  if is_given_up(entries[each + 1], node, run) then found = found or entries[each] end
end
if not found then
  if redis.call('LLEN', source) + redis.call('LLEN', landing) == 0 then return {} end
  found = fresh
end
redis.call('HSET', batches, found, claim)
local batch = prefix .. found
if found == fresh and redis.call('EXISTS', batch) == 0 then
  for _ = 1, redis.call('LLEN', landing) do redis.call('LMOVE', landing, source, 'RIGHT', take_end) end
  local bytes = tonumber(ARGV[9])
  for _ = 1, tonumber(ARGV[8]) do
    local message = bytes > 0 and redis.call('LMOVE', source, batch, take_end, 'RIGHT')
    if not message then break end
    bytes = bytes - #message
  end
end
local answer = redis.call('LRANGE', batch, 0, -1)
table.insert(answer, 1, found)
return answer
)lua";

const std::string keep = shared + R"lua(
local batches, batch = unpack(KEYS)
if owner_of(redis.call('HGET', batches, ARGV[1])) ~= ARGV[2] or redis.call('EXISTS', batch) == 0 then return 0 end
redis.call('HSET', batches, ARGV[1], string.format('%d %s', now_ms() + ARGV[3], ARGV[2]))
return 1
)lua";

const std::string bury = shared + R"lua(
local batches, batch, dead = unpack(KEYS)
if owner_of(redis.call('HGET', batches, ARGV[1])) ~= ARGV[2] or redis.call('EXISTS', batch) == 0 then return 0 end
redis.call('LLEN', dead)
for each = 3, #ARGV, 2 do
  local mark = mark_prefix .. ARGV[1]
  if redis.call('LINDEX', batch, ARGV[each]) ~= mark then
    redis.call('LSET', batch, ARGV[each], mark)
    redis.call('RPUSH', dead, ARGV[each + 1])
  end
end
return 1
)lua";

const std::string leave = shared + R"lua(
local batches, batch = unpack(KEYS)
if owner_of(redis.call('HGET', batches, ARGV[1])) ~= ARGV[2] then return 0 end
if ARGV[3] == '1' then
  redis.call('HDEL', batches, ARGV[1])
  redis.call('DEL', batch)
else
  redis.call('HSET', batches, ARGV[1], '0 ' .. ARGV[2])
end
return 1
)lua";

const std::string look = shared + R"lua(
local source, landing, batches = unpack(KEYS)
local prefix, node, run = unpack(ARGV)
local waiting, in_hand = redis.call('LLEN', source) + redis.call('LLEN', landing), 0
local entries = redis.call('HGETALL', batches)
for each = 1, #entries, 2 do
  local size = redis.call('LLEN', prefix .. entries[each])
  if is_given_up(entries[each + 1], node, run) then waiting = waiting + size else in_hand = in_hand + size end
end
return {waiting, in_hand}
)lua";

const std::string dissolve = shared + R"lua(
local source, batches = unpack(KEYS)
local prefix, node, run, take_end = unpack(ARGV)
if redis.call('EXISTS', batches) == 0 then return 0 end
redis.call('LLEN', source)
local entries, freed = redis.call('HGETALL', batches), 0
for each = 1, #entries, 2 do
  if is_given_up(entries[each + 1], node, run) then
    local batch = prefix .. entries[each]
    redis.call('HSET', batches, entries[each], entries[each + 1])
    redis.call('LREM', batch, 0, mark_prefix .. entries[each])
    for _ = 1, redis.call('LLEN', batch) do
      redis.call('LMOVE', batch, source, 'RIGHT', take_end)
      freed = freed + 1
    end
    redis.call('HDEL', batches, entries[each])
  end
end
return freed
)lua";

} // namespace wheelwork::redis_batch_scripts
