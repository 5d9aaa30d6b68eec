// A consumer's messages at the target: how attempts begin and end, and how messages become jobs instead.
#include "actors/consumer.hpp"

#include <caf/send.hpp>

namespace wheelwork {

namespace {

/// How long a message that became a job is known by its key: as long as a node may be away after a crash and then take
/// it once more.
constexpr milliseconds known_for = std::chrono::hours{7 * 24};

} // namespace

const std::shared_ptr<runner>& consumer_state::runner_of(const resolved_target& how) const {
  return with_.runners[static_cast<size_t>(kind_of(how.how))];
}

/// As many as may be at the target, or on their way into the journal, at the same time.
size_t consumer_state::in_flight_max() const { return limits().in_flight; }

void consumer_state::begin_attempts() {
  if (retiring_ || with_.statistics->stands) return;
  if (with_.pool->journal) return record_as_jobs();
  for (auto now = with_.clock->steady_now(); const auto start = book_->start_next(now);
       now = with_.clock->steady_now()) {
    auto& one = messages_.at(start->number);
    if (const auto pause = hold_back(one)) {
      book_->not_started(start->number, now + *pause);
      continue;
    }
    one.order.how = with_.pool->how;
    // A handler knows its message by the job's id, and is often quicker than the key is made.
    if (kind_of(one.order.how->how) != target_kind::native) name_once(one);
    one.attempts = start->attempt;
    one.in_flight = true;
    const auto& runs_it = runner_of(*one.order.how);
    token_of_id_[value_of(one.order.id)] = start->number;
    ++with_.statistics->in_flight;
    if (!std::exchange(busy_, true)) busy_since_ = now;
    if (auto result = runs_it->run_now({one.order, start->attempt, one.from})) end_attempt(*result);
  }
}

/// A message that was in hand when a consumer died may be what it died of. It waits for a moment of its own, so that
/// those lost together don't start together and aren't counted out together, and each of its attempts is counted where
/// the message is before it begins. How long it is to wait; none: it may begin.
std::optional<milliseconds> consumer_state::hold_back(message& one) {
  if (one.what.deliveries < 2) return std::nullopt;
  if (!std::exchange(one.apart, true)) {
    constexpr int64_t longest[] = {500, 2000, 8000};
    const auto of = longest[std::min<size_t>(one.what.deliveries - 2, std::size(longest) - 1)];
    return milliseconds{std::uniform_int_distribution<int64_t>{0, of}(chance_)};
  }
  const auto counted = with_.from->attempt_begins(one.what.token);
  if (counted) return std::nullopt;
  note_failure(counted.error().message);
  return settings_.failure_pause;
}

/// With `journal` a message becomes a job; it is acknowledged when that is committed, and the rest is the job's affair.
void consumer_state::record_as_jobs() {
  push_request request;
  std::vector<uint64_t> tokens;
  while (const auto start = book_->start_next(with_.clock->steady_now())) {
    auto& one = messages_.at(start->number);
    one.attempts = start->attempt;
    one.in_flight = true;
    ++with_.statistics->in_flight;
    name_once(one);
    auto job = job_of(one);
    if (!job) {
      one.in_flight = false;
      --with_.statistics->in_flight;
      one.dead = dead_message{one.what.token, "unreadable", std::move(job.error()), one.attempts};
      dead_.push_back(start->number);
      continue;
    }
    tokens.push_back(start->number);
    request.jobs.push_back(std::move(*job));
  }
  if (tokens.empty()) return;
  if (!std::exchange(busy_, true)) busy_since_ = with_.clock->steady_now();
  request.done = [me = consumer_actor{self_}, tokens = std::move(tokens)](const auto& answer) {
    caf::anon_send(me, messages_recorded{tokens, answer ? std::string{} : answer.error().message});
  };
  with_.push(std::move(request));
}

/// Its key makes one job of a message that is pushed again because an answer was lost, or taken again after a crash.
result<new_job, std::string> consumer_state::job_of(const message& one) const {
  const auto now = with_.clock->wall_now();
  new_job made;
  if (with_.translate) {
    auto translated = with_.translate(one.order.body.data(), now);
    if (!translated) return failure(std::move(translated.error()));
    made = std::move(*translated);
  } else {
    made.made = one.order;
    made.made.id = job_id{};
    made.made.how = with_.pool->how;
    made.made.due_at = now;
    made.created_at = now;
    if (!one.what.offset.empty()) made.external_id = one.what.identity;
    made.marks["pool"] = one.from->pool;
  }
  made.unique_key = one.from->idempotency_key;
  made.unique_until = now + known_for;
  return made;
}

void consumer_state::end_recording(const messages_recorded& answer) {
  const auto now = with_.clock->steady_now();
  for (const auto token : answer.messages) {
    const auto found = messages_.find(token);
    if (found == messages_.end() || !found->second.in_flight) continue;
    auto& one = found->second;
    one.in_flight = false;
    --with_.statistics->in_flight;
    if (one.lost) {
      forget(token);
    } else if (answer.failure.empty()) {
      ++with_.statistics->succeeded;
      with_.statistics->handled_rate.add(now, 1);
      done_.push_back(one.what.token);
      book_->succeeded(token);
      messages_.erase(found);
    } else {
      book_->not_started(token, now + settings_.journal_pause);
    }
  }
  note_recording(answer.failure);
}

/// For a consumer that leaves: a message that waits for a worker may wait for ever.
void consumer_state::take_back_waiting() {
  if (book_->in_flight() == 0) return;
  for (auto& [token, one] : messages_) take_back(token, one);
}

/// If it is at its target, and not begun.
void consumer_state::take_back(uint64_t token, message& one) {
  if (with_.pool->journal || !one.in_flight || one.lost) return;
  if (!runner_of(*one.order.how)->take_back(one.order.id, one.attempts)) return;
  token_of_id_.erase(value_of(one.order.id));
  one.in_flight = false;
  --with_.statistics->in_flight;
  book_->not_started(token, with_.clock->steady_now());
  if (one.what.deliveries < 2) return;
  if (auto counted = with_.from->attempt_ended(one.what.token); !counted) note_failure(counted.error().message);
}

/// Acknowledged, tried again later, or given up.
void consumer_state::end_attempt(attempt_result& result) {
  const auto known = token_of_id_.find(value_of(result.id));
  if (known == token_of_id_.end()) return; // of a consumer that had this slot before, or lost meanwhile
  const auto found = messages_.find(known->second);
  if (found == messages_.end() || found->second.attempts != result.number || !found->second.in_flight) return;
  token_of_id_.erase(known);
  auto& one = found->second;
  one.in_flight = false;
  --with_.statistics->in_flight;
  const auto now = with_.clock->steady_now();
  if (one.lost) return forget(found->first);
  if (result.outcome == attempt_outcome::succeeded) {
    ++with_.statistics->succeeded;
    with_.statistics->handled_rate.add(now, 1);
    done_.push_back(one.what.token);
    book_->succeeded(found->first);
    messages_.erase(found);
    return;
  }
  ++with_.statistics->failed_attempts;
  if (one.what.deliveries > 1)
    if (auto counted = with_.from->attempt_ended(one.what.token); !counted) note_failure(counted.error().message);
  const double random01 = std::uniform_real_distribution<double>{0, 1}(chance_);
  if (const auto delay = next_retry_delay(with_.pool->how->retry, one.retries_used, random01, result.retry_after)) {
    ++one.retries_used;
    book_->failed(found->first, now + *delay);
    if (one.wanted) hand_over({one.what.token});
    return;
  }
  one.dead = dead_message{one.what.token, "retries_exhausted", std::move(result.error), one.attempts};
  dead_.push_back(found->first);
}

} // namespace wheelwork
