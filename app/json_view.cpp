#include "app/json_view.hpp"

#include "app/console.hpp"

namespace wheelwork {
namespace {

std::string text_of(const nlohmann::json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return value.get<std::string>();
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

const nlohmann::json* member(const nlohmann::json& from, const char* name) {
  if (!from.is_object()) return nullptr;
  auto found = from.find(name);
  return found == from.end() ? nullptr : &*found;
}

/// The line that repeats a call, alone on its line, so that it can be marked and pasted.
void print_call(const nlohmann::json& attempt) {
  const auto* line = member(attempt, "curl");
  if (line == nullptr || !line->is_string()) return;
  std::string title = "call of attempt " + cell_of(attempt, "number");
  const auto* lacks = member(attempt, "curl_lacks");
  if (lacks != nullptr && lacks->is_array())
    for (size_t i = 0; i < lacks->size(); ++i) title += (i == 0 ? " without " : ", ") + text_of((*lacks)[i]);
  print_line("\n" + escaped(title) + ":");
  print_line(escaped(line->get_ref<const std::string&>()));
}

/// Attempts of a job under it, for that is what one looks for.
void print_attempts(const nlohmann::json& attempts) {
  text_table table{{"ATTEMPT", "OUTCOME", "STARTED", "FINISHED", "NODE", "ERROR", "RESPONSE"}};
  for (const auto& each : attempts)
    table.add({cell_of(each, "number"), cell_of(each, "outcome"), cell_of(each, "started_at"),
               cell_of(each, "finished_at"), cell_of(each, "node"), cell_of(each, "error"), cell_of(each, "response")});
  print("\n" + table.text());
  for (const auto& each : attempts) print_call(each);
}

} // namespace

std::string cell_of(const nlohmann::json& from, const char* name) {
  const auto* value = member(from, name);
  return value == nullptr ? "-" : text_of(*value);
}

std::string schedule_summary(const nlohmann::json& task) {
  const auto* schedule = member(task, "schedule");
  if (schedule == nullptr) return "-";
  for (const char* kind : {"cron", "every", "at"}) {
    if (member(*schedule, kind) == nullptr) continue;
    auto summary = std::string{kind} + " " + cell_of(*schedule, kind);
    if (member(*schedule, "time_zone") != nullptr) summary += " " + cell_of(*schedule, "time_zone");
    return summary;
  }
  return text_of(*schedule);
}

std::string target_summary(const nlohmann::json& owner) {
  const auto* target = member(owner, "target");
  if (target == nullptr || !target->is_object() || target->empty()) return "-";
  const auto& kind = target->begin().key();
  const auto& how = target->begin().value();
  if (kind == "http") return "http " + cell_of(how, "method") + " " + cell_of(how, "url");
  if (kind == "native") return "native " + cell_of(how, "handler");
  if (const auto* command = member(how, "command"); command != nullptr && command->is_array()) {
    auto summary = kind;
    for (const auto& part : *command) summary += " " + text_of(part);
    return summary;
  }
  return kind + " " + text_of(how);
}

list_column member_column(const char* title, const char* name) {
  return {title, [name](const nlohmann::json& item) { return cell_of(item, name); }};
}

int print_list(const client_options& options, const http_reply& reply, const std::vector<list_column>& columns) {
  if (options.json) {
    print_body(reply);
    return done;
  }
  auto answer = json_of(reply);
  std::vector<std::string> head;
  head.reserve(columns.size());
  for (const auto& column : columns) head.push_back(column.title);
  text_table table{head};
  const auto* items = member(answer, "items");
  if (items == nullptr || !items->is_array()) throw std::runtime_error("the server's answer is no list");
  for (const auto& item : *items) {
    std::vector<std::string> row;
    row.reserve(columns.size());
    for (const auto& column : columns) row.push_back(column.cell(item));
    table.add(row);
  }
  print(table.text());
  if (auto next = cell_of(answer, "next"); next != "-") complain("there are more: --cursor " + next);
  return done;
}

void print_members(const nlohmann::json& object) {
  text_table table{{"MEMBER", "VALUE"}};
  const nlohmann::json* attempts = nullptr;
  for (const auto& [name, value] : object.items()) {
    if (name == "attempts" && value.is_array())
      attempts = &value;
    else
      table.add({name, text_of(value)});
  }
  print(table.text());
  if (attempts != nullptr && !attempts->empty()) print_attempts(*attempts);
}

int print_object(const client_options& options, const http_reply& reply) {
  if (options.json)
    print_body(reply);
  else
    print_members(json_of(reply));
  return done;
}

void print_body(const http_reply& reply) { print_line(reply.body.empty() ? "null" : reply.body); }

} // namespace wheelwork
