#include "actors/pool_registry.hpp"

#include "actors/guard.hpp"
#include "messages/journaling.hpp"

#include <caf/send.hpp>

#include <algorithm>

namespace wheelwork {

namespace {

service_error error_of(const journal_error& error, const std::string& pool) {
  service_error made;
  switch (error.code) {
  case journal_errc::conflict: made.code = service_errc::conflict; break;
  case journal_errc::unavailable: made.code = service_errc::unavailable; break;
  case journal_errc::unknown_outcome: made.code = service_errc::unknown_outcome; break;
  case journal_errc::fenced: made.code = service_errc::unavailable; break;
  case journal_errc::broken: made.code = service_errc::broken; break;
  }
  made.message = "pool " + pool + ": " + error.message;
  return made;
}

service_error refusal(service_errc code, std::string message) {
  return {code, std::move(message), std::chrono::seconds{1}, {}};
}

} // namespace

pool_registry_actor::behavior_type pool_registry_state::make_behavior(pool_registry_settings settings,
                                                                      pool_registry_dependencies with) {
  guard(self_, name);
  settings_ = std::move(settings);
  with_ = std::move(with);
  self_->set_down_handler([this](const caf::down_msg& gone) { note_crash(gone); });
  self_->set_exit_handler([this](const caf::exit_msg& exit) {
    if (children_.erase(exit.source) == 0) self_->quit(exit.reason);
  });
  load();
  self_->delayed_send(self_, settings_.write_every, write_pool_records{});
  return {
      [this](const load_pools&) { load(); },
      [this](const pools_loaded& found) { loaded(found); },
      [this](put_pool& request) { put(request); },
      [this](delete_pool& request) { remove(request); },
      [this](const pool_happened& in_pool) { keep(in_pool.event); },
      [this](const pool_ended& pool) { note_end(pool.name); },
      [this](receipts& answers) { hear(answers); },
      [this](const stop_pools& request) {
        stop_to_ = request.to;
        for (auto& [pool, one] : running_) {
          one.next = nullptr;
          end(pool);
        }
        answer_stop();
      },
      [this](const write_pool_records&) {
        write_records();
        self_->delayed_send(self_, settings_.write_every, write_pool_records{});
      },
  };
}

void pool_registry_state::load() {
  pool_registry_actor me = self_;
  self_->send(with_.reader, run_query{[me](journal_reader& from) {
                pools_loaded found;
                if (auto all = from.pools(); all)
                  found.pools = std::move(*all);
                else
                  found.error = all.error().message;
                caf::anon_send(me, std::move(found));
              }});
}

void pool_registry_state::loaded(const pools_loaded& found) {
  if (!found.error.empty()) {
    spdlog::warn("the pools can't be read yet: {}", found.error);
    self_->delayed_send(self_, settings_.load_again, load_pools{});
    return;
  }
  loaded_ = true;
  for (const auto& pool : found.pools)
    if (!is_built_in(pool->name)) run(pool);
  for (const auto& pool : with_.built_in) run(pool);
  for (auto& request : std::exchange(waiting_puts_, {})) put(request);
}

bool pool_registry_state::is_built_in(const std::string& pool) const {
  return std::any_of(with_.built_in.begin(), with_.built_in.end(),
                     [&](const pool_ptr& each) { return each->name == pool; });
}

void pool_registry_state::put(put_pool& request) {
  if (!loaded_) {
    waiting_puts_.push_back(std::move(request));
    return;
  }
  const auto& pool = request.definition.name;
  if (is_built_in(pool))
    return request.done(failure(refusal(service_errc::conflict, "pool " + pool + " is set in the configuration file")));
  if (stop_to_) return request.done(failure(refusal(service_errc::unavailable, "the node stops")));
  if (changing_.contains(pool))
    return request.done(failure(refusal(service_errc::unavailable, "another change of this pool is under way")));
  const auto found = definitions_.find(pool);
  const auto* old = found == definitions_.end() ? nullptr : found->second.get();
  const uint64_t version = old ? old->version : 0;
  if (request.if_version && *request.if_version != version)
    return request.done(
        failure(refusal(service_errc::version_mismatch,
                        old ? "the pool has version " + std::to_string(version) : "there is no such pool")));
  if (old && old->spec == request.definition.spec) return request.done(pool_write{false, false, found->second});
  auto made = std::make_shared<pool_definition>(std::move(request.definition));
  const auto now = with_.pools->clock->wall_now();
  made->version = version + 1;
  made->created_at = old ? old->created_at : now;
  made->updated_at = now;
  journal_change change;
  change.pools_put.push_back({made, old == nullptr, version});
  changing_.insert(made->name);
  write(std::move(change), [this, made, created = old == nullptr,
                            done = std::move(request.done)](const std::optional<journal_error>& error) {
    changing_.erase(made->name);
    if (error) return done(failure(error_of(*error, made->name)));
    run(made);
    done(pool_write{created, true, made});
  });
}

void pool_registry_state::remove(delete_pool& request) {
  if (is_built_in(request.name))
    return request.done(
        failure(refusal(service_errc::conflict, "pool " + request.name + " is set in the configuration file")));
  const auto found = definitions_.find(request.name);
  if (!loaded_ || changing_.contains(request.name))
    return request.done(failure(refusal(service_errc::unavailable, "a change of this pool is under way")));
  if (found == definitions_.end())
    return request.done(failure(refusal(service_errc::not_found, "there is no pool " + request.name)));
  if (request.if_version && *request.if_version != found->second->version)
    return request.done(failure(
        refusal(service_errc::version_mismatch, "the pool has version " + std::to_string(found->second->version))));
  journal_change change;
  change.pools_deleted.push_back(request.name);
  changing_.insert(request.name);
  write(std::move(change),
        [this, name = request.name, done = std::move(request.done)](const std::optional<journal_error>& error) {
          changing_.erase(name);
          if (error) return done(failure(error_of(*error, name)));
          definitions_.erase(name);
          with_.directory->remove(name);
          if (auto known = running_.find(name); known != running_.end()) known->second.next = nullptr;
          end(name);
          done(true);
        });
}

void pool_registry_state::write(journal_change change, then done) {
  change.ticket = next_ticket_++;
  asked_.emplace(change.ticket, std::move(done));
  write_changes request;
  request.from = self_;
  request.changes.push_back(std::move(change));
  self_->send(with_.persistence, std::move(request));
}

void pool_registry_state::hear(receipts& answers) {
  for (auto& answer : answers.of_changes) {
    const auto found = asked_.find(answer.ticket);
    if (found == asked_.end()) continue;
    const auto done = std::move(found->second);
    asked_.erase(found);
    done(answer.error);
  }
}

bool pool_registry_state::runs_here(const pool_definition& pool) const {
  const auto& wanted = pool.environments;
  if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), settings_.environment) == wanted.end()) return false;
  return pool.partition.empty() || pool.partition == settings_.partition;
}

/// The definition holds from now on. Another source is another pool: the old one ends first, so that its messages are
/// back in their source.
void pool_registry_state::run(const pool_ptr& pool) {
  const auto& pool_name = pool->name;
  definitions_[pool_name] = pool;
  if (stop_to_) return;
  auto& one = running_[pool_name];
  if (one.ending) {
    one.next = pool;
  } else if (!one.actor) {
    one.definition = pool;
    if (runs_here(*pool)) begin(one);
  } else if (!runs_here(*pool) || !(one.definition->source == pool->source) ||
             one.definition->dead_letter != pool->dead_letter || one.definition->order != pool->order ||
             one.definition->journal != pool->journal) {
    one.next = pool;
    end(pool_name);
  } else {
    one.definition = pool;
    one.statistics->stands = pool->paused; // before the caller hears that it is so
    self_->send(one.actor, change_pool{pool});
  }
  with_.directory->put(pool, one.statistics);
  if (!one.actor && !one.ending && !runs_here(*pool)) running_.erase(pool_name);
}

void pool_registry_state::begin(running_pool& one) {
  if (!one.statistics) one.statistics = std::make_shared<pool_statistics>();
  one.statistics->stands = one.definition->paused;
  pool_registry_actor me = self_;
  one.actor =
      self_->spawn<caf::monitored + caf::linked>(consumer_pool, one.definition, with_.pools, one.statistics, me);
  children_.insert(one.actor.address());
  with_.directory->put(one.definition, one.statistics);
}

void pool_registry_state::end(const std::string& pool) {
  const auto found = running_.find(pool);
  if (found == running_.end() || found->second.ending || !found->second.actor) return;
  found->second.ending = true;
  found->second.statistics->stands = true;
  self_->send(found->second.actor, end_pool{});
}

/// A pool that crashed begins anew after a while; what its consumers had in hand comes back by the source.
void pool_registry_state::note_crash(const caf::down_msg& gone) {
  for (auto& [pool, one] : running_) {
    if (!one.actor || one.actor.address() != gone.source || one.ending) continue;
    spdlog::error("pool {} crashed and begins anew: {}", pool, self_->system().render(gone.reason));
    one.actor = nullptr;
    one.ending = true;
    if (!stop_to_) one.next = one.definition;
    self_->delayed_send(self_, settings_.begin_again, pool_ended{pool});
    return;
  }
}

void pool_registry_state::note_end(const std::string& pool) {
  const auto found = running_.find(pool);
  if (found == running_.end()) return;
  auto& one = found->second;
  close_minute_of(pool, one, std::chrono::floor<std::chrono::minutes>(with_.pools->clock->wall_now()));
  one.actor = nullptr;
  one.ending = false;
  const auto next = std::exchange(one.next, nullptr);
  if (next && runs_here(*next)) {
    one.definition = next;
    begin(one);
  } else {
    if (next) with_.directory->put(next, nullptr);
    running_.erase(found);
  }
  answer_stop();
}

/// When all that happened in pools is written, or can't be.
void pool_registry_state::answer_stop() {
  if (!stop_to_ || !running_.empty() || records_under_way_) return;
  if (!records_refused_ && !(events_.empty() && minutes_.empty())) return write_records();
  self_->send(stop_to_, pools_stopped{});
}

void pool_registry_state::keep(pool_event event) {
  events_.push_back(std::move(event));
  if (events_.size() <= settings_.records_max) return;
  // Those under way are answered soon; the oldest of the others goes.
  events_.erase(events_.begin() + static_cast<std::ptrdiff_t>(std::min(events_under_way_, events_.size() - 1)));
  if (!std::exchange(dropping_, true))
    spdlog::error("events of pools are dropped: the journal does not take them; /readyz says why");
}

/// Events as they come, counts once a minute. What the journal does not take now goes again later.
void pool_registry_state::write_records() {
  close_minute();
  if (records_under_way_) return;
  journal_change change;
  events_under_way_ = std::min<size_t>(events_.size(), 500);
  minutes_under_way_ = std::min<size_t>(minutes_.size(), 500);
  change.pool_events.assign(events_.begin(), events_.begin() + static_cast<std::ptrdiff_t>(events_under_way_));
  change.pool_minutes.assign(minutes_.begin(), minutes_.begin() + static_cast<std::ptrdiff_t>(minutes_under_way_));
  if (change.rows() == 0) return;
  records_under_way_ = true;
  write(std::move(change), [this](const std::optional<journal_error>& error) {
    records_under_way_ = false;
    const auto events = std::exchange(events_under_way_, 0), minutes = std::exchange(minutes_under_way_, 0);
    records_refused_ = error.has_value();
    if (!error) {
      events_.erase(events_.begin(), events_.begin() + static_cast<std::ptrdiff_t>(events));
      minutes_.erase(minutes_.begin(), minutes_.begin() + static_cast<std::ptrdiff_t>(minutes));
      dropping_ = false;
    }
    answer_stop();
  });
}

void pool_registry_state::close_minute() {
  const auto now = std::chrono::floor<std::chrono::minutes>(with_.pools->clock->wall_now());
  const auto ended = std::exchange(minute_, now);
  if (!ended || *ended == now) return;
  for (auto& [pool, one] : running_) close_minute_of(pool, one, *ended);
}

/// Also for the part of a minute after which a pool ends.
void pool_registry_state::close_minute_of(const std::string& pool, running_pool& one, wall_time minute) {
  if (!one.statistics || minutes_.size() >= settings_.records_max) return;
  auto& counts = *one.statistics;
  pool_minute total;
  total.taken = counts.taken;
  total.succeeded = counts.succeeded;
  total.failed_attempts = counts.failed_attempts;
  total.dead_letters = counts.dead_letters;
  const auto highest = counts.take_maxima();
  pool_minute made = total;
  made.pool = pool;
  made.minute = minute;
  made.node = with_.pools->node;
  made.taken -= one.written.taken;
  made.succeeded -= one.written.succeeded;
  made.failed_attempts -= one.written.failed_attempts;
  made.dead_letters -= one.written.dead_letters;
  made.lag_max = highest.lag;
  made.consumers_max = highest.consumers;
  one.written = total;
  if (made.taken + made.succeeded + made.failed_attempts + made.dead_letters + made.lag_max > 0)
    minutes_.push_back(std::move(made));
}

pool_registry_actor::behavior_type pool_registry(pool_registry_actor::stateful_pointer<pool_registry_state> self,
                                                 pool_registry_settings settings, pool_registry_dependencies with) {
  return self->state.make_behavior(std::move(settings), std::move(with));
}

} // namespace wheelwork
