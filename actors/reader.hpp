// Reads from the journal on a connection of its own: recoveries and windows for schedulers, any query for the API.
#pragma once

#include "messages/journaling.hpp"
#include "persistence/journal.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace wheelwork {

/// What a new owner of a shard must know.
struct shard_contents {
  shard_recovery last_owner;
  std::vector<task_row> tasks;
  std::vector<recovered_job> open_attempts;
  std::vector<job> live_fires;
};

class reader_state {
public:
  static inline const char* name = "reader";

  explicit reader_state(reader_actor::pointer self) : self_{self} {}

  reader_actor::behavior_type make_behavior(std::shared_ptr<journal_reader> from);

private:
  void recover(const recover_shard& request);
  void load(const load_window& request);

  reader_actor::pointer self_;
  std::shared_ptr<journal_reader> from_;
};

/// Blocks in the database: spawn it detached, except in tests.
reader_actor::behavior_type reader(reader_actor::stateful_pointer<reader_state> self,
                                   std::shared_ptr<journal_reader> from);

} // namespace wheelwork
