#include "actors/consumer_pool.hpp"

#include "actors/guard.hpp"

#include <caf/send.hpp>

#include <algorithm>

namespace wheelwork {

namespace {

constexpr milliseconds replace_first{200}, replace_max{10'000};
constexpr unsigned doublings_max = 6;
constexpr milliseconds crash_forgotten{60'000};
constexpr milliseconds failure_quiet{60'000};

} // namespace

milliseconds crash_pauses::pause_after(steady_time crash) {
  if (last_ && crash - *last_ > crash_forgotten) in_row_ = 0;
  last_ = crash;
  const auto pause = std::min(replace_max, replace_first * (1 << std::min(in_row_, doublings_max)));
  ++in_row_;
  return pause;
}

consumer_pool_actor::behavior_type consumer_pool_state::make_behavior(pool_ptr pool, pool_environment_ptr with,
                                                                      std::shared_ptr<pool_statistics> statistics,
                                                                      pool_registry_actor registry) {
  guard(self_, name);
  pool_ = std::move(pool);
  with_ = std::move(with);
  statistics_ = std::move(statistics);
  registry_ = std::move(registry);
  policy_.emplace(pool_->policy, bounds());
  self_->set_down_handler([this](const caf::down_msg& gone) { lost(gone); });
  // Linked, so that they end with the pool however it ends; the pool does not end with them.
  self_->set_exit_handler([this](const caf::exit_msg& exit) {
    if (children_.erase(exit.source) == 0) self_->quit(exit.reason);
  });
  open_monitor();
  if (!stands()) bring_to(policy_->consumers(), "the pool began");
  return {
      [this](const change_pool& changed) { change(changed.definition); },
      [this](const backlog_seen& seen) { hear(seen); },
      [this](const consumer_left& one) {
        members_.erase(one.number);
        statistics_->set_consumers(members_.size());
        end_if_empty();
      },
      [this](const pool_happened& in_consumer) { tell_of_consumer(in_consumer.event); },
      [this](const end_pool&) {
        ending_ = true;
        if (monitor_) caf::anon_send_exit(monitor_, caf::exit_reason::user_shutdown);
        monitor_ = nullptr;
        bring_to(0, "the pool ends");
        end_if_empty();
      },
      [this](const replace_consumers&) {
        replacing_ = false;
        if (!stands()) bring_to(wanted_, "one crashed");
      },
      [this](const replace_lag_monitor&) {
        if (!ending_) open_monitor();
      },
  };
}

scaling_bounds consumer_pool_state::bounds() const {
  scaling_bounds of;
  of.min = pool_->min;
  of.max = pool_->max;
  if (partitions_) of.useful = *partitions_;
  return of;
}

source_setup consumer_pool_state::setup() const {
  source_setup made;
  made.pool = pool_->name;
  made.from = pool_->source;
  made.dead_letter = pool_->dead_letter;
  made.recorded = pool_->journal;
  made.node = with_->node;
  made.incarnation = with_->incarnation;
  made.uncommitted = uncommitted_;
  made.clock = with_->clock;
  return made;
}

void consumer_pool_state::open_monitor() {
  auto opened = with_->open_monitor(setup());
  if (!opened) {
    backlog_seen refused;
    refused.failure = opened.error();
    return note_failure(refused);
  }
  std::shared_ptr<source_monitor> shared = std::move(*opened);
  monitor_ = with_->detached ? self_->spawn<caf::detached + caf::monitored + caf::linked>(lag_monitor, with_->looking,
                                                                                          shared, self_)
                             : self_->spawn<caf::monitored + caf::linked>(lag_monitor, with_->looking, shared, self_);
  children_.insert(monitor_.address());
}

/// Everything but the source can change under the consumers; the registry ends a pool whose source changes.
void consumer_pool_state::change(const pool_ptr& pool) {
  pool_ = pool;
  policy_->change(pool_->policy, bounds());
  for (auto& [number, one] : members_)
    if (!one.retiring) self_->send(one.actor, change_pool{pool_});
  if (pool_->paused)
    bring_to(0, "paused");
  else
    bring_to(policy_->consumers(), "the pool was changed");
}

void consumer_pool_state::hear(const backlog_seen& seen) {
  if (ending_) return;
  note_failure(seen);
  if (!seen.warning.empty()) spdlog::warn("pool {}: {}", pool_->name, seen.warning); // a source tells it once
  if (seen.recovered > 0) {
    statistics_->recovered += seen.recovered;
    pool_event event;
    event.kind = pool_event::what::recovered;
    event.messages = seen.recovered;
    event.reason = "messages of consumers that died were given back to the source";
    tell(std::move(event));
  }
  if (seen.failure.empty() && seen.partitions != partitions_) {
    partitions_ = seen.partitions;
    policy_->change(pool_->policy, bounds());
  }
  backlog_reading reading;
  reading.at = with_->clock->steady_now();
  if (seen.failure.empty()) reading.lag = seen.waiting;
  reading.handled_total = statistics_->succeeded + statistics_->dead_letters;
  reading.busy_total = std::chrono::microseconds{statistics_->busy_microseconds.load()};
  reading.consumers = std::min(working(), statistics_->ready.load());
  const auto decision = policy_->decide(reading);
  statistics_->set_decision(decision.reason);
  if (!stands()) bring_to(decision.consumers, decision.reason);
}

void consumer_pool_state::note_failure(const backlog_seen& seen) {
  statistics_->set_backlog(seen.failure.empty() ? std::optional{seen.waiting} : std::nullopt, seen.oldest,
                           seen.failure);
  if (seen.failure.empty() == failure_.empty()) {
    failure_ = seen.failure;
    return;
  }
  failure_ = seen.failure;
  pool_event event;
  if (failure_.empty()) {
    event.kind = pool_event::what::working;
    event.reason = "the source can be read again";
    spdlog::info("pool {}: the source can be read again", pool_->name);
    consumer_failure_ = {};
  } else {
    event.kind = pool_event::what::failing;
    event.reason = failure_;
    spdlog::warn("pool {}: {}", pool_->name, failure_);
    if (is_told(failure_)) return;
  }
  tell(std::move(event));
}

uint32_t consumer_pool_state::working() const {
  return static_cast<uint32_t>(
      std::count_if(members_.begin(), members_.end(), [](const auto& each) { return !each.second.retiring; }));
}

void consumer_pool_state::bring_to(uint32_t wanted, const std::string& reason) {
  wanted_ = wanted;
  statistics_->wanted = wanted;
  const auto before = working();
  while (working() < wanted && !replacing_ && spawn_one()) {
  }
  while (working() > wanted) retire_one();
  const auto now = working();
  statistics_->set_consumers(members_.size());
  if (now == before) return;
  pool_event event;
  event.kind = pool_event::what::scaled;
  event.consumers_before = before;
  event.consumers = now;
  event.reason = reason;
  tell(std::move(event));
}

bool consumer_pool_state::spawn_one() {
  const auto slot = with_->table->reserve();
  const auto number = next_number_++;
  auto opened = slot ? with_->open_source(setup(), number)
                     : failure("this node has " + std::to_string(consumer_table::size_max) + " consumers already");
  if (!opened) {
    if (slot) with_->table->release(*slot);
    statistics_->set_consumer_failure(0, opened.error());
    return false;
  }
  statistics_->set_consumer_failure(0, {});
  consumer_settings own;
  own.number = number;
  own.slot = *slot;
  own.patience = with_->patience;
  own.random_seed = (uint64_t{chance_()} << 32) | chance_();
  consumer_dependencies its;
  its.pool = pool_;
  its.from = std::move(*opened);
  its.runners = with_->runners;
  its.table = with_->table;
  its.statistics = statistics_;
  its.database_secret = with_->database_secret;
  its.clock = with_->clock;
  its.push = with_->push;
  if (const auto reads = with_->translators.find(pool_->name); reads != with_->translators.end())
    its.translate = reads->second;
  consumer_pool_actor me = self_;
  auto made = with_->detached ? self_->spawn<caf::detached + caf::monitored + caf::linked>(consumer, own, its, me)
                              : self_->spawn<caf::monitored + caf::linked>(consumer, own, its, me);
  children_.insert(made.address());
  members_.emplace(number, member{made, false});
  return true;
}

/// The youngest first: it holds the least.
void consumer_pool_state::retire_one() {
  const auto found =
      std::find_if(members_.rbegin(), members_.rend(), [](const auto& each) { return !each.second.retiring; });
  found->second.retiring = true;
  self_->send(found->second.actor, retire_consumer{});
}

/// A consumer that crashed is replaced after a while; what it had in hand comes back by the source.
void consumer_pool_state::lost(const caf::down_msg& gone) {
  if (monitor_ && gone.source == monitor_.address()) {
    monitor_ = nullptr;
    if (!ending_) replace_monitor(gone.reason);
    return;
  }
  const auto found = std::find_if(members_.begin(), members_.end(),
                                  [&](const auto& each) { return each.second.actor.address() == gone.source; });
  if (found == members_.end()) return; // it left in order
  members_.erase(found);
  statistics_->set_consumers(members_.size());
  if (ending_) return end_if_empty();
  spdlog::error("pool {}: a consumer crashed and is replaced", pool_->name);
  pool_event event;
  event.kind = pool_event::what::failing;
  event.reason = "a consumer crashed and is replaced: " + self_->system().render(gone.reason);
  tell(std::move(event));
  if (std::exchange(replacing_, true)) return;
  self_->delayed_send(self_, consumer_crashes_.pause_after(with_->clock->steady_now()), replace_consumers{});
}

void consumer_pool_state::replace_monitor(const caf::error& reason) {
  backlog_seen crashed;
  crashed.failure = "its lag monitor crashed and is replaced: " + self_->system().render(reason);
  note_failure(crashed);
  self_->delayed_send(self_, monitor_crashes_.pause_after(with_->clock->steady_now()), replace_lag_monitor{});
}

/// All consumers of a source that is away say the same, and again and again: once a minute is enough.
void consumer_pool_state::tell_of_consumer(const pool_event& event) {
  if (event.kind == pool_event::what::failing) {
    if (event.reason == failure_ || is_told(event.reason)) return;
    consumer_failure_ = {event.reason, with_->clock->steady_now() + failure_quiet};
  }
  tell(event);
}

bool consumer_pool_state::is_told(const std::string& failure) const {
  return failure == consumer_failure_.text && with_->clock->steady_now() < consumer_failure_.quiet_until;
}

void consumer_pool_state::tell(pool_event event) {
  event.pool = pool_->name;
  event.at = with_->clock->wall_now();
  event.lag = statistics_->lag();
  if (event.kind != pool_event::what::scaled) event.consumers_before = event.consumers = working();
  self_->send(registry_, pool_happened{std::move(event)});
}

void consumer_pool_state::end_if_empty() {
  if (!ending_ || !members_.empty()) return;
  self_->send(registry_, pool_ended{pool_->name});
  self_->quit();
}

consumer_pool_actor::behavior_type consumer_pool(consumer_pool_actor::stateful_pointer<consumer_pool_state> self,
                                                 pool_ptr pool, pool_environment_ptr with,
                                                 std::shared_ptr<pool_statistics> statistics,
                                                 pool_registry_actor registry) {
  return self->state.make_behavior(std::move(pool), std::move(with), std::move(statistics), std::move(registry));
}

} // namespace wheelwork
