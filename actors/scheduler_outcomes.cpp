// Ends of attempts: what they mean for their jobs, and what follows when that is committed.
#include "actors/scheduler.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace wheelwork {

namespace {

/// A slot passes a job on without asking, so one that counts as armed here may be running.
bool may_run(const job_in_hand& entry) { return entry.phase == hand_phase::handed || entry.phase == hand_phase::armed; }

/// Their runners wait to hear that results are committed: the helper of a process, whoever acknowledged.
constexpr target_kind kinds_that_keep_results[] = {target_kind::process, target_kind::worker, target_kind::redis,
                                                   target_kind::kafka};

bool keeps_results(const job& what) {
  const auto& how = what.how->how;
  if (const auto* redis = std::get_if<redis_target>(&how)) return redis->complete == completion::on_ack;
  if (const auto* kafka = std::get_if<kafka_target>(&how)) return kafka->complete == completion::on_ack;
  return kind_of(how) == target_kind::process || kind_of(how) == target_kind::worker;
}

} // namespace

void scheduler_state::take_outcomes(outcomes& all) {
  if (!ready_) {
    // Attempts of an earlier incarnation may end before their jobs are loaded.
    early_outcomes_.push_back(std::move(all));
    return;
  }
  journal_change change;
  change.must_apply = true;
  std::vector<std::pair<job, decision>> decided;
  std::uniform_real_distribution<double> share{0.0, 1.0};
  auto time = now();
  if (all.draining) stopping_ = true;
  for (auto& ended : all.ended) {
    auto& [what, result] = ended;
    auto* entry = hand_.find(what.id);
    if (entry == nullptr || !may_run(*entry) || entry->attempt != result.number) {
      take_late(ended, change);
      continue;
    }
    hand_.take(what, hand_phase::writing);
    bool may_retry = value_of(what.task) == 0 || with_.directory->contains(what.task);
    auto verdict = decide_outcome(what, result, settings_.node, time, share(random_), may_retry);
    add_decision(change, verdict);
    decided.emplace_back(std::move(what), std::move(verdict));
    count_attempt(result.outcome);
  }
  write(std::move(change),
        [this, decided = std::move(decided)](const journal_receipt& receipt) { apply_decisions(decided, receipt); });
}

/// The attempt no longer counts: its job was cancelled, or a newer attempt is the one.
void scheduler_state::take_late(const outcomes::ended_attempt& late, journal_change& change) {
  auto record = record_of(late.result, settings_.node, false);
  count_attempt(*record.outcome);
  change.lates.push_back({late.what.id, std::move(record)});
  tell_settled({{late.what, late.result.number}}, false);
  auto* task = task_of(late.what.task);
  if (task == nullptr) return;
  task->stopping.erase({late.what.id, late.result.number});
  start_waiting(*task);
  send_started();
}

void scheduler_state::apply_decisions(const std::vector<std::pair<job, decision>>& decided,
                                      const journal_receipt& receipt) {
  if (receipt.error) {
    spdlog::error("ends of attempts were refused by the journal: {}", receipt.error->message);
    ++with_.statistics->background_failures;
    self_->send(with_.keeper, node_broken{receipt.error->message});
    return;
  }
  std::vector<job> go_on;
  std::vector<std::pair<job, uint32_t>> settled;
  auto time = now();
  uint64_t finished = 0;
  for (auto& [what, verdict] : decided) {
    if (auto* end = std::get_if<job_end>(&verdict)) {
      hand_.let_go(what.id);
      count_end(end->state);
      ++finished;
      if (keeps_results(what) && end->last) settled.emplace_back(what, end->last->number);
      if (what.is_fire()) fire_ended(what, time);
      written(what.id);
    } else {
      auto& again = std::get<job_again>(verdict);
      if (keeps_results(what)) settled.emplace_back(what, again.ended.number);
      go_on.push_back(after(what, again));
    }
  }
  with_.statistics->finished_total += finished;
  with_.statistics->finished.add(with_.clock->steady_now(), finished);
  if (!settled.empty()) tell_settled(settled);
  if (!go_on.empty()) arm_or_let_go(std::move(go_on));
}

void scheduler_state::tell_settled(const std::vector<std::pair<job, uint32_t>>& attempts, bool counted) {
  for (auto kind : kinds_that_keep_results) {
    settled_attempts settled;
    settled.kind = kind;
    settled.counted = counted;
    for (auto& [what, number] : attempts)
      if (kind_of(what.how->how) == kind) settled.attempts.push_back({what.id, number});
    if (!settled.attempts.empty()) self_->send(with_.dispatcher, std::move(settled));
  }
}

void scheduler_state::count_attempt(attempt_outcome outcome) {
  auto& counts = *with_.statistics;
  switch (outcome) {
  case attempt_outcome::succeeded: ++counts.attempts_succeeded; break;
  case attempt_outcome::failed: ++counts.failed; break;
  case attempt_outcome::timed_out: ++counts.timed_out; break;
  case attempt_outcome::lost: ++counts.lost; break;
  case attempt_outcome::late: ++counts.late; break;
  case attempt_outcome::cancelled: break;
  }
}

void scheduler_state::count_end(job_state state) {
  auto& counts = *with_.statistics;
  if (state == job_state::succeeded) ++counts.succeeded;
  if (state == job_state::dead) ++counts.dead;
  if (state == job_state::cancelled) ++counts.cancelled;
}

/// Attempts that run for a while: their start is worth a row, so that the API shows them and a later owner knows of
/// them.
void scheduler_state::journal_starts(const still_running& attempts) {
  journal_change change;
  change.must_apply = true;
  for (auto& attempt : attempts.attempts) {
    auto* entry = hand_.find(attempt.id);
    if (entry == nullptr || !may_run(*entry) || entry->attempt != attempt.number) continue;
    change.starts.push_back({attempt.id, attempt.number, attempt.started_at, attempt.kind});
  }
  if (change.starts.empty()) return;
  write(std::move(change), [](const journal_receipt& receipt) {
    if (receipt.error) spdlog::error("starts were refused by the journal: {}", receipt.error->message);
  });
}

} // namespace wheelwork
