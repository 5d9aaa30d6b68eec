#include "sources/redis_source.hpp"
#include "sources/redis_stream_scripts.hpp"
#include "sources/stream_entry.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace wheelwork {

namespace {

class redis_stream_watch final : public source_monitor {
public:
  redis_stream_watch(const source_setup& setup, const redis_stream_source& from, const redis_address& server)
      : key_{from.key}, group_{from.group}, of_node_{consumer_prefix(setup)}, of_run_{consumer_prefix_of_run(setup)},
        lease_{setup.consumer_lease}, connection_{server, *setup.clock, connection_options(setup, std::nullopt)} {}

  result<backlog, source_failure> look() override {
    if (auto safe = server_.look(connection_); !safe) return failure(std::move(safe.error()));
    auto seen = look_at_group();
    if (!seen) return failure(words_for(seen.error(), "stream", key_));
    seen->warning = server_.take_warning();
    return std::move(*seen);
  }

private:
  result<backlog, redis_failure> look_at_group();
  result<uint64_t, redis_failure> waiting_after(const redis_value& group, const std::string& last);
  result<uint64_t, redis_failure> orphaned();

  const std::string key_, group_;
  const std::string of_node_, of_run_; ///< how names of consumers begin
  const milliseconds lease_;
  redis_connection connection_;
  redis_server_watch server_;
};

/// No `lag` is known before Redis 7, and after entries in the middle were deleted.
result<uint64_t, redis_failure> redis_stream_watch::waiting_after(const redis_value& group, const std::string& last) {
  if (const auto lag = group.named("lag"); !lag.is_nil()) return static_cast<uint64_t>(lag.integer());
  const auto counted = connection_.run_script(redis_stream_scripts::count_after, std::array<std::string_view, 1>{key_},
                                              std::array<std::string_view, 1>{last});
  if (!counted) return failure(counted.error());
  return static_cast<uint64_t>(counted->integer());
}

/// Entries that consumers had in hand when they died: the next one that looks takes them, so they wait. Without this a
/// pool of no consumers would never wake for them.
result<uint64_t, redis_failure> redis_stream_watch::orphaned() {
  const auto consumers = connection_.run({"XINFO", "CONSUMERS", key_, group_});
  if (!consumers) return failure(consumers.error());
  uint64_t count = 0;
  for (size_t each = 0; each < consumers->size(); ++each) {
    const auto one = (*consumers)[each];
    const auto name = one.named("name").text();
    if (name == redis_stream_owner_of_given_back()) continue;
    const bool earlier_run = name.starts_with(of_node_) && !name.starts_with(of_run_);
    if (earlier_run || one.named("idle").integer() >= lease_.count())
      count += static_cast<uint64_t>(one.named("pending").integer());
  }
  return count;
}

result<backlog, redis_failure> redis_stream_watch::look_at_group() {
  backlog seen;
  const auto groups = connection_.run({"XINFO", "GROUPS", key_});
  if (!groups && groups.error().message.find("no such key") != std::string::npos) return seen;
  if (!groups) return failure(groups.error());
  std::string last = "0-0"; // the first consumer makes the group, from the beginning
  for (size_t each = 0; each < groups->size(); ++each) {
    const auto group = (*groups)[each];
    if (group.named("name").text() != group_) continue;
    last = group.named("last-delivered-id").string();
    const auto waiting = waiting_after(group, last);
    if (!waiting) return failure(waiting.error());
    const auto given_back =
        connection_.run({"XPENDING", key_, group_, "-", "+", "10000", redis_stream_owner_of_given_back()});
    if (!given_back) return failure(given_back.error());
    const auto pending = static_cast<uint64_t>(group.named("pending").integer());
    uint64_t orphans = 0;
    if (pending > given_back->size()) {
      const auto counted = orphaned();
      if (!counted) return failure(counted.error());
      orphans = *counted;
    }
    seen.waiting = *waiting + given_back->size() + orphans;
    seen.in_hand = pending - std::min(pending, given_back->size() + orphans);
    if (given_back->size() > 0) seen.oldest = time_of_entry((*given_back)[0][0].text());
  }
  const auto after = "(" + last;
  const auto first = connection_.run({"XRANGE", key_, after, "+", "COUNT", "1"});
  if (!first) return failure(first.error());
  if (!seen.oldest && first->size() > 0) seen.oldest = time_of_entry((*first)[0][0].text());
  if (last == "0-0") {
    const auto all = connection_.run({"XLEN", key_});
    if (!all) return failure(all.error());
    seen.waiting = static_cast<uint64_t>(all->integer());
  }
  return seen;
}

} // namespace

std::unique_ptr<source_monitor> make_redis_stream_monitor(const source_setup& setup, const redis_stream_source& from,
                                                          const redis_address& server) {
  return std::make_unique<redis_stream_watch>(setup, from, server);
}

} // namespace wheelwork
