// One node: composes the actors from settings, and is the door through which the HTTP server reaches them.
#pragma once

#include "actors/node_service.hpp"
#include "actors/queue_intake.hpp"
#include "config/settings.hpp"
#include "persistence/journal.hpp"
#include "targets/native_runner.hpp"

#include <memory>

namespace wheelwork {

struct node_options {
  std::string process_helper; ///< program that runs process targets (its first argument is process-helper)
  std::shared_ptr<const native_registry> handlers; ///< none: only the built-in ones
  std::vector<queue_intake> intakes;               ///< lists of other programs whose messages become jobs
  /// Waits while another node holds the lease on the database, see journal_options. None: the start is refused then.
  std::function<bool(const held_lease&)> wait_for_lease{};
  std::function<void()> on_broken_or_ready; ///< called on any thread when the node becomes ready or can't go on
};

class node : public node_service {
public:
  /// Opens the journal and starts all actors; ready some time later, see health(). The error says what to do.
  static result<std::unique_ptr<node>, std::string> start(const settings& with, node_options options);

  /// A clean stop: attempts in flight get the grace, everything is journaled, the shards are released. Blocks. The text
  /// says what went wrong; empty: nothing.
  virtual std::string stop() = 0;
  /// Why the node can't go on; empty: it can.
  virtual std::string broken() const = 0;
  /// Blocks until all shards are recovered, or it can't go on, or the time is over.
  virtual bool wait_until_ready(milliseconds at_most) = 0;
  /// Takes what a running node can change (SIGHUP): which networks http targets may reach, which executables may be
  /// started. The text says what was wrong; then nothing changed. Empty: done.
  virtual std::string apply(const settings& changed) = 0;
  /// Creates or replaces these pools; each that is refused is logged.
  virtual void apply_pools(std::vector<pool_definition> pools) = 0;
  /// Creates or replaces these tasks; each that is refused is logged.
  virtual void apply_tasks(std::vector<task_definition> tasks) = 0;
};

} // namespace wheelwork
