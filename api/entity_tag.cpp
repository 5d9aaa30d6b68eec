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

/// What is there now.
struct edition {
  std::string_view what; ///< task, pool
  std::optional<uint64_t> version;
  std::string tag;
};

bool is_among(const std::string& tag, const std::vector<std::string>& tags) {
  return std::find(tags.begin(), tags.end(), tag) != tags.end();
}

result<std::optional<uint64_t>, http_answer> check(const http_head& head, const edition& now) {
  const std::string what{now.what};
  std::optional<uint64_t> version;
  if (head.if_match) {
    const bool any = *head.if_match == "*";
    const auto tags = any ? std::vector<std::string>{} : parse_tags(*head.if_match);
    if (!tags) return failure(no_list_of_tags("If-Match"));
    if (!now.version) return failure(problem(412, "If-Match: the " + what + " does not exist"));
    if (!any && !is_among(now.tag, *tags))
      return failure(problem(412, "If-Match: the " + what + " is " + now.tag + " now; read it again"));
    version = now.version;
  }
  if (head.if_none_match) {
    const bool any = *head.if_none_match == "*";
    const auto tags = any ? std::vector<std::string>{} : parse_tags(*head.if_none_match);
    if (!tags) return failure(no_list_of_tags("If-None-Match"));
    if (now.version && (any || is_among(now.tag, *tags)))
      return failure(problem(412, "If-None-Match: the " + what + " exists as " + now.tag));
    if (!version) version = now.version.value_or(0); // what was looked at must still be so
  }
  return version;
}

template <class Definition>
edition edition_of(std::string_view what, const Definition& definition) {
  if (!definition) return {what, std::nullopt, {}};
  return {what, definition->version, entity_tag(*definition)};
}

} // namespace

std::string entity_tag(const task_definition& task) {
  return "\"" + std::to_string(task.version) + "-" + to_string(task.id) + "\"";
}

std::string entity_tag(const pool_definition& pool) {
  return "\"" + std::to_string(pool.version) + "-" + std::to_string(pool.created_at.time_since_epoch().count()) + "\"";
}

result<std::optional<uint64_t>, http_answer> check_preconditions(const http_head& head, const task_ptr& task) {
  return check(head, edition_of("task", task));
}

result<std::optional<uint64_t>, http_answer> check_preconditions(const http_head& head, const pool_ptr& pool) {
  return check(head, edition_of("pool", pool));
}

} // namespace wheelwork
