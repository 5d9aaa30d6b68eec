#include "sources/kafka_source.hpp"

#include "sources/kafka_dead_letters.hpp"
#include "sources/kafka_member.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace wheelwork {

namespace {

constexpr milliseconds too_large_pause{1000};
constexpr milliseconds short_wait{200}; ///< while something is wrong
constexpr size_t events_at_once = 1000;

std::string text_of(const void* bytes, size_t size) {
  return bytes ? std::string{static_cast<const char*>(bytes), size} : std::string{};
}

class topic_source final : public source {
public:
  topic_source(const source_setup& setup, uint32_t number, const kafka_connection_settings& connection)
      : setup_{setup}, topic_{key_of(setup.from)}, member_{setup, number, connection}, dead_letters_{setup,
                                                                                                     connection} {}

  std::string fault() const { return member_.fault(); }

  result<source_news, source_failure> take(size_t at_most, size_t bytes_at_most, milliseconds wait) override;
  result<source_news, source_failure> keep_alive() override;
  void acknowledge(std::span<const message_token> done) override {
    for (const auto token : done) finish(token);
  }
  result<void, source_failure> bury(std::span<const dead_message> dead) override;
  result<void, source_failure> give_back(std::span<const message_token> untouched) override;
  result<void, source_failure> close() override;
  bool is_at_work() const override { return member_.is_joined(); }

private:
  void hand_out(source_news& news, size_t at_most, size_t bytes_at_most);
  bool wait_for_first(std::chrono::steady_clock::time_point until);
  taken_message describe(const kafka_lanes::record& record) const;
  void finish(message_token token);
  std::string write_letters(std::span<const dead_message> dead);
  void bury_too_large();
  void collect_lost(source_news& news);
  void collect_wanted(source_news& news);
  void pause_or_resume(source_news& news);
  std::string trouble(milliseconds wait) { return trouble_.empty() ? member_.trouble(wait) : trouble_; }

  source_setup setup_;
  std::string topic_;
  kafka_member member_;
  kafka_dead_letters dead_letters_;
  size_t bytes_ = 0;                  ///< of what the present call hands out
  std::set<message_token> too_large_; ///< taken, known to nobody else, to be buried
  std::set<message_token> written_;   ///< to the dead letters, and not yet finished
  bool far_ahead_ = false;
  std::string trouble_; ///< why those that are too large can't be buried; empty: they can
  std::chrono::steady_clock::time_point last_burial_{};
};

taken_message topic_source::describe(const kafka_lanes::record& record) const {
  const auto& message = *record.message;
  taken_message made;
  made.token = record.token;
  made.lane = message.partition;
  made.bytes = text_of(message.payload, message.len);
  made.key = text_of(message.key, message.key_len);
  made.offset = std::to_string(message.offset);
  made.identity = fmt::format("{}/{}/{}", topic_, message.partition, message.offset);
  made.produced_at = kafka_time_of(message);
  return made;
}

void topic_source::hand_out(source_news& news, size_t at_most, size_t bytes_at_most) {
  while (member_.lanes().waiting() > 0 && news.taken.size() < at_most &&
         (news.taken.empty() || bytes_ < bytes_at_most)) {
    const auto next = member_.lanes().take();
    if (next.message->len > setup_.message_size_max) {
      too_large_.insert(next.token);
      continue;
    }
    bytes_ += next.message->len + next.message->key_len;
    news.taken.push_back(describe(next));
  }
}

void topic_source::collect_lost(source_news& news) {
  for (const auto token : member_.take_lost()) {
    written_.erase(token);
    // Neither the caller's: those it was never given, and those of this very call.
    if (too_large_.erase(token) != 0) continue;
    if (std::erase_if(news.taken, [&](const taken_message& each) { return each.token == token; }) == 0)
      news.lost.push_back(token);
  }
}

void topic_source::collect_wanted(source_news& news) {
  for (const auto token : member_.take_wanted()) {
    if (too_large_.contains(token)) continue; // to be buried
    if (std::erase_if(news.taken, [&](const taken_message& each) { return each.token == token; }) != 0)
      member_.lanes().give_back(token); // of this very call
    else
      news.wanted.push_back(token);
  }
  member_.part_if_done();
}

/// What is finished behind a message that is not can't be committed: it is remembered here, and repeated after a crash.
void topic_source::pause_or_resume(source_news& news) {
  const auto longest = member_.lanes().longest();
  const bool before = std::exchange(far_ahead_, longest.size >= setup_.ahead_max);
  if (!far_ahead_) return member_.resume();
  member_.pause();
  if (before) return;
  news.warning = fmt::format("{} messages are taken behind offset {} of partition {}, whose work is not done: no more "
                             "are taken until it is",
                             longest.size, longest.first, longest.partition);
}

/// Writes what is finished meanwhile. True: a message came.
bool topic_source::wait_for_first(std::chrono::steady_clock::time_point until) {
  for (;;) {
    const bool calm = member_.write_finished(kafka_member::how::now);
    const auto left = std::chrono::ceil<milliseconds>(until - setup_.clock->steady_now());
    if (left.count() <= 0) return false;
    if (member_.poll(calm ? left : std::min(left, kafka_member::calm_pause))) return true;
    if (calm) return false; // news of the group end a wait, too
  }
}

result<source_news, source_failure> topic_source::take(size_t at_most, size_t bytes_at_most, milliseconds wait) {
  if (auto wrong = member_.open(); !wrong.empty()) return failure(source_failure{std::move(wrong)});
  source_news news;
  member_.part_if_done();
  pause_or_resume(news);
  member_.write_finished(kafka_member::how::steadily);
  bytes_ = 0;
  hand_out(news, at_most, bytes_at_most);
  while (news.taken.size() < at_most && (news.taken.empty() || bytes_ < bytes_at_most) && member_.poll(milliseconds{0}))
    hand_out(news, at_most, bytes_at_most);
  if (news.taken.empty()) {
    const bool well = member_.trouble(wait).empty();
    if (wait_for_first(setup_.clock->steady_now() + (well ? wait : std::min(wait, short_wait))))
      hand_out(news, at_most, bytes_at_most);
    while (!news.taken.empty() && news.taken.size() < at_most && bytes_ < bytes_at_most &&
           member_.poll(milliseconds{0}))
      hand_out(news, at_most, bytes_at_most);
  }
  bury_too_large();
  dead_letters_.rest();
  collect_wanted(news);
  collect_lost(news);
  if (!news.taken.empty() || !news.lost.empty() || !news.wanted.empty()) return news;
  if (auto wrong = trouble(wait); !wrong.empty()) return failure(source_failure{std::move(wrong)});
  return news;
}

result<source_news, source_failure> topic_source::keep_alive() {
  if (auto wrong = member_.open(); !wrong.empty()) return failure(source_failure{std::move(wrong)});
  member_.part_if_done();
  member_.pause();
  if (!member_.write_finished(kafka_member::how::now)) {
    member_.poll(kafka_member::calm_pause);
    member_.write_finished(kafka_member::how::now);
  }
  for (size_t served = 0; served < events_at_once && member_.poll(milliseconds{0}); ++served) {
  }
  bury_too_large();
  dead_letters_.rest();
  source_news news;
  collect_wanted(news);
  collect_lost(news);
  if (!news.lost.empty() || !news.wanted.empty()) return news;
  if (auto wrong = trouble(short_wait); !wrong.empty()) return failure(source_failure{std::move(wrong)});
  return news;
}

void topic_source::finish(message_token token) {
  if (!written_.empty()) written_.erase(token);
  member_.lanes().finish(token);
}

/// Those that are in hand and not written yet. The error is the first one's; those that were written are remembered.
std::string topic_source::write_letters(std::span<const dead_message> dead) {
  std::vector<kafka_dead_letters::letter> letters;
  for (const auto& each : dead)
    if (const auto* message = member_.lanes().find(each.token); message && !written_.contains(each.token))
      letters.push_back({message, &each});
  if (letters.empty()) return {};
  std::string first;
  const auto faults = dead_letters_.write(letters);
  for (size_t i = 0; i < letters.size(); ++i)
    if (faults[i].empty())
      written_.insert(letters[i].why->token);
    else if (first.empty())
      first = faults[i];
  return first;
}

result<void, source_failure> topic_source::bury(std::span<const dead_message> dead) {
  if (auto wrong = write_letters(dead); !wrong.empty()) return failure(source_failure{std::move(wrong)});
  for (const auto& each : dead) finish(each.token);
  member_.write_finished(kafka_member::how::now);
  return {};
}

void topic_source::bury_too_large() {
  const auto now = setup_.clock->steady_now();
  if (too_large_.empty() || now - last_burial_ < too_large_pause) return;
  last_burial_ = now;
  std::vector<dead_message> dead;
  for (const auto token : too_large_)
    if (const auto* message = member_.lanes().find(token))
      dead.push_back(
          {token, "too_large",
           fmt::format("the message has {} bytes, and pools take up to {}", message->len, setup_.message_size_max), 0});
  const auto buried = bury(dead);
  trouble_ = buried ? std::string{} : buried.error().message;
  if (buried) too_large_.clear();
}

result<void, source_failure> topic_source::give_back(std::span<const message_token> untouched) {
  for (const auto token : untouched) member_.lanes().give_back(token);
  static_cast<void>(member_.write_and_wait()); // else the next call says it, and tries again
  member_.part_if_done();
  return {};
}

result<void, source_failure> topic_source::close() {
  auto wrong = member_.close();
  too_large_.clear();
  written_.clear();
  if (!wrong.empty()) return failure(source_failure{std::move(wrong)});
  return {};
}

} // namespace

result<std::unique_ptr<source>, std::string> open_kafka_source(const source_setup& setup, uint32_t number,
                                                               const kafka_connection_settings& connection) {
  auto made = std::make_unique<topic_source>(setup, number, connection);
  if (auto wrong = made->fault(); !wrong.empty()) return failure(std::move(wrong));
  if (auto wrong = kafka_dead_letters::fault(connection); !wrong.empty()) return failure(std::move(wrong));
  return std::unique_ptr<source>{std::move(made)};
}

} // namespace wheelwork
