// Starts that are committed before their effect: of careful jobs, and of jobs that a worker waits for.
#include "actors/scheduler.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace wheelwork {

void scheduler_state::start_or_start_carefully(std::vector<job> jobs) {
  std::vector<job> start, careful;
  for (auto& one : jobs)
    (one.careful() && !one.start_recorded && !waits_for_worker(one) ? careful : start).push_back(std::move(one));
  if (!start.empty()) hand_over(std::move(start));
  if (!careful.empty()) commit_starts(std::move(careful));
}

/// Workers wait for these. One that was cancelled since it was handed to the dispatcher is not here any more.
void scheduler_state::begin_for_workers(std::vector<job> jobs) {
  std::vector<job> begin, refused;
  for (auto& one : jobs) {
    auto* entry = hand_.find(one.id);
    bool mine = entry != nullptr && (entry->phase == hand_phase::handed || entry->phase == hand_phase::armed) &&
                entry->attempt == one.attempt + 1;
    (mine ? begin : refused).push_back(std::move(one));
  }
  refuse_starts(refused);
  if (!begin.empty()) commit_starts(std::move(begin));
}

void scheduler_state::refuse_starts(const std::vector<job>& jobs) {
  starts_refused refused;
  std::copy_if(jobs.begin(), jobs.end(), std::back_inserter(refused.jobs), waits_for_worker);
  if (!refused.jobs.empty()) self_->send(with_.dispatcher, std::move(refused));
}

/// Commits the starts and then hands over.
void scheduler_state::commit_starts(std::vector<job> careful) {
  if (stopping_) {
    // Nothing starts any more, so no start may be committed: the next owner would take it for a lost attempt.
    for (auto& one : careful) hand_.let_go(one.id);
    return refuse_starts(careful);
  }
  journal_change change;
  change.must_apply = true;
  for (auto& one : careful) {
    hand_.take(one, hand_phase::writing);
    change.starts.push_back({one.id, one.attempt + 1, now(), kind_of(one.how->how)});
  }
  write(std::move(change), [this, careful = std::move(careful)](const journal_receipt& receipt) {
    if (receipt.error) spdlog::error("starts were refused by the journal: {}", receipt.error->message);
    std::vector<job> started, refused;
    for (auto one : careful) {
      if (receipt.error || std::find(receipt.missing.begin(), receipt.missing.end(), one.id) != receipt.missing.end()) {
        hand_.let_go(one.id);
        refused.push_back(std::move(one));
      } else {
        ++one.attempt;
        one.start_recorded = true;
        started.push_back(std::move(one));
      }
    }
    refuse_starts(refused);
    std::vector<job_id> ids;
    ids.reserve(started.size());
    for (auto& one : started) ids.push_back(one.id);
    if (stopping_)
      take_starts_back(std::move(started));
    else if (!started.empty())
      hand_over(std::move(started));
    for (auto id : ids) written(id);
  });
}

/// The node stops before they could start, though their starts are in the journal.
void scheduler_state::take_starts_back(std::vector<job> started) {
  if (started.empty()) return;
  refuse_starts(started);
  journal_change change;
  change.must_apply = true;
  for (auto& one : started) {
    hand_.take(one, hand_phase::writing);
    attempt_result nothing;
    nothing.number = one.attempt;
    nothing.started_at = nothing.finished_at = now();
    change.agains.push_back(decide_not_started(one, record_of(nothing, settings_.node, true), now()));
  }
  write(std::move(change), [this, started = std::move(started)](const journal_receipt& receipt) {
    if (receipt.error) spdlog::error("starts could not be taken back: {}", receipt.error->message);
    for (auto& one : started) hand_.let_go(one.id);
  });
}

} // namespace wheelwork
