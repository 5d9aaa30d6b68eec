// Inside messages/: the members of one usual job, read in one pass over its text.
#pragma once

#include "messages/job.hpp"
#include "messages/target_cache.hpp"

#include <simdjson.h>

#include <array>

namespace wheelwork {

/// Reads jobs whose members are right and not unusual; of all others it only says that they are not.
class job_fields {
public:
  /// None: read it the general way. The object's document must be known to be valid JSON.
  std::optional<new_job> read(simdjson::ondemand::object& object, wall_time now);
  /// What the general way made of the job that was read last: its target is known from now on.
  void remember(const new_job& job);

private:
  using value_type = simdjson::ondemand::value;

  void read_member(std::string_view name, value_type& value, wall_time now, new_job& into);
  void read_due(std::string_view name, value_type& value, wall_time now, new_job& into);
  void read_labels(value_type& value, new_job& into);
  void read_text(value_type& value, bool slash, std::string& into);
  bool first(std::string_view name);
  void take_target(new_job& into);
  void finish_unique(wall_time now, new_job& into);
  std::string_view target_key();

  // Of the job in hand.
  std::array<std::string_view, 5> parts_; ///< texts of target, retry, timeout, delivery, history
  milliseconds unique_for_{};
  bool has_priority_ = false;
  bool usual_ = true;
  bool complete_ = true; ///< parts_ holds all there are
  uint32_t seen_ = 0;    ///< a bit for each known member

  std::string key_; ///< storage for target_key()
  target_cache cache_;
};

} // namespace wheelwork
