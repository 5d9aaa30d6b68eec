#include "actors/persistence.hpp"

#include "actors/guard.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <unordered_map>

namespace wheelwork {

persistence_actor::behavior_type persistence_state::make_behavior(persistence_settings settings,
                                                                  persistence_dependencies with) {
  guard(self_, name);
  settings_ = settings;
  with_ = std::move(with);
  retry_after_ = settings_.retry_first;
  chance_.seed(settings_.random_seed);
  self_->send(self_, renew_lease{});
  self_->delayed_send(self_, settings_.retention_first, drop_history{});
  return {
      [this](write_changes& request) { take(request); },
      [this](const release_shards& request) {
        release_to_ = request.to;
        release_if_asked();
      },
      [this](flush) {
        flush_armed_ = false;
        write_group();
      },
      [this](renew_lease) { renew(); },
      [this](drop_history) { tend_history(); },
  };
}

void persistence_state::take(write_changes& request) {
  for (auto& change : request.changes) {
    waiting_rows_ += change.rows();
    waiting_.push_back({request.from, std::move(change)});
  }
  // While the journal fails only the retry timer writes: what must be written waits, and a push is told at once.
  if (failing_) {
    std::vector<waiting_change> all{std::make_move_iterator(waiting_.begin()), std::make_move_iterator(waiting_.end())};
    waiting_.clear();
    refuse_pushes(all, {journal_errc::unavailable, with_.statistics->journal.failure()});
    if (!waiting_.empty()) retry_later();
    return;
  }
  if (waiting_rows_ >= settings_.group_rows)
    write_group();
  else
    arm_flush();
}

/// The message to itself lands behind everything that already waits: so a group forms while the last one was written.
void persistence_state::arm_flush() {
  if (flush_armed_) return;
  flush_armed_ = true;
  self_->send(self_, flush{});
}

void persistence_state::write_group() {
  if (waiting_.empty() && unsettled_.empty()) return release_if_asked();
  // A group of which nobody knows whether it was committed is asked about before anything else is written.
  auto group = unsettled_.empty() ? next_group() : std::exchange(unsettled_, {});
  std::vector<journal_change> changes;
  size_t rows = 0;
  for (auto& one : group) {
    rows += one.change.rows();
    changes.push_back(std::move(one.change));
  }
  auto receipts = with_.writer->commit(changes);
  for (size_t at = 0; at < group.size(); ++at) group[at].change = std::move(changes[at]);
  if (!receipts) return note_failure(receipts.error(), std::move(group));
  note_success();
  with_.statistics->journal_rows += rows;
  ++with_.statistics->commits;
  answer(group, std::move(*receipts));
  if (waiting_.empty())
    release_if_asked();
  else
    arm_flush();
}

std::vector<persistence_state::waiting_change> persistence_state::next_group() {
  std::vector<waiting_change> group;
  size_t rows = 0;
  while (!waiting_.empty() && (rows == 0 || rows + waiting_.front().change.rows() <= settings_.group_rows)) {
    rows += std::max<size_t>(waiting_.front().change.rows(), 1);
    waiting_rows_ -= std::min(waiting_rows_, waiting_.front().change.rows());
    group.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return group;
}

void persistence_state::retry_later() {
  if (flush_armed_) return;
  flush_armed_ = true;
  const auto half = retry_after_.count() / 2;
  self_->delayed_send(self_, milliseconds{half + static_cast<int64_t>(chance_()) % (half + 1)}, flush{});
  retry_after_ = std::min(retry_after_ * 2, settings_.retry_max);
}

void persistence_state::answer(std::vector<waiting_change>& group, std::vector<journal_receipt> all) {
  std::unordered_map<caf::actor_id, std::pair<journal_client_actor, receipts>> by_sender;
  for (size_t at = 0; at < group.size(); ++at) {
    all[at].ticket = group[at].change.ticket;
    all[at].shard = group[at].change.shard;
    count(group[at].change, all[at]);
    auto& [to, answers] = by_sender[group[at].from.id()];
    to = group[at].from;
    answers.of_changes.push_back(std::move(all[at]));
  }
  for (auto& [id, to_whom] : by_sender) self_->send(to_whom.first, std::move(to_whom.second));
}

void persistence_state::count(const journal_change& change, const journal_receipt& receipt) {
  if (receipt.error) return;
  auto missing = static_cast<int64_t>(receipt.missing.size());
  auto live = static_cast<int64_t>(change.inserts.size()) - static_cast<int64_t>(receipt.repeated.size()) +
              static_cast<int64_t>(receipt.revived.size()) - static_cast<int64_t>(change.ends.size()) -
              static_cast<int64_t>(change.unprepared.size());
  // `missing` names agains and starts as well; those are defects and rare, and the next count at a start mends the
  // figure.
  if (live != 0 || missing != 0)
    with_.statistics->live.add(settings_.writer, receipt.batch,
                               live + std::min(missing, static_cast<int64_t>(change.ends.size())));
}

void persistence_state::note_failure(const journal_error& error, std::vector<waiting_change> group) {
  ++with_.statistics->commit_failures;
  if (error.code == journal_errc::fenced || error.code == journal_errc::broken) {
    with_.statistics->journal.set_failing(settings_.writer, error.message);
    self_->send(with_.keeper, node_broken{error.message});
    return;
  }
  if (!failing_) {
    spdlog::error("journal can't be written: {}", error.message);
    failing_ = true;
    ++with_.statistics->background_failures;
  }
  with_.statistics->journal.set_failing(settings_.writer, error.message);
  if (error.code == journal_errc::unknown_outcome) unsettled_ = std::exchange(group, {});
  for (auto& rest : waiting_) group.push_back(std::move(rest));
  waiting_.clear();
  // What was not even tried is known not to be committed.
  refuse_pushes(group, unsettled_.empty() ? error : journal_error{journal_errc::unavailable, error.message});
  retry_later();
}

/// Answers what need not be written; the rest waits in its order.
void persistence_state::refuse_pushes(std::vector<waiting_change>& group, const journal_error& error) {
  std::vector<waiting_change> refused;
  std::vector<journal_receipt> answers;
  waiting_rows_ = 0;
  for (auto& one : group) {
    if (one.change.must_apply) {
      waiting_rows_ += one.change.rows();
      waiting_.push_back(std::move(one));
      continue;
    }
    journal_receipt no;
    no.error = error;
    answers.push_back(std::move(no));
    refused.push_back(std::move(one));
  }
  answer(refused, std::move(answers));
}

void persistence_state::note_success() {
  with_.statistics->journal.answered(settings_.writer, with_.clock->steady_now());
  if (!failing_) return;
  spdlog::info("journal can be written again");
  failing_ = false;
  retry_after_ = settings_.retry_first;
  with_.statistics->journal.set_working(settings_.writer);
}

void persistence_state::renew() {
  self_->delayed_send(self_, settings_.renew_every, renew_lease{});
  auto asked_at = with_.clock->steady_now();
  auto renewed = with_.writer->renew_lease(with_.clock->wall_now() + settings_.lease);
  if (!renewed) {
    if (!failing_ || renewed.error().code == journal_errc::fenced) note_failure(renewed.error(), {});
    return;
  }
  with_.statistics->journal.answered(settings_.writer, asked_at);
  // With nothing waiting, a renewed lease is the proof that the journal works again.
  if (waiting_.empty() && unsettled_.empty())
    note_success();
  else
    arm_flush();
  self_->send(with_.dispatcher, starts_allowed{settings_.writer, asked_at + settings_.lease});
}

/// Makes room for the coming day, and throws away what is older than the retention.
void persistence_state::tend_history() {
  if (auto prepared = with_.writer->prepare_history(with_.clock->wall_now()); !prepared) {
    spdlog::warn("the journal could not be tended: {}", prepared.error().message);
    ++with_.statistics->background_failures;
  }
  const bool more = settings_.history_retention > milliseconds{0} && drop_old_history();
  // More to drop: behind what waits, so that pushes don't wait for retention.
  if (more)
    self_->send(self_, drop_history{});
  else
    self_->delayed_send(self_, settings_.retention_every, drop_history{});
}

/// True: there may be more to drop.
bool persistence_state::drop_old_history() {
  wall_time before = with_.clock->wall_now() - settings_.history_retention;
  if (const milliseconds piece = with_.writer->history_piece(); piece > milliseconds{0})
    before -= before.time_since_epoch() % piece;
  auto dropped = with_.writer->drop_history(before, settings_.retention_rows);
  if (!dropped) {
    spdlog::warn("old history can't be dropped: {}", dropped.error().message);
    ++with_.statistics->background_failures;
  }
  return dropped && *dropped >= settings_.retention_rows;
}

void persistence_state::release_if_asked() {
  if (!release_to_ || !waiting_.empty() || !unsettled_.empty()) return;
  released answer;
  if (auto done = with_.writer->release_shards(); !done) answer.error = done.error().message;
  self_->send(release_to_, std::move(answer));
  release_to_ = nullptr;
}

persistence_actor::behavior_type persistence(persistence_actor::stateful_pointer<persistence_state> self,
                                             persistence_settings settings, persistence_dependencies with) {
  return self->state.make_behavior(std::move(settings), std::move(with));
}

} // namespace wheelwork
