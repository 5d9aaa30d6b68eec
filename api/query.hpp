// The query of a request: names that a route knows, their values checked, and all faults at once.
#pragma once

#include "api/http_message.hpp"
#include "messages/json.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wheelwork {

class query_reader {
public:
  /// `known`: parameters of the route. Others, repeated ones (`label` may repeat) and broken escapes are faults with
  /// pointer `/<name>`.
  query_reader(std::string_view query, std::initializer_list<std::string_view> known);

  std::optional<std::string> text(std::string_view name) const;
  std::optional<bool> boolean(std::string_view name);
  std::optional<size_t> number(std::string_view name, size_t from, size_t to);
  std::optional<wall_time> time(std::string_view name);
  /// `label=k:v`, as often as it is there.
  std::vector<std::pair<std::string, std::string>> labels();
  /// 1 to 1000, default 100.
  size_t limit() { return number("limit", 1, 1000).value_or(100); }
  /// What make_cursor put in; none: from the beginning.
  std::optional<std::string> cursor();
  /// The same of a time.
  std::optional<wall_time> time_cursor();

  void fault(std::string_view name, std::string message);
  const json_faults& faults() const { return faults_; }

private:
  std::vector<std::pair<std::string, std::string>> values_;
  json_faults faults_;
};

/// Opaque to the client.
std::string make_cursor(std::string_view position);
std::string make_cursor(wall_time position);

/// {items:[…], next:"…"|null} of items that are JSON texts; `next` empty: there are no more.
http_answer list_answer(const std::vector<std::string>& items, const std::string& next);

} // namespace wheelwork
