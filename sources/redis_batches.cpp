// A consumer of a Redis list whose messages are recorded elsewhere, each once: takes one batch at a time.
#include "sources/dead_letter.hpp"
#include "sources/redis_batch_scripts.hpp"
#include "sources/redis_list_keys.hpp"
#include "sources/redis_source.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace wheelwork {

namespace {

class redis_batch_consumer final : public source {
public:
  redis_batch_consumer(const source_setup& setup, const redis_list_source& from, uint32_t number,
                       const redis_address& server)
      : setup_{setup}, keys_{setup.pool, from, setup.dead_letter}, node_{consumer_prefix(setup)},
        run_{consumer_prefix_of_run(setup)}, name_{new_consumer_name(setup, number)},
        connection_{server, *setup.clock, connection_options(setup, number)}, lease_text_{std::to_string(
                                                                                  setup.consumer_lease.count())} {}

  result<source_news, source_failure> take(size_t at_most, size_t bytes_at_most, milliseconds wait) override;
  result<source_news, source_failure> keep_alive() override;
  void acknowledge(std::span<const message_token> done) override {
    for (const auto token : done) finish(token);
  }
  result<void, source_failure> bury(std::span<const dead_message> dead) override;
  /// They stay in the batch, which is somebody's as soon as this consumer has left.
  result<void, source_failure> give_back(std::span<const message_token>) override { return {}; }
  result<void, source_failure> close() override;

private:
  struct held_message {
    message_token token{};
    bool in_hand = true;
  };
  struct letter {
    size_t position;
    std::string text;
  };

  result<void, source_failure> be_ready();
  result<void, source_failure> take_batch(size_t room, size_t bytes);
  result<void, source_failure> keep();
  result<void, source_failure> bury_letters(const std::vector<letter>& letters);
  result<bool, source_failure> wait_for_one(milliseconds at_most);
  result<void, source_failure> leave(bool done);
  void open(const redis_reply& answer);
  void lose_all();
  void finish(message_token token);
  size_t position_of(message_token token) const;
  bool all_done() const {
    return std::none_of(hand_.begin(), hand_.end(), [](const auto& held) { return held.in_hand; });
  }
  std::string batch_key() const { return keys_.batch_of + batch_; }
  source_failure words(const redis_failure& failed) const { return words_for(failed, "list", keys_.source); }

  const source_setup setup_;
  const redis_list_keys keys_;
  const std::string node_, run_, name_;
  redis_connection connection_;
  const std::string lease_text_;
  uint64_t checked_session_ = 0;
  uint64_t requests_ = 0; ///< each names a batch of its own: one that is delivered late must not give a name again
  std::string batch_;     ///< empty: it has none
  std::vector<held_message> hand_; ///< the batch's messages, by position
  std::vector<letter> too_large_;  ///< of the batch; nobody is given these
  uint64_t last_token_ = 0;
  source_news news_; ///< what the next call tells
};

size_t redis_batch_consumer::position_of(message_token token) const {
  const auto at = std::lower_bound(hand_.begin(), hand_.end(), token,
                                   [](const held_message& held, message_token wanted) { return held.token < wanted; });
  return at != hand_.end() && at->token == token ? static_cast<size_t>(at - hand_.begin()) : hand_.size();
}

void redis_batch_consumer::finish(message_token token) {
  if (const auto position = position_of(token); position < hand_.size()) hand_[position].in_hand = false;
}

result<void, source_failure> redis_batch_consumer::be_ready() {
  if (auto connected = connection_.connect(); !connected) return failure(words(connected.error()));
  if (checked_session_ == connection_.session()) return {};
  if (auto unsafe = unsafe_server(connection_.server(), connection_.address())) return failure(std::move(*unsafe));
  checked_session_ = connection_.session();
  return {};
}

/// Forgets a batch that is done and takes the next; with no room it only forgets.
result<void, source_failure> redis_batch_consumer::take_batch(size_t room, size_t bytes) {
  if (auto ready = be_ready(); !ready) return ready;
  const auto fresh = fmt::format("{}/{}", name_, ++requests_);
  const auto count = std::to_string(room), size = std::to_string(bytes);
  const std::array<std::string_view, 3> keys{keys_.source, keys_.landing, keys_.batches};
  const std::array<std::string_view, 10> arguments{keys_.batch_of, name_,          node_, run_, fresh,
                                                   lease_text_,    keys_.take_end, count, size, batch_};
  const auto answer = connection_.run_script(redis_batch_scripts::take, keys, arguments);
  if (!answer) return failure(words(answer.error()));
  batch_.clear();
  hand_.clear();
  if (answer->size() == 0) return {};
  batch_ = (*answer)[0].text();
  open(*answer);
  return too_large_.empty() ? result<void, source_failure>{} : bury_letters(too_large_);
}

void redis_batch_consumer::open(const redis_reply& answer) {
  const auto mark = std::string{redis_batch_scripts::mark} + batch_;
  hand_.reserve(answer.size() - 1);
  for (size_t each = 1; each < answer.size(); ++each) {
    const auto message = answer[each].text();
    const auto position = hand_.size();
    hand_.push_back({message_token{++last_token_}, false});
    if (message == mark) continue;
    if (message.size() > setup_.message_size_max) {
      dead_message why;
      why.reason = "too_large";
      why.error = fmt::format("it has {} bytes; {} are allowed", message.size(), setup_.message_size_max);
      too_large_.push_back({position, dead_letter_json(setup_, why, message)});
      continue;
    }
    hand_.back().in_hand = true;
    taken_message taken;
    taken.token = hand_.back().token;
    taken.bytes = message;
    taken.identity = fmt::format("{}/{}", batch_, position);
    news_.taken.push_back(std::move(taken));
  }
}

/// Others took it over, or the server has lost it.
void redis_batch_consumer::lose_all() {
  for (const auto& held : hand_)
    if (held.in_hand) news_.lost.push_back(held.token);
  news_.taken.clear(); // not told yet
  news_.warning = fmt::format("consumer {} gave no sign of life for {} ms, or Redis at {} lost its latest writes: the "
                              "messages that it has in hand are given to others",
                              name_, setup_.consumer_lease.count(), connection_.address());
  batch_.clear();
  hand_.clear();
  too_large_.clear();
}

result<void, source_failure> redis_batch_consumer::keep() {
  if (auto ready = be_ready(); !ready) return ready;
  const auto key = batch_key();
  const auto kept =
      connection_.run_script(redis_batch_scripts::keep, std::array<std::string_view, 2>{keys_.batches, key},
                             std::array<std::string_view, 3>{batch_, name_, lease_text_});
  if (!kept) return failure(words(kept.error()));
  if (kept->integer() == 0) lose_all();
  return {};
}

result<bool, source_failure> redis_batch_consumer::wait_for_one(milliseconds at_most) {
  const std::string seconds = fmt::format("{:.3f}", static_cast<double>(at_most.count()) / 1000);
  auto moved = connection_.run({"BLMOVE", keys_.source, keys_.landing, keys_.take_end, "RIGHT", seconds}, at_most);
  if (!moved) return failure(words(moved.error()));
  return !moved->is_nil();
}

result<source_news, source_failure> redis_batch_consumer::take(size_t at_most, size_t bytes_at_most,
                                                               milliseconds wait) {
  if (!all_done() || !too_large_.empty()) return keep_alive();
  const auto until = setup_.clock->steady_now() + wait;
  for (;;) {
    if (auto taken = take_batch(at_most, bytes_at_most); !taken) return failure(std::move(taken.error()));
    const auto left = std::chrono::ceil<milliseconds>(until - setup_.clock->steady_now());
    if (!news_.taken.empty() || !news_.lost.empty() || at_most == 0 || left.count() <= 0 || wait.count() <= 0) break;
    const auto came = batch_.empty() ? wait_for_one(left) : result<bool, source_failure>{true};
    if (!came) return failure(came.error());
    if (!*came) break;
  }
  return std::exchange(news_, {});
}

result<source_news, source_failure> redis_batch_consumer::keep_alive() {
  if (batch_.empty()) return std::exchange(news_, {});
  auto done = !too_large_.empty() ? bury_letters(too_large_) : all_done() ? take_batch(0, 0) : keep();
  if (!done) return failure(std::move(done.error()));
  return std::exchange(news_, {});
}

/// Their bytes are read again: they are not kept here, and a dead one is rare.
result<void, source_failure> redis_batch_consumer::bury(std::span<const dead_message> dead) {
  if (auto ready = be_ready(); !ready) return ready;
  const auto key = batch_key();
  std::vector<std::pair<const dead_message*, std::string>> known;
  for (const auto& each : dead)
    if (const auto position = position_of(each.token); position < hand_.size() && hand_[position].in_hand)
      known.emplace_back(&each, std::to_string(position));
  if (known.empty()) return {}; // told as lost
  std::vector<redis_command> reads;
  reads.reserve(known.size());
  for (const auto& [why, position] : known) reads.push_back({"LINDEX", key, position});
  const auto bytes = connection_.run_all(reads);
  if (!bytes) return failure(words(bytes.error()));
  std::vector<letter> letters;
  for (size_t each = 0; each < known.size(); ++each) {
    const auto& read = (*bytes)[each];
    if (read.is_error()) return failure(words(connection_.failure_of(read)));
    if (!read.is_nil())
      letters.push_back(
          {position_of(known[each].first->token), dead_letter_json(setup_, *known[each].first, read.text())});
  }
  return bury_letters(letters);
}

result<void, source_failure> redis_batch_consumer::bury_letters(const std::vector<letter>& letters) {
  if (auto ready = be_ready(); !ready) return ready;
  const auto key = batch_key();
  std::vector<std::string> positions;
  positions.reserve(letters.size());
  for (const auto& each : letters) positions.push_back(std::to_string(each.position));
  std::vector<std::string_view> arguments{batch_, name_};
  for (size_t each = 0; each < letters.size(); ++each) {
    arguments.emplace_back(positions[each]);
    arguments.emplace_back(letters[each].text);
  }
  const auto buried = connection_.run_script(
      redis_batch_scripts::bury, std::array<std::string_view, 3>{keys_.batches, key, keys_.dead}, arguments);
  if (!buried) return failure(words(buried.error()));
  if (buried->integer() == 0) {
    lose_all();
    return failure(source_failure{fmt::format("consumer {} lost its lease: its messages are somebody else's", name_)});
  }
  for (const auto& each : letters) hand_[each.position].in_hand = false;
  if (&letters == &too_large_) too_large_.clear();
  return {};
}

result<void, source_failure> redis_batch_consumer::leave(bool done) {
  const auto key = batch_key();
  const auto left =
      connection_.run_script(redis_batch_scripts::leave, std::array<std::string_view, 2>{keys_.batches, key},
                             std::array<std::string_view, 3>{batch_, name_, done ? "1" : "0"});
  if (!left) return failure(words(left.error()));
  return {};
}

result<void, source_failure> redis_batch_consumer::close() {
  if (!batch_.empty()) {
    if (auto ready = be_ready(); !ready) return ready;
    if (auto left = leave(all_done() && too_large_.empty()); !left) return left;
    batch_.clear();
    hand_.clear();
    too_large_.clear();
  }
  connection_.disconnect();
  return {};
}

} // namespace

std::unique_ptr<source> make_redis_batch_source(const source_setup& setup, const redis_list_source& from,
                                                uint32_t number, const redis_address& server) {
  return std::make_unique<redis_batch_consumer>(setup, from, number, server);
}

} // namespace wheelwork
