#include "sources/redis_source.hpp"
#include "sources/redis_stream_burial.hpp"
#include "sources/redis_stream_scripts.hpp"
#include "sources/stream_entry.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <map>

namespace wheelwork {

namespace {

using steady_time = std::chrono::steady_clock::time_point;

constexpr char owner_of_given_back[] = "/given-back";

struct held_entry {
  std::string id;
  std::optional<dead_message> condemned; ///< nobody was given it: it is to be buried
};

class redis_stream_consumer final : public source {
public:
  redis_stream_consumer(const source_setup& setup, const redis_stream_source& from, uint32_t number,
                        const redis_address& server)
      : setup_{setup}, key_{from.key}, group_{from.group}, dead_{setup.dead_letter},
        name_{fmt::format("{}{}/{}", consumer_prefix_of_run(setup), setup.pool, number)},
        connection_{server, *setup.clock, connection_options(setup, number)} {
    if (dead_.empty()) dead_ = key_ + ":dead";
  }

  result<source_news, source_failure> take(size_t at_most, size_t bytes_at_most, milliseconds wait) override;
  result<source_news, source_failure> keep_alive() override;
  void acknowledge(std::span<const message_token> done) override;
  result<void, source_failure> bury(std::span<const dead_message> dead) override;
  result<void, source_failure> attempt_begins(message_token suspect) override { return count_attempt(suspect, "1"); }
  result<void, source_failure> attempt_ended(message_token suspect) override { return count_attempt(suspect, "-1"); }
  result<void, source_failure> give_back(std::span<const message_token> untouched) override;
  result<void, source_failure> close() override;

private:
  using outcome = result<void, redis_failure>;

  result<void, source_failure> be_ready();
  outcome make_group();
  outcome with_group(const std::function<outcome()>& work);
  outcome take_now(size_t room, size_t bytes);
  outcome write_acknowledged();
  outcome renew();
  outcome read_again(const std::map<std::string, uint32_t>& unknown);
  outcome claim(size_t room, bool whole);
  outcome read_new(size_t room, size_t bytes);
  outcome wait_for_some(size_t room, milliseconds at_most);
  outcome bury_condemned();
  outcome bury_one(const std::string& id, const dead_message& why);
  result<void, source_failure> count_attempt(message_token of, std::string_view by);
  void add_entries(const redis_value& streams);
  void add(const redis_value& id, const redis_value& fields, uint32_t deliveries);
  void lose_all(const std::string& words);
  size_t entries_for(size_t room, size_t bytes) const {
    return std::min(room, std::max<size_t>(1, bytes / std::max<size_t>(usual_size_, 1)));
  }
  source_failure words(const redis_failure& failed) const { return words_for(failed, "stream", key_); }

  const source_setup setup_;
  const std::string key_, group_;
  std::string dead_;
  const std::string name_;
  redis_connection connection_;
  uint64_t checked_session_ = 0;
  bool uncertain_ = true; ///< the group may have entries down as this consumer's that it never saw, or the other way
  bool group_seen_ = false;
  steady_time renew_at_{}, look_for_dead_at_{};
  bool some_given_back_ = true;
  size_t usual_size_ = 16'384; ///< of an entry; a guess until some were seen
  uint64_t last_token_ = 0;
  std::map<message_token, held_entry> hand_;
  std::vector<std::string> acknowledged_; ///< ids
  source_news news_;
};

// -- what the group says ----------------------------------------------------------------------------------------------

result<void, source_failure> redis_stream_consumer::be_ready() {
  if (auto connected = connection_.connect(); !connected) return failure(words(connected.error()));
  if (checked_session_ == connection_.session()) return {};
  if (auto unsafe = unsafe_server(connection_.server(), connection_.address())) return failure(std::move(*unsafe));
  checked_session_ = connection_.session();
  uncertain_ = true;
  return {};
}

redis_stream_consumer::outcome redis_stream_consumer::make_group() {
  const auto made = connection_.run({"XGROUP", "CREATE", key_, group_, "0", "MKSTREAM"});
  if (!made && !made.error().is("BUSYGROUP")) return failure(made.error());
  if (group_seen_)
    lose_all(fmt::format("the group {} of the stream {} was gone (deleted, or the server lost its data) and is made "
                         "again: it begins with the oldest entry",
                         group_, key_));
  group_seen_ = true;
  return {};
}

redis_stream_consumer::outcome redis_stream_consumer::with_group(const std::function<outcome()>& work) {
  auto done = work();
  if (done) {
    group_seen_ = true;
    return done;
  }
  if (!done.error().is("NOGROUP") && !done.error().is("UNBLOCKED")) return done;
  if (auto made = make_group(); !made) return made;
  return work();
}

void redis_stream_consumer::lose_all(const std::string& words) {
  for (const auto& [token, held] : hand_)
    if (!held.condemned) news_.lost.push_back(token);
  hand_.clear();
  acknowledged_.clear();
  news_.taken.clear();
  news_.warning = words;
}

redis_stream_consumer::outcome redis_stream_consumer::write_acknowledged() {
  constexpr size_t at_once = 4096;
  while (!acknowledged_.empty()) {
    const size_t count = std::min(at_once, acknowledged_.size());
    redis_command command{"XACK", key_, group_};
    for (size_t each = acknowledged_.size() - count; each < acknowledged_.size(); ++each)
      command.push_back(acknowledged_[each]);
    if (auto done = connection_.run(command); !done) return failure(done.error());
    acknowledged_.resize(acknowledged_.size() - count);
  }
  return {};
}

/// Compares what it has in hand with what the group has down as its.
redis_stream_consumer::outcome redis_stream_consumer::renew() {
  const auto now = setup_.clock->steady_now();
  const auto answer = connection_.run_script(redis_stream_scripts::renew, std::array<std::string_view, 1>{key_},
                                             std::array<std::string_view, 2>{group_, name_});
  if (!answer) return failure(answer.error());
  std::map<std::string, uint32_t> mine;
  for (size_t each = 0; each + 1 < answer->size(); each += 2)
    mine[(*answer)[each].string()] = static_cast<uint32_t>((*answer)[each + 1].integer());
  for (auto held = hand_.begin(); held != hand_.end();) {
    if (mine.erase(held->second.id) > 0) {
      ++held;
      continue;
    }
    if (!held->second.condemned) news_.lost.push_back(held->first);
    held = hand_.erase(held);
  }
  std::erase_if(news_.taken, [this](const auto& one) { return !hand_.contains(one.token); });
  if (auto read = read_again(mine); !read) return read;
  uncertain_ = false;
  renew_at_ = now + setup_.consumer_lease / 5;
  return {};
}

/// Entries that were delivered in an answer that was lost.
redis_stream_consumer::outcome redis_stream_consumer::read_again(const std::map<std::string, uint32_t>& unknown) {
  for (const auto& [id, deliveries] : unknown) {
    const auto found = connection_.run({"XRANGE", key_, id, id});
    if (!found) return failure(found.error());
    if (found->size() == 0)
      acknowledged_.push_back(id); // it was deleted
    else
      add((*found)[0][0], (*found)[0][1], deliveries);
  }
  return {};
}

// -- taking -----------------------------------------------------------------------------------------------------------

void redis_stream_consumer::add(const redis_value& id, const redis_value& fields, uint32_t deliveries) {
  held_entry held{id.string(), std::nullopt};
  const message_token token{++last_token_};
  const size_t size = size_of_fields(fields);
  usual_size_ = (usual_size_ * 7 + size) / 8;
  if (size > setup_.message_size_max)
    held.condemned = dead_message{token, "too_large",
                                  fmt::format("it has {} bytes; {} are allowed", size, setup_.message_size_max), 0};
  else
    held.condemned = condemned(token, deliveries);
  if (!held.condemned) {
    taken_message taken;
    taken.token = token;
    taken.bytes = json_of_fields(fields);
    taken.offset = taken.identity = held.id;
    taken.produced_at = time_of_entry(held.id);
    taken.deliveries = deliveries;
    news_.taken.push_back(std::move(taken));
  }
  hand_.emplace(token, std::move(held));
}

void redis_stream_consumer::add_entries(const redis_value& streams) {
  const auto entries = streams[0][1];
  for (size_t each = 0; each < entries.size(); ++each) add(entries[each][0], entries[each][1], 1);
}

redis_stream_consumer::outcome redis_stream_consumer::claim(size_t room, bool whole) {
  const auto now = setup_.clock->steady_now();
  const auto lease = std::to_string(setup_.consumer_lease.count());
  const auto count = std::to_string(room);
  const auto node = consumer_prefix(setup_), run = consumer_prefix_of_run(setup_);
  const auto claimed = connection_.run_script(
      redis_stream_scripts::claim, std::array<std::string_view, 1>{key_},
      std::array<std::string_view, 8>{group_, name_, lease, count, owner_of_given_back, whole ? "1" : "0", node, run});
  if (!claimed) {
    uncertain_ = uncertain_ || claimed.error().sent;
    return failure(claimed.error());
  }
  for (size_t each = 0; each < claimed->size(); ++each) {
    const auto entry = (*claimed)[each];
    add(entry[0], entry[2], static_cast<uint32_t>(entry[1].integer()));
  }
  some_given_back_ = claimed->size() >= room;
  if (whole) look_for_dead_at_ = now + setup_.consumer_lease / 3;
  return {};
}

redis_stream_consumer::outcome redis_stream_consumer::read_new(size_t room, size_t bytes) {
  const auto count = std::to_string(entries_for(room, bytes));
  const std::array<redis_command, 2> commands{
      redis_command{"XPENDING", key_, group_, "-", "+", "1", owner_of_given_back},
      redis_command{"XREADGROUP", "GROUP", group_, name_, "COUNT", count, "STREAMS", key_, ">"}};
  const auto answers = connection_.run_all(commands);
  if (!answers) {
    uncertain_ = uncertain_ || answers.error().sent;
    return failure(answers.error());
  }
  for (const auto& answer : *answers)
    if (answer.is_error()) return failure(connection_.failure_of(answer));
  some_given_back_ = (*answers)[0].size() > 0;
  add_entries((*answers)[1]);
  return {};
}

redis_stream_consumer::outcome redis_stream_consumer::wait_for_some(size_t room, milliseconds at_most) {
  const auto count = std::to_string(entries_for(room, 1u << 20));
  const auto wait = std::to_string(std::max<int64_t>(at_most.count(), 1)); // 0 would be for ever
  auto answer = connection_.run(
      {"XREADGROUP", "GROUP", group_, name_, "COUNT", count, "BLOCK", wait, "STREAMS", key_, ">"}, at_most);
  if (answer) {
    add_entries(*answer);
    return {};
  }
  uncertain_ = uncertain_ || answer.error().sent;
  return failure(answer.error());
}

redis_stream_consumer::outcome redis_stream_consumer::take_now(size_t room, size_t bytes) {
  if (auto written = write_acknowledged(); !written) return written;
  const auto now = setup_.clock->steady_now();
  if (uncertain_ || (!hand_.empty() && now >= renew_at_))
    if (auto renewed = renew(); !renewed) return renewed;
  const bool whole = now >= look_for_dead_at_;
  if (room > 0 && (whole || some_given_back_))
    if (auto claimed = claim(entries_for(room, bytes), whole); !claimed) return claimed;
  if (room > 0 && news_.taken.empty())
    if (auto read = read_new(room, bytes); !read) return read;
  if (room > 0 && news_.taken.empty() && some_given_back_)
    if (auto claimed = claim(entries_for(room, bytes), false); !claimed) return claimed;
  return bury_condemned();
}

result<source_news, source_failure> redis_stream_consumer::take(size_t at_most, size_t bytes_at_most,
                                                                milliseconds wait) {
  const auto until = setup_.clock->steady_now() + wait;
  const auto slice = std::max(setup_.consumer_lease / 5, milliseconds{1});
  for (;;) {
    if (auto ready = be_ready(); !ready) return failure(std::move(ready.error()));
    if (auto taken = with_group([&] { return take_now(at_most, bytes_at_most); }); !taken)
      return failure(words(taken.error()));
    const auto left = std::chrono::ceil<milliseconds>(until - setup_.clock->steady_now());
    if (!news_.taken.empty() || !news_.lost.empty() || at_most == 0 || left.count() <= 0 || wait.count() <= 0) break;
    const auto now = std::min(left, slice);
    if (auto came = with_group([&] { return wait_for_some(at_most, now); }); !came) return failure(words(came.error()));
    if (auto buried = bury_condemned(); !buried) return failure(words(buried.error()));
    if (!news_.taken.empty() || left <= slice) break;
  }
  return std::exchange(news_, {});
}

result<source_news, source_failure> redis_stream_consumer::keep_alive() {
  renew_at_ = std::min(renew_at_, setup_.clock->steady_now());
  return take(0, 1, milliseconds{0});
}

void redis_stream_consumer::acknowledge(std::span<const message_token> done) {
  for (const auto token : done) {
    const auto held = hand_.find(token);
    if (held == hand_.end()) continue; // lost
    acknowledged_.push_back(std::move(held->second.id));
    hand_.erase(held);
  }
}

// -- ends that are no success -----------------------------------------------------------------------------------------

redis_stream_consumer::outcome redis_stream_consumer::bury_one(const std::string& id, const dead_message& why) {
  return bury_stream_entry(connection_, setup_, dead_, name_, id, why);
}

redis_stream_consumer::outcome redis_stream_consumer::bury_condemned() {
  for (auto held = hand_.begin(); held != hand_.end();) {
    if (!held->second.condemned) {
      ++held;
      continue;
    }
    if (auto done = bury_one(held->second.id, *held->second.condemned); !done) return done;
    held = hand_.erase(held);
  }
  return {};
}

result<void, source_failure> redis_stream_consumer::bury(std::span<const dead_message> dead) {
  if (auto ready = be_ready(); !ready) return ready;
  for (const auto& each : dead) {
    const auto held = hand_.find(each.token);
    if (held == hand_.end()) continue; // buried, or lost
    if (auto done = bury_one(held->second.id, each); !done) return failure(words(done.error()));
    hand_.erase(held);
  }
  return {};
}

result<void, source_failure> redis_stream_consumer::count_attempt(message_token of, std::string_view by) {
  if (auto ready = be_ready(); !ready) return ready;
  const auto held = hand_.find(of);
  if (held == hand_.end()) return {}; // told as lost, or will be
  const auto counted =
      connection_.run_script(redis_stream_scripts::count_attempt, std::array<std::string_view, 1>{key_},
                             std::array<std::string_view, 4>{group_, name_, held->second.id, by});
  return counted ? result<void, source_failure>{} : failure(words(counted.error()));
}

result<void, source_failure> redis_stream_consumer::give_back(std::span<const message_token> untouched) {
  if (auto ready = be_ready(); !ready) return ready;
  std::vector<std::string_view> arguments{group_, name_, owner_of_given_back};
  std::vector<message_token> given;
  for (const auto token : untouched) {
    const auto held = hand_.find(token);
    if (held == hand_.end()) continue;
    arguments.push_back(held->second.id);
    given.push_back(token);
  }
  if (given.empty()) return {};
  const auto done =
      connection_.run_script(redis_stream_scripts::give_back, std::array<std::string_view, 1>{key_}, arguments);
  if (!done) {
    uncertain_ = uncertain_ || done.error().sent;
    return failure(words(done.error()));
  }
  for (const auto token : given) hand_.erase(token);
  return {};
}

result<void, source_failure> redis_stream_consumer::close() {
  if (!group_seen_) return {};
  if (auto ready = be_ready(); !ready) return ready;
  if (auto written = write_acknowledged(); !written) return failure(words(written.error()));
  std::vector<message_token> all;
  for (const auto& [token, held] : hand_) all.push_back(token);
  if (auto given = give_back(all); !given) return given;
  const auto left = connection_.run_script(redis_stream_scripts::leave, std::array<std::string_view, 1>{key_},
                                           std::array<std::string_view, 2>{group_, name_});
  if (!left && !left.error().is("NOGROUP")) return failure(words(left.error()));
  connection_.disconnect();
  return {};
}

} // namespace

std::unique_ptr<source> make_redis_stream_source(const source_setup& setup, const redis_stream_source& from,
                                                 uint32_t number, const redis_address& server) {
  return std::make_unique<redis_stream_consumer>(setup, from, number, server);
}

std::string_view redis_stream_owner_of_given_back() { return owner_of_given_back; }

} // namespace wheelwork
