#include "actors/consumer.hpp"

#include "actors/guard.hpp"
#include "messages/json_text.hpp"
#include "messages/keyed_hash.hpp"
#include "schedule/message_lane.hpp"

#include <algorithm>

namespace wheelwork {

namespace {

constexpr unsigned id_start_bits = 42; ///< so that ids stay below 2^63 for longer than any consumer lives
constexpr milliseconds batch_quick{25}, batch_slow{100}; ///< a batch should last about so long
constexpr milliseconds empty_pause_first{5}, empty_pause_max{250};
constexpr milliseconds standing_pause{20};

} // namespace

consumer_state::~consumer_state() {
  // Also after a crash: gauges count what lives.
  if (!with_.statistics) return;
  uint64_t in_flight = 0;
  for (const auto& [token, one] : messages_) in_flight += one.in_flight;
  with_.statistics->in_flight -= in_flight;
  count_hand(0, 0);
  count_ready(false);
  with_.statistics->set_consumer_failure(settings_.number, {});
  with_.table->release(settings_.slot);
}

consumer_actor::behavior_type consumer_state::make_behavior(consumer_settings settings, consumer_dependencies with,
                                                            consumer_pool_actor owner) {
  guard(self_, name);
  settings_ = settings;
  with_ = std::move(with);
  owner_ = std::move(owner);
  chance_.seed(static_cast<uint32_t>(settings_.random_seed));
  // Not from the clock: at a high rate ids would run ahead of it, and after a restart come again.
  next_id_ = settings_.random_seed >> (64 - id_start_bits);
  book_.emplace(with_.pool->order == message_order::none ? lane_order::none : lane_order::kept, acknowledging::each,
                limits());
  batch_ = with_.pool->in_flight;
  with_.table->put(settings_.slot, self_);
  work_soon();
  return {
      [this](const change_pool& changed) {
        with_.pool = changed.definition;
        book_->change(limits());
        work_soon();
      },
      [this](const retire_consumer&) {
        retiring_ = true;
        count_ready(false);
        work();
      },
      [this](finished& ended) {
        for (auto& result : ended.results) {
          // Only the runner of processes keeps results until somebody has them.
          if (ended.kind == target_kind::process)
            with_.runners[static_cast<size_t>(ended.kind)]->settled(result.id, result.number);
          end_attempt(result);
        }
        work();
      },
      [this](const messages_recorded& answer) {
        end_recording(answer);
        work();
      },
      [this](const consume&) {
        soon_ = false;
        work();
      },
  };
}

message_limits consumer_state::limits() const {
  message_limits of;
  of.in_flight = with_.pool->journal ? settings_.batch_max : with_.pool->in_flight;
  of.in_hand = std::max<size_t>(2 * settings_.batch_max, 2 * with_.pool->in_flight);
  return of;
}

void consumer_state::work_soon() {
  if (std::exchange(soon_, true)) return;
  self_->send(self_, consume{});
}

/// Only the earliest of several such calls needs a message of its own.
void consumer_state::work_later(milliseconds pause) {
  const auto now = with_.clock->steady_now();
  if (later_at_ > now && later_at_ <= now + pause) return;
  later_at_ = now + pause;
  self_->delayed_send(self_, pause, consume{});
}

/// One round: start what may start, bury what was given up, take more, and see when to go on.
void consumer_state::work() {
  if (left_) return;
  begin_attempts();
  bury_dead();
  if (retiring_) {
    take_back_waiting();
    give_back(book_->give_back_all());
    if (messages_.empty()) return leave();
  }
  if (wants_more())
    fetch();
  else
    let_source_know();
  count_busy();
  count_hand(messages_.size(), book_->waiting_for_retry());
  go_on_later();
}

/// When to look again if nothing is heard before.
void consumer_state::go_on_later() {
  const auto now = with_.clock->steady_now();
  const auto until = [now](std::chrono::steady_clock::time_point then) {
    return std::max(milliseconds{0}, std::chrono::ceil<milliseconds>(then - now));
  };
  if (with_.statistics->stands && !retiring_) return work_later(standing_pause); // to be told to leave
  const auto may_take = until(std::max(failed_until_, no_take_before_));
  if (messages_.empty() && !retiring_) {
    // The source itself waits for the first message.
    if (may_take > milliseconds{0}) return work_later(may_take);
    return work_soon();
  }
  auto pause = settings_.keep_alive;
  if (!dead_.empty()) pause = std::min(pause, until(failed_until_));
  if (const auto retry = book_->next_retry()) pause = std::min(pause, until(*retry));
  const bool could_start = !retiring_ && !waits_for_its_batch() && book_->in_flight() < in_flight_max();
  if (could_start && book_->room() > 0) pause = std::min(pause, may_take);
  if (pause > milliseconds{0})
    work_later(pause);
  else
    work_soon();
}

void consumer_state::bury_dead() {
  if (dead_.empty() || with_.clock->steady_now() < failed_until_) return;
  std::vector<dead_message> dead;
  dead.reserve(dead_.size());
  for (const auto token : dead_) dead.push_back(*messages_.at(token).dead);
  if (auto buried = with_.from->bury(dead); !buried) return note_failure(buried.error().message);
  const auto now = with_.clock->steady_now();
  for (const auto token : dead_) {
    book_->given_up(token);
    messages_.erase(token);
  }
  with_.statistics->dead_letters += dead_.size();
  with_.statistics->handled_rate.add(now, dead_.size());
  pool_event event;
  event.pool = with_.pool->name;
  event.at = with_.clock->wall_now();
  event.kind = pool_event::what::dead_letters;
  event.messages = dead_.size();
  event.reason = dead.front().reason + ": " + dead.front().error;
  self_->send(owner_, pool_happened{std::move(event)});
  dead_.clear();
}

/// Of a list that is recorded one batch is taken after the other (source_setup::recorded).
bool consumer_state::waits_for_its_batch() const {
  return with_.pool->journal && !messages_.empty() && std::holds_alternative<redis_list_source>(with_.pool->source);
}

bool consumer_state::wants_more() const {
  if (retiring_ || with_.statistics->stands) return false;
  if (with_.clock->steady_now() < std::max(failed_until_, no_take_before_)) return false;
  return !waits_for_its_batch() && book_->in_flight() < in_flight_max() && book_->room() > 0;
}

void consumer_state::fetch() {
  const auto now = with_.clock->steady_now();
  milliseconds wait{0};
  if (book_->in_flight() == 0) {
    wait = settings_.patience;
    if (const auto retry = book_->next_retry())
      wait = std::clamp(std::chrono::floor<milliseconds>(*retry - now), milliseconds{0}, wait);
    if (!dead_.empty()) wait = milliseconds{0};
  }
  adapt_batch();
  count_busy(); // waiting for a message is no work
  if (!done_.empty()) with_.from->acknowledge(done_);
  done_.clear();
  auto news = with_.from->take(std::min(batch_, book_->room()), settings_.batch_bytes, wait);
  last_call_ = with_.clock->steady_now();
  if (!news) return note_failure(news.error().message);
  note_failure({});
  count_ready(with_.from->is_at_work());
  // With work under way an empty source is asked less and less often, up to four times a second.
  empty_pause_ =
      news->taken.empty() ? std::clamp(empty_pause_ * 2, empty_pause_first, empty_pause_max) : milliseconds{0};
  if (news->taken.empty() && wait == milliseconds{0}) no_take_before_ = last_call_ + empty_pause_;
  take_in(*news);
  if (book_->unfinished() > book_->in_flight()) begin_attempts();
}

/// Between takes: acknowledgements and a sign of life.
void consumer_state::let_source_know() {
  const auto now = with_.clock->steady_now();
  if (messages_.empty() && done_.empty()) return;
  if (now < failed_until_ || now < last_call_ + settings_.keep_alive) return;
  if (!done_.empty()) with_.from->acknowledge(done_);
  done_.clear();
  auto news = with_.from->keep_alive();
  last_call_ = with_.clock->steady_now();
  if (!news) return note_failure(news.error().message);
  note_failure({});
  count_ready(!retiring_ && with_.from->is_at_work());
  take_in(*news);
}

void consumer_state::take_in(source_news& news) {
  if (!news.warning.empty()) spdlog::warn("pool {}: {}", with_.pool->name, news.warning);
  drop_lost(news.lost);
  hand_over(news.wanted);
  if (news.taken.empty()) return;
  batch_taken_at_ = last_call_;
  with_.statistics->taken += news.taken.size();
  with_.statistics->taken_rate.add(last_call_, news.taken.size());
  for (auto& taken : news.taken) {
    const auto token = static_cast<uint64_t>(taken.token);
    message_place place;
    const bool by_key = with_.pool->order == message_order::key;
    place.lane = by_key ? lane_by_key(taken.lane, taken.key, token) : taken.lane;
    place.bytes = taken.bytes.size();
    book_->taken(token, place);
    messages_.emplace(token, made_from(std::move(taken)));
  }
}

consumer_state::message consumer_state::made_from(taken_message&& what) {
  message made;
  const auto now = with_.clock->wall_now();
  made.order.id = consumer_table::message_id(next_id_++, settings_.slot);
  made.order.due_at = now;
  made.order.how = with_.pool->how;
  made.order.body =
      is_json(what.bytes) ? payload::json(what.bytes) : payload::bytes(what.bytes, "application/octet-stream");
  auto from = std::make_shared<message_origin>();
  from->pool = with_.pool->name;
  from->source = kind_name(with_.pool->source);
  from->key = key_of(with_.pool->source);
  if (std::holds_alternative<kafka_source>(with_.pool->source)) from->partition = what.lane;
  from->offset = what.offset;
  from->message_key = what.key;
  made.from = std::move(from);
  what.bytes = {}; // the payload has them
  made.what = std::move(what);
  return made;
}

/// Gives the message its key. A list has no names for its messages: there the key is that of this taking. The time
/// tells a record from that of a topic of the same name that was deleted.
void consumer_state::name_once(message& one) const {
  auto& key = one.from->idempotency_key;
  if (!key.empty()) return;
  std::string named = one.what.identity;
  if (named.empty())
    named = std::to_string(settings_.random_seed) + '/' + std::to_string(static_cast<uint64_t>(one.what.token));
  else if (one.what.produced_at)
    named += '/' + std::to_string(one.what.produced_at->time_since_epoch().count());
  key = hexadecimal(blake2b_128(one.from->pool + '\n' + named, with_.database_secret));
}

/// Somebody else has these now; what comes of them here does not count. An attempt that is under way is told to stop,
/// and holds its place until it has.
void consumer_state::drop_lost(const std::vector<message_token>& lost) {
  std::vector<uint64_t> gone;
  for (const auto token : lost) {
    const auto found = messages_.find(static_cast<uint64_t>(token));
    if (found != messages_.end() && !found->second.lost) gone.push_back(found->first);
  }
  if (gone.empty()) return;
  book_->lose(gone);
  for (const auto token : gone) {
    auto& one = messages_.at(token);
    one.lost = true;
    if (!one.in_flight)
      forget(token);
    else if (!with_.pool->journal)
      runner_of(*one.order.how)->cancel(one.order.id, one.attempts);
  }
}

void consumer_state::forget(uint64_t token) {
  book_->given_up(token); // one that waited for its burial holds its place, too
  std::erase(dead_, token);
  messages_.erase(token);
}

/// So many at once that a batch lasts a while, and not so many that others wait for what this one can't do soon.
void consumer_state::adapt_batch() {
  if (batch_taken_at_ == std::chrono::steady_clock::time_point{}) return;
  const auto lasted = with_.clock->steady_now() - batch_taken_at_;
  if (lasted < batch_quick)
    batch_ = std::min(batch_ * 2, settings_.batch_max);
  else if (lasted > batch_slow)
    batch_ = std::max<size_t>(batch_ / 2, 1);
  batch_ = std::max<size_t>(batch_, with_.pool->in_flight);
  batch_taken_at_ = {};
}

/// Their place goes to another consumer, which takes those that are given back.
void consumer_state::hand_over(const std::vector<message_token>& wanted) {
  std::vector<uint64_t> tokens;
  tokens.reserve(wanted.size());
  for (const auto each : wanted) {
    const auto found = messages_.find(static_cast<uint64_t>(each));
    if (found == messages_.end()) continue;
    found->second.wanted = true;
    take_back(found->first, found->second);
    tokens.push_back(found->first);
  }
  if (!tokens.empty()) give_back(book_->give_back(tokens));
}

void consumer_state::give_back(const std::vector<uint64_t>& untouched) {
  if (untouched.empty()) return;
  std::vector<message_token> tokens;
  tokens.reserve(untouched.size());
  for (const auto token : untouched) {
    tokens.push_back(messages_.at(token).what.token);
    messages_.erase(token);
  }
  // If this fails they come back to others when this consumer's lease is over.
  if (auto given = with_.from->give_back(tokens); !given) note_failure(given.error().message);
}

void consumer_state::leave() {
  left_ = true;
  if (!done_.empty()) with_.from->acknowledge(done_);
  done_.clear();
  if (auto closed = with_.from->close(); !closed) note_failure(closed.error().message);
  count_busy();
  self_->send(owner_, consumer_left{settings_.number});
  self_->quit();
}

/// Of the source; empty: it works.
void consumer_state::note_failure(const std::string& failure) {
  if (!failure.empty()) failed_until_ = with_.clock->steady_now() + settings_.failure_pause;
  if (failure == failure_) return;
  failure_ = failure;
  show_failure();
}

/// Of the journal; empty: it takes messages as jobs.
void consumer_state::note_recording(const std::string& failure) {
  recording_failure_ = failure;
  show_failure();
}

void consumer_state::show_failure() {
  const auto& what = failure_.empty() ? recording_failure_ : failure_;
  if (what == shown_failure_) return;
  shown_failure_ = what;
  with_.statistics->set_consumer_failure(settings_.number, what);
  if (what.empty()) return;
  pool_event event;
  event.kind = pool_event::what::failing;
  event.reason = what;
  self_->send(owner_, pool_happened{std::move(event)});
}

void consumer_state::count_ready(bool ready) {
  if (std::exchange(counted_ready_, ready) == ready) return;
  if (ready)
    ++with_.statistics->ready;
  else
    --with_.statistics->ready;
}

/// Time in which at least one message was in work, told in pieces so that the policy sees long work, too.
void consumer_state::count_busy() {
  if (!busy_) return;
  const auto now = with_.clock->steady_now();
  with_.statistics->busy_microseconds +=
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now - busy_since_).count());
  busy_since_ = now;
  busy_ = book_->in_flight() > 0;
}

/// All consumers share the gauges, so each adds what changed with it.
void consumer_state::count_hand(size_t in_hand, size_t waiting) {
  with_.statistics->in_hand += in_hand - std::exchange(counted_in_hand_, in_hand);
  with_.statistics->waiting_for_retry += waiting - std::exchange(counted_waiting_, waiting);
}

consumer_actor::behavior_type consumer(consumer_actor::stateful_pointer<consumer_state> self,
                                       consumer_settings settings, consumer_dependencies with,
                                       consumer_pool_actor owner) {
  return self->state.make_behavior(settings, std::move(with), std::move(owner));
}

} // namespace wheelwork
