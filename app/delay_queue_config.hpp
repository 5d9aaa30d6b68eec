// The configuration file of the delay_queue service (config/config.yaml) and what it means here.
#pragma once

#include "config/load.hpp"

namespace wheelwork {

struct delay_queue_config {
  delay_queue_front_settings front;
  std::string redis_url;    ///< empty: the file has no Redis
  std::string database_url; ///< of its tables, mysql://…; empty: the file has no database
  std::string table_prefix = "hs_";
  uint32_t slots = 60;              ///< of its wheel, by which its tables count time
  std::vector<std::string> notes{}; ///< what the user should know of it; sentences
};

/// All faults at once. Keys that have no meaning here are passed over; those that are missing have the values that the
/// service is shipped with, but for the prefix, which is empty then.
result<delay_queue_config, std::vector<config_fault>> read_delay_queue_config(const std::string& text,
                                                                              const std::string& file);

/// `[redis.delay_queue]` and `[front.delay_queue]` for wheelwork.toml, with the notes as comments.
std::string toml_of(const delay_queue_config& config, const std::string& file);

} // namespace wheelwork
