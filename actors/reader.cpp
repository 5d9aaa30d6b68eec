#include "actors/reader.hpp"

#include "actors/guard.hpp"

#include <spdlog/spdlog.h>

#include <exception>

namespace wheelwork {

namespace {

/// All parts of a shard, or the first error.
result<shard_contents, journal_error> read_shard(journal_reader& from, shard_id shard) {
  shard_contents contents;
  auto last_owner = from.recovery_of(shard);
  if (!last_owner) return failure(last_owner.error());
  contents.last_owner = *last_owner;
  auto tasks = from.tasks_of_shard(shard);
  if (!tasks) return failure(tasks.error());
  contents.tasks = std::move(*tasks);
  auto open_attempts = from.open_attempts(shard);
  if (!open_attempts) return failure(open_attempts.error());
  contents.open_attempts = std::move(*open_attempts);
  auto live_fires = from.live_fires(shard);
  if (!live_fires) return failure(live_fires.error());
  contents.live_fires = std::move(*live_fires);
  return contents;
}

} // namespace

reader_actor::behavior_type reader_state::make_behavior(std::shared_ptr<journal_reader> from) {
  guard(self_, name);
  from_ = std::move(from);
  return {
      [this](const recover_shard& request) { recover(request); },
      [this](const load_window& request) { load(request); },
      [this](const run_query& query) { query.query(*from_); },
  };
}

void reader_state::recover(const recover_shard& request) {
  shard_recovered answer;
  auto contents = read_shard(*from_, request.shard);
  if (contents)
    answer.contents = std::make_shared<const shard_contents>(std::move(*contents));
  else
    answer.error = contents.error().message;
  self_->send(request.from, std::move(answer));
}

void reader_state::load(const load_window& request) {
  std::optional<load_position> after;
  if (!request.from_beginning) after = load_position{request.after_due, request.after_id};
  window_loaded answer;
  answer.until = request.until;
  auto window = from_->load_window(request.shard, after, request.until, request.limit);
  if (window) {
    answer.jobs = std::move(window->jobs);
    answer.complete = window->complete;
  } else {
    answer.error = window.error().message;
  }
  self_->send(request.from, std::move(answer));
}

reader_actor::behavior_type reader(reader_actor::stateful_pointer<reader_state> self,
                                   std::shared_ptr<journal_reader> from) {
  return self->state.make_behavior(std::move(from));
}

} // namespace wheelwork
