#include "app/input.hpp"

#include "config/expand.hpp"
#include "config/json_tables.hpp"
#include "config/toml_reader.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <simdjson.h>

namespace wheelwork {
namespace {

constexpr size_t input_size_max = size_t{256} << 20;
constexpr auto blanks = " \t\r\n";

result<std::string, std::string> read_standard_input() {
  std::string text;
  std::array<char, 65536> chunk{};
  while (size_t count = std::fread(chunk.data(), 1, chunk.size(), stdin)) {
    text.append(chunk.data(), count);
    if (text.size() > input_size_max) return failure(std::string{"standard input is larger than 256MiB"});
  }
  if (std::ferror(stdin) != 0) return failure(std::string{"standard input can't be read: "} + std::strerror(errno));
  return text;
}

std::string shown_name(const std::string& path) { return path == "-" ? "standard input" : path; }

/// The text of each item, as it stands there. The text is an array and known to be JSON.
result<std::vector<std::string>, std::string> split_array(const std::string& text) {
  namespace ondemand = simdjson::ondemand;
  try {
    simdjson::padded_string padded{text};
    ondemand::parser parser;
    ondemand::document document = parser.iterate(padded);
    std::vector<std::string> items;
    for (ondemand::value item : document.get_array()) {
      if (item.type() != ondemand::json_type::object)
        return failure("item " + std::to_string(items.size() + 1) + " must be an object");
      ondemand::object object = item.get_object();
      std::string_view raw = object.raw_json();
      items.emplace_back(raw.substr(0, raw.find_last_not_of(blanks) + 1));
    }
    return items;
  } catch (const simdjson::simdjson_error& problem) {
    return failure(std::string{problem.what()});
  }
}

result<std::vector<named_body>, std::string> from_json(const std::string& text, const std::string& what) {
  std::vector<std::string> items{text};
  if (text[text.find_first_not_of(blanks)] == '[') {
    auto split = split_array(text);
    if (!split) return failure(split.error());
    items = std::move(*split);
  }
  std::vector<named_body> bodies;
  for (auto& item : items) {
    auto body = nlohmann::json::parse(item, nullptr, false);
    auto name = body.is_object() ? body.find("name") : body.end();
    if (!body.is_object() || name == body.end() || !name->is_string() || name->get_ref<const std::string&>().empty())
      return failure(what + " " + std::to_string(bodies.size() + 1) + " needs a member \"name\" with a text");
    bodies.push_back({name->get<std::string>(), std::move(item)});
  }
  return bodies;
}

result<std::vector<named_body>, std::string> from_toml(const std::string& text, const std::string& path,
                                                       const std::string& what) {
  auto tree = read_toml(text, shown_name(path));
  if (!tree) return failure(to_string(tree.error()));
  std::vector<config_fault> faults;
  for (const auto& member : *tree)
    if (member.name != what)
      faults.push_back({member.value.origin.file, member.value.origin.line, member.name,
                        "only [[" + what + "]] tables can be applied"});
  config_request request;
  request.variable = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>{value};
  };
  expand_tree(*tree, request, faults);
  const auto* section = find_member(*tree, what);
  if (faults.empty() && (section == nullptr || section->array() == nullptr))
    faults.push_back({shown_name(path), 0, what, "there are no [[" + what + "]] tables"});
  std::vector<named_body> bodies;
  for (size_t index = 0; faults.empty() && index < section->array()->size(); ++index) {
    const auto& table = (*section->array())[index];
    auto body = to_json(table);
    auto add = [&](const std::string& message) {
      faults.push_back({table.origin.file, table.origin.line, what + "[" + std::to_string(index) + "]", message});
    };
    if (!body)
      add(body.error());
    else if (!body->is_object() || !body->contains("name") || !(*body)["name"].is_string())
      add("needs a name");
    else
      bodies.push_back({(*body)["name"].get<std::string>(), body->dump()});
  }
  if (faults.empty()) return bodies;
  std::string all;
  for (const auto& fault : faults) all += (all.empty() ? "" : "\n") + to_string(fault);
  return failure(all);
}

/// Empty: every line is a JSON text (or blank).
std::string fault_of_lines(const std::string& text, const std::string& path) {
  size_t number = 1;
  for (size_t begin = 0; begin < text.size(); ++number) {
    auto end = std::min(text.find('\n', begin), text.size());
    auto line = text.substr(begin, end - begin);
    if (line.find_first_not_of(blanks) != std::string::npos && !nlohmann::json::accept(line))
      return shown_name(path) + ":" + std::to_string(number) + ": not JSON: " + fault_of_json(line);
    begin = end + 1;
  }
  return "";
}

} // namespace

result<std::string, std::string> read_input(const std::string& path) {
  if (path == "-") return read_standard_input();
  auto text = read_whole_file(path, input_size_max);
  if (!text) return failure(path + " can't be read: " + text.error());
  return text;
}

std::string fault_of_json(const std::string& text) {
  try {
    auto sink = nlohmann::json::parse(text);
    return "";
  } catch (const nlohmann::json::exception& problem) {
    std::string message = problem.what();
    auto end = message.find("] ");
    return end == std::string::npos ? message : message.substr(end + 2);
  }
}

result<std::vector<named_body>, std::string> read_bodies(const std::string& text, const std::string& path,
                                                         const std::string& what) {
  if (text.find_first_not_of(blanks) == std::string::npos) return failure(shown_name(path) + " is empty");
  bool toml = path.ends_with(".toml");
  if (!toml && nlohmann::json::accept(text)) {
    auto bodies = from_json(text, what);
    if (!bodies) return failure(shown_name(path) + ": " + bodies.error());
    return bodies;
  }
  // A TOML file may begin with a bracket, JSON always begins with a brace.
  bool json = path.ends_with(".json") || text[text.find_first_not_of(blanks)] == '{';
  if (!toml && json) return failure(shown_name(path) + ": not JSON: " + fault_of_json(text));
  return from_toml(text, path, what);
}

result<outgoing_request, std::string> read_push(const std::string& text, const std::string& path) {
  auto first = text.find_first_not_of(blanks);
  if (first == std::string::npos) return failure(shown_name(path) + " is empty");
  outgoing_request request;
  request.method = "POST";
  request.path = "/jobs/batch";
  if (nlohmann::json::accept(text)) {
    if (text[first] == '[') {
      request.body = "{\"jobs\":" + text + "}";
      return request;
    }
    auto whole = nlohmann::json::parse(text, nullptr, false);
    if (!whole.is_object()) return failure(shown_name(path) + ": a job must be a JSON object");
    if (!whole.contains("jobs")) request.path = "/jobs";
    request.body = text;
    return request;
  }
  auto last = text.find_last_not_of(blanks);
  if (text.find('\n') >= last) return failure(shown_name(path) + ": not JSON: " + fault_of_json(text));
  if (auto fault = fault_of_lines(text, path); !fault.empty()) return failure(fault);
  request.content_type = "application/x-ndjson";
  request.body = text;
  return request;
}

} // namespace wheelwork
