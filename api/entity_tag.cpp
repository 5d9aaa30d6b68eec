#include "api/entity_tag.hpp"

#include "api/problem.hpp"

#include <algorithm>

namespace wheelwork {

namespace {

/// The tags of a list, with their quotes and the W/ of weak ones. None: it is no such list.
std::optional<std::vector<std::string>> parse_tags(std::string_view text) {
  std::vector<std::string> tags;
  while (true) {
    const auto begin = text.find_first_not_of(" \t,");
    if (begin == std::string_view::npos) break;
    text.remove_prefix(begin);
    const size_t prefix = text.starts_with("W/") ? 2 : 0;
    const auto end = text.size() > prefix && text[prefix] == '"' ? text.find('"', prefix + 1) : std::string_view::npos;
    if (end == std::string_view::npos) return std::nullopt;
    tags.emplace_back(text.substr(0, end + 1));
    text.remove_prefix(end + 1);
  }
  if (tags.empty()) return std::nullopt;
  return tags;
}

http_answer no_list_of_tags(const char* header) {
  return problem(400, std::string{header} + " must be * or a list of entity tags such as \"3-42\", with their quotes");
}

} // namespace

std::string entity_tag(const task_definition& task) {
  return "\"" + std::to_string(task.version) + "-" + to_string(task.id) + "\"";
}

result<std::optional<uint64_t>, http_answer> check_preconditions(const http_head& head, const task_ptr& task) {
  std::optional<uint64_t> version;
  if (head.if_match) {
    const bool any = *head.if_match == "*";
    const auto tags = any ? std::vector<std::string>{} : parse_tags(*head.if_match);
    if (!tags) return failure(no_list_of_tags("If-Match"));
    if (!task) return failure(problem(412, "If-Match: the task does not exist"));
    if (!any && std::find(tags->begin(), tags->end(), entity_tag(*task)) == tags->end())
      return failure(problem(412, "If-Match: the task is " + entity_tag(*task) + " now; read it again"));
    version = task->version;
  }
  if (head.if_none_match) {
    const bool any = *head.if_none_match == "*";
    const auto tags = any ? std::vector<std::string>{} : parse_tags(*head.if_none_match);
    if (!tags) return failure(no_list_of_tags("If-None-Match"));
    const bool matches = task && (any || std::find(tags->begin(), tags->end(), entity_tag(*task)) != tags->end());
    if (matches) return failure(problem(412, "If-None-Match: the task exists as " + entity_tag(*task)));
    if (!version) version = task ? task->version : 0; // what was looked at must still be so
  }
  return version;
}

} // namespace wheelwork
