// Files and standard input with tasks, pools and jobs, turned into bodies for the API. JSON goes on byte for byte, for
// payloads are kept that way.
#pragma once

#include "app/client.hpp"

namespace wheelwork {

/// A file, or standard input for `-`. The error names the file.
result<std::string, std::string> read_input(const std::string& path);

/// The body of a task or pool.
struct named_body {
  std::string name;
  std::string text; ///< JSON
};
/// One as JSON, an array of them, or TOML with [[task]] or [[pool]] tables. `what`: "task" or "pool". The error names
/// the place.
result<std::vector<named_body>, std::string> read_bodies(const std::string& text, const std::string& path,
                                                         const std::string& what);

/// One JSON job (POST /jobs), or many as an array, as `{"jobs":[…]}` or with one on each line (POST /jobs/batch).
result<outgoing_request, std::string> read_push(const std::string& text, const std::string& path);

/// Empty: JSON. Else what is wrong, with line and column.
std::string fault_of_json(const std::string& text);

} // namespace wheelwork
