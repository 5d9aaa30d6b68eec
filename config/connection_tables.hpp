// [redis.NAME] and [kafka.NAME]: sections whose names the user chooses, and which therefore are no options like the
// others.
#pragma once

#include "config/apply.hpp"

#include <span>

namespace wheelwork {

/// A member of such a table.
struct connection_option {
  std::string_view section; ///< redis, kafka
  std::string_view key;
  std::string_view type; ///< as the reference page shows it
  std::string_view sentence;
  std::string_view example; ///< TOML
};
std::span<const connection_option> connection_options();
/// Whether this is `redis` or `kafka`.
bool is_connection_section(std::string_view section);
/// The keys of such a table, for sentences.
std::vector<std::string> connection_keys(std::string_view section);

/// Reads all tables of the section into `into`. With raw texts, tables may be incomplete, and values with `${NAME}` and
/// secrets are not looked at. Faults are added; none shows a password.
void read_connections(const std::string& section, const config_value& tables, texts state, broker_connections& into,
                      std::vector<config_fault>& faults);

} // namespace wheelwork
