#include "sources/dead_letter.hpp"
#include "sources/redis_list_keys.hpp"
#include "sources/redis_list_scripts.hpp"
#include "sources/redis_source.hpp"

#include <algorithm>
#include <deque>
#include <fmt/format.h>

namespace wheelwork {

namespace {

enum class fate : uint8_t { in_hand, done, dead, back };

/// A message of the consumer's own list, which has them in the same order.
struct held_message {
  message_token token{};
  fate now = fate::in_hand;
  bool condemned = false; ///< nobody was given it
  bool suspect = false;   ///< its losses are counted
  std::string letter;     ///< of a dead one
};

/// A step as it is sent, so that it can be sent again as it was.
struct list_step {
  std::string number, kept, oldest, others, back_text, acquitted, room, bytes;
  std::vector<std::string_view> letters; ///< of messages in hand, which stay there until the step is known to be done
  std::vector<bool> leaves;              ///< by position
  std::vector<bool> goes_back;
};

class redis_list_consumer final : public source {
public:
  redis_list_consumer(const source_setup& setup, const redis_list_source& from, uint32_t number,
                      const redis_address& server)
      : setup_{setup}, keys_{setup.pool, from, setup.dead_letter}, number_{number},
        connection_{server, *setup.clock, connection_options(setup, number)}, lease_text_{std::to_string(
                                                                                  setup.consumer_lease.count())} {}

  result<source_news, source_failure> take(size_t at_most, size_t bytes_at_most, milliseconds wait) override;
  result<source_news, source_failure> keep_alive() override;
  void acknowledge(std::span<const message_token> done) override {
    for (const auto token : done)
      if (auto* const held = find(token)) held->now = fate::done;
  }
  result<void, source_failure> bury(std::span<const dead_message> dead) override;
  result<void, source_failure> attempt_begins(message_token suspect) override { return count_attempt(suspect, "1"); }
  result<void, source_failure> attempt_ended(message_token suspect) override { return count_attempt(suspect, "-1"); }
  result<void, source_failure> give_back(std::span<const message_token> untouched) override;
  result<void, source_failure> close() override;

private:
  result<void, source_failure> be_ready();
  result<void, source_failure> enter();
  result<void, source_failure> step(size_t room, size_t bytes);
  result<void, source_failure> take_now(size_t room, size_t bytes);
  result<bool, source_failure> wait_for_one(milliseconds at_most);
  list_step compose(size_t room, size_t bytes) const;
  result<redis_reply, redis_failure> send(const list_step& work);
  void settle(const redis_reply& answer, const list_step& work, bool late);
  void add(std::string_view message, uint32_t deliveries);
  result<void, source_failure> count_attempt(message_token of, std::string_view by);
  void lose_all();
  result<void, source_failure> bury_some(std::span<const dead_message> dead);
  void restore(fate from);
  held_message* find(message_token token);
  bool has_condemned() const {
    return std::any_of(hand_.begin(), hand_.end(), [](const auto& held) { return held.condemned; });
  }
  source_failure words(const redis_failure& failed) const { return words_for(failed, "list", keys_.source); }

  const source_setup setup_;
  const redis_list_keys keys_;
  const uint32_t number_;
  redis_connection connection_;
  const std::string lease_text_;
  uint64_t checked_session_ = 0;
  bool registered_ = false;
  std::string name_, own_; ///< each time that it registers others
  uint64_t steps_ = 0;
  uint64_t last_token_ = 0;
  std::deque<held_message> hand_;
  std::optional<list_step> unanswered_; ///< sent, and perhaps carried out
  source_news news_;                    ///< what the next call tells
};

held_message* redis_list_consumer::find(message_token token) {
  const auto at = std::lower_bound(hand_.begin(), hand_.end(), token,
                                   [](const held_message& held, message_token wanted) { return held.token < wanted; });
  return at != hand_.end() && at->token == token && !at->condemned ? &*at : nullptr;
}

result<void, source_failure> redis_list_consumer::enter() {
  name_ = new_consumer_name(setup_, number_);
  own_ = keys_.own_of + name_;
  const auto entered =
      connection_.run_script(redis_list_scripts::enter, std::array<std::string_view, 1>{keys_.consumers},
                             std::array<std::string_view, 2>{name_, lease_text_});
  if (!entered) return failure(words(entered.error()));
  registered_ = true;
  steps_ = 0;
  return {};
}

/// Connected to a server that is safe, registered, and nothing is uncertain.
result<void, source_failure> redis_list_consumer::be_ready() {
  if (auto connected = connection_.connect(); !connected) return failure(words(connected.error()));
  if (checked_session_ != connection_.session()) {
    if (auto unsafe = unsafe_server(connection_.server(), connection_.address())) return failure(std::move(*unsafe));
    checked_session_ = connection_.session();
  }
  if (unanswered_) {
    const auto answer = send(*unanswered_);
    if (!answer) return failure(words(answer.error()));
    const auto work = std::move(*unanswered_);
    unanswered_.reset();
    settle(*answer, work, true);
  }
  return registered_ ? result<void, source_failure>{} : enter();
}

list_step redis_list_consumer::compose(size_t room, size_t bytes) const {
  list_step work{std::to_string(steps_), {}, {}, {}, {}, {}, std::to_string(room), std::to_string(bytes), {}, {}, {}};
  size_t oldest = 0, kept = 0;
  for (size_t position = 0; position < hand_.size(); ++position) {
    const auto& held = hand_[position];
    const bool leaves = held.now != fate::in_hand;
    work.leaves.push_back(leaves);
    work.goes_back.push_back(held.now == fate::back);
    if (!leaves) {
      ++kept;
      continue;
    }
    if (kept == 0)
      ++oldest;
    else
      fmt::format_to(std::back_inserter(work.others), "{},", position);
    if (held.now == fate::back) fmt::format_to(std::back_inserter(work.back_text), "{},", position);
    if (held.suspect && held.now != fate::back) fmt::format_to(std::back_inserter(work.acquitted), "{},", position);
    if (held.now == fate::dead) work.letters.push_back(held.letter);
  }
  work.kept = std::to_string(kept);
  work.oldest = std::to_string(oldest);
  return work;
}

result<redis_reply, redis_failure> redis_list_consumer::send(const list_step& work) {
  const std::array<std::string_view, 6> keys{keys_.source,  own_,         keys_.consumers,
                                             keys_.landing, keys_.losses, keys_.dead};
  std::vector<std::string_view> arguments{name_,       work.number, lease_text_,    work.kept,
                                          work.oldest, work.others, work.back_text, keys_.take_end,
                                          work.room,   work.bytes,  work.acquitted};
  arguments.insert(arguments.end(), work.letters.begin(), work.letters.end());
  return connection_.run_script(redis_list_scripts::step, keys, arguments);
}

/// `late`: its caller was told that it had failed.
void redis_list_consumer::settle(const redis_reply& answer, const list_step& work, bool late) {
  if (answer[0].text() != "ok") return lose_all();
  ++steps_;
  std::deque<held_message> stays;
  for (size_t position = 0; position < hand_.size(); ++position) {
    if (!work.leaves[position])
      stays.push_back(std::move(hand_[position]));
    else if (late && work.goes_back[position])
      news_.lost.push_back(hand_[position].token); // the caller may have kept it meanwhile
  }
  hand_ = std::move(stays);
  const auto counts = answer[1]; // of those that were lost before: position, how often
  for (size_t each = 2, counted = 0; each < answer.size(); ++each) {
    const bool known = counted < counts.size() && static_cast<size_t>(counts[counted].integer()) == each - 2;
    add(answer[each].text(), known ? 1 + static_cast<uint32_t>(counts[counted + 1].integer()) : 1);
    if (known) counted += 2;
  }
}

void redis_list_consumer::add(std::string_view message, uint32_t deliveries) {
  held_message held;
  held.token = message_token{++last_token_};
  held.suspect = deliveries > 1;
  auto why = condemned(held.token, deliveries);
  if (message.size() > setup_.message_size_max)
    why = dead_message{held.token, "too_large",
                       fmt::format("it has {} bytes; {} are allowed", message.size(), setup_.message_size_max), 0};
  if (why) {
    held.condemned = true;
    held.now = fate::dead;
    held.letter = dead_letter_json(setup_, *why, message);
  } else {
    taken_message taken;
    taken.token = held.token;
    taken.bytes = message;
    taken.deliveries = deliveries;
    news_.taken.push_back(std::move(taken));
  }
  hand_.push_back(std::move(held));
}

/// Its list was given back by others, or the server has lost it: what it had in hand is somebody else's.
void redis_list_consumer::lose_all() {
  for (const auto& held : hand_)
    if (!held.condemned && held.now != fate::done) news_.lost.push_back(held.token);
  news_.taken.clear(); // not told yet
  if (!hand_.empty())
    news_.warning =
        fmt::format("consumer {} gave no sign of life for {} ms, or Redis at {} lost its latest writes: its "
                    "{} messages in hand are given to others",
                    name_, setup_.consumer_lease.count(), connection_.address(), hand_.size());
  hand_.clear();
  registered_ = false;
}

result<void, source_failure> redis_list_consumer::step(size_t room, size_t bytes) {
  if (auto ready = be_ready(); !ready) return ready;
  auto work = compose(room, bytes);
  const auto answer = send(work);
  if (answer) {
    settle(*answer, work, false);
    return {};
  }
  if (answer.error().sent) unanswered_ = std::move(work);
  return failure(words(answer.error()));
}

/// Messages that nobody is given are buried at once and not counted.
result<void, source_failure> redis_list_consumer::take_now(size_t room, size_t bytes) {
  constexpr int registrations_max = 2; // the first may turn out to be lost
  for (int tries = 0; tries < registrations_max; ++tries) {
    if (auto done = step(room, bytes); !done) return done;
    while (registered_ && has_condemned())
      if (auto done = step(news_.taken.empty() ? room : 0, bytes); !done) return done;
    if (registered_) return {};
  }
  return {};
}

/// True: one came, and waits where the next step takes it from.
result<bool, source_failure> redis_list_consumer::wait_for_one(milliseconds at_most) {
  const std::string seconds = fmt::format("{:.3f}", static_cast<double>(at_most.count()) / 1000);
  auto moved = connection_.run({"BLMOVE", keys_.source, keys_.landing, keys_.take_end, "RIGHT", seconds}, at_most);
  if (!moved) return failure(words(moved.error()));
  return !moved->is_nil();
}

result<source_news, source_failure> redis_list_consumer::take(size_t at_most, size_t bytes_at_most, milliseconds wait) {
  const auto until = setup_.clock->steady_now() + wait;
  const auto slice = std::max(setup_.consumer_lease / 3, milliseconds{1});
  for (;;) {
    if (auto taken = take_now(at_most, bytes_at_most); !taken) return failure(std::move(taken.error()));
    const auto left = std::chrono::ceil<milliseconds>(until - setup_.clock->steady_now());
    if (!news_.taken.empty() || !news_.lost.empty() || at_most == 0 || left.count() <= 0 || wait.count() <= 0) break;
    const auto came = wait_for_one(std::min(left, slice));
    if (!came) return failure(came.error());
    if (!*came && left <= slice) break;
  }
  return std::exchange(news_, {});
}

result<source_news, source_failure> redis_list_consumer::keep_alive() {
  if (auto done = take_now(0, 0); !done) return failure(std::move(done.error()));
  return std::exchange(news_, {});
}

void redis_list_consumer::restore(fate from) {
  for (auto& held : hand_)
    if (held.now == from && !held.condemned) held.now = fate::in_hand;
}

result<void, source_failure> redis_list_consumer::bury(std::span<const dead_message> dead) {
  constexpr size_t at_once = 64;
  for (; !dead.empty(); dead = dead.subspan(std::min(at_once, dead.size())))
    if (auto buried = bury_some(dead.first(std::min(at_once, dead.size()))); !buried) return buried;
  return {};
}

/// Their bytes are read again: they are not kept here, and a dead one is rare.
result<void, source_failure> redis_list_consumer::bury_some(std::span<const dead_message> dead) {
  if (auto ready = be_ready(); !ready) return ready;
  std::vector<std::pair<const dead_message*, std::string>> known; // position in the own list
  for (const auto& each : dead)
    if (const auto* const held = find(each.token))
      known.emplace_back(&each, std::to_string(std::find_if(hand_.begin(), hand_.end(),
                                                            [&](const auto& one) { return &one == held; }) -
                                               hand_.begin()));
  if (known.empty()) return {}; // done by a step whose answer came late, or told as lost
  std::vector<redis_command> reads;
  reads.reserve(known.size());
  for (const auto& [why, position] : known) reads.push_back({"LINDEX", own_, position});
  const auto bytes = connection_.run_all(reads);
  if (!bytes) return failure(words(bytes.error()));
  for (size_t each = 0; each < known.size(); ++each) {
    if ((*bytes)[each].is_error()) return failure(words(connection_.failure_of((*bytes)[each])));
    auto* const held = find(known[each].first->token);
    held->now = fate::dead;
    held->letter = dead_letter_json(setup_, *known[each].first, (*bytes)[each].text());
  }
  auto done = step(0, 0);
  if (!done && !unanswered_) restore(fate::dead);
  if (done && !registered_)
    return failure(source_failure{fmt::format("consumer {} lost its lease: its messages are somebody else's", name_)});
  return done;
}

/// Where a message is counted that was lost before; the step after which it leaves forgets it.
result<void, source_failure> redis_list_consumer::count_attempt(message_token of, std::string_view by) {
  if (auto ready = be_ready(); !ready) return ready;
  const auto* const held = find(of);
  if (!held) return {}; // told as lost, or will be
  const auto at = std::find_if(hand_.begin(), hand_.end(), [&](const auto& one) { return &one == held; });
  const auto position = std::to_string(at - hand_.begin());
  const auto counted = connection_.run_script(redis_list_scripts::count_attempt,
                                              std::array<std::string_view, 3>{own_, keys_.consumers, keys_.losses},
                                              std::array<std::string_view, 3>{name_, position, by});
  if (!counted) return failure(words(counted.error()));
  if (counted->integer() == 0)
    return failure(source_failure{fmt::format("consumer {} lost its lease: its messages are somebody else's", name_)});
  return {};
}

result<void, source_failure> redis_list_consumer::give_back(std::span<const message_token> untouched) {
  bool any = false;
  for (const auto token : untouched)
    if (auto* const held = find(token)) {
      held->now = fate::back;
      any = true;
    }
  if (!any) return {};
  auto done = step(0, 0);
  if (!done && !unanswered_) restore(fate::back);
  return done;
}

result<void, source_failure> redis_list_consumer::close() {
  if (!registered_) return {};
  if (auto done = take_now(0, 0); !done) return done;
  const auto left = connection_.run_script(
      redis_list_scripts::leave, std::array<std::string_view, 4>{keys_.source, own_, keys_.consumers, keys_.landing},
      std::array<std::string_view, 2>{name_, keys_.take_end});
  if (!left) return failure(words(left.error()));
  lose_all();
  connection_.disconnect();
  return {};
}

} // namespace

std::unique_ptr<source> make_redis_list_source(const source_setup& setup, const redis_list_source& from,
                                               uint32_t number, const redis_address& server) {
  return std::make_unique<redis_list_consumer>(setup, from, number, server);
}

} // namespace wheelwork
