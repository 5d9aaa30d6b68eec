// Answers of the API as tables, or as the JSON that they are.
#pragma once

#include "app/client.hpp"

#include <nlohmann/json.hpp>

namespace wheelwork {

/// A member as a cell: texts as they are, null and missing ones as `-`, anything else as JSON.
std::string cell_of(const nlohmann::json& from, const char* name);

/// `cron 30 2 * * * Europe/Berlin`, `every 5s`, `at …`.
std::string schedule_summary(const nlohmann::json& task);
/// `http POST https://…`, `process /bin/report --day`, `native noop`.
std::string target_summary(const nlohmann::json& owner);

/// A column of a list: its title, and the cell of an item.
struct list_column {
  std::string title;
  std::function<std::string(const nlohmann::json&)> cell;
};
list_column member_column(const char* title, const char* name);

/// Prints `{items, next}`.
int print_list(const client_options& options, const http_reply& reply, const std::vector<list_column>& columns);

/// Prints one object: a line for each member.
int print_object(const client_options& options, const http_reply& reply);
void print_members(const nlohmann::json& object);

/// Prints the body as it came.
void print_body(const http_reply& reply);

} // namespace wheelwork
