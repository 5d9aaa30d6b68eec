// Inside config/: tables of the file in the shape of the API's JSON, such as [[task]] and [[pool]].
#pragma once

#include "config/load.hpp"
#include "config/value.hpp"
#include "messages/json.hpp"

#include <nlohmann/json_fwd.hpp>

namespace wheelwork {

/// The same value as JSON. Times become their text. The error is for numbers that JSON has not (inf, nan).
result<nlohmann::json, std::string> to_json(const config_value& value);

/// The key and the line of what a JSON pointer speaks of.
struct place {
  std::string key;
  config_origin origin;
};
/// That value below `table`, which has the key `key`, or what is nearest to it: a missing member is blamed on its
/// table.
place place_of(const config_value& table, const std::string& key, std::string_view pointer);

/// One table of an array of tables and its key, such as task[0].
struct keyed_table {
  std::string key;
  const config_value* table;
};
/// All tables of the section [[name]]. What is no table is a fault and left out.
std::vector<keyed_table> tables_of(const config_value& section, const std::string& name,
                                   std::vector<config_fault>& faults);

void add_fault(const place& where, const std::string& message, std::vector<config_fault>& faults);
/// Faults of the codec with the lines of the members that they speak of.
void add_faults(const keyed_table& in, const json_faults& found, std::vector<config_fault>& faults);

} // namespace wheelwork
