#include "messages/http_url.hpp"
#include "messages/json_reader.hpp"

#include <algorithm>
#include <stdexcept>

namespace wheelwork {

using nlohmann::json;

namespace {

constexpr size_t long_text_max = 1 << 20;
constexpr uint32_t redirects_max = 10;

/// RFC 9110 section 5.6.2: what methods and header names are made of.
bool is_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char letter) {
    bool letter_or_digit =
        (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9');
    return letter_or_digit || marks.find(letter) != marks.npos;
  });
}

std::string lower(std::string_view text) {
  std::string made{text};
  for (char& letter : made)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return made;
}

/// What is wrong with the `${env:NAME}` in a value. None: nothing, or there is none.
std::optional<std::string> environment_reference_fault(std::string_view value) {
  constexpr std::string_view opening = "${env:";
  for (auto at = value.find(opening); at != value.npos; at = value.find(opening, at + 1)) {
    auto name = value.substr(at + opening.size());
    name = name.substr(0, name.find('}'));
    bool closed = at + opening.size() + name.size() < value.size();
    bool good = closed && !name.empty() && (name[0] < '0' || name[0] > '9') &&
                std::all_of(name.begin(), name.end(), [](char letter) {
                  return letter == '_' || (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                         (letter >= '0' && letter <= '9');
                });
    if (!good) return "holds ${env: without a name of letters, digits and _ and a closing }";
  }
  return std::nullopt;
}

// -- http -------------------------------------------------------------------------------------------------------------

void read_headers(const json& value, const std::string& pointer, http_target& into, fault_list& faults) {
  if (!value.is_object())
    return faults.add(pointer, "must be an object of strings, not " + std::string{kind_text(value)});
  for (auto& [name, text] : value.items()) {
    auto here = member_pointer(pointer, name);
    auto small = lower(name);
    if (!is_token(name))
      faults.add(here, in_backticks(name) + " can't be the name of a header: letters, digits and - are allowed");
    else if (small == "content-length" || small == "transfer-encoding" || small == "connection" ||
             small.starts_with("wheelwork-"))
      faults.add(here, "the header " + in_backticks(name) + " is set by wheelwork itself");
    auto read = read_text(text, here, faults, {.min = 0, .max = 8192, .controls = true});
    if (!read) continue;
    bool controls = std::any_of(read->begin(), read->end(), [](unsigned char letter) {
      return (letter < 0x20 && letter != '\t') || letter == 0x7f;
    });
    if (controls) faults.add(here, "must not hold line breaks or other control characters");
    if (auto wrong = environment_reference_fault(*read)) faults.add(here, *wrong);
    into.headers.emplace_back(name, std::move(*read));
  }
}

void read_status(const json& value, const std::string& pointer, success_rule& into, fault_list& faults) {
  if (value.is_number_integer() && value >= 100 && value <= 599) {
    into.statuses.emplace_back(value.get<int>(), value.get<int>());
    return;
  }
  if (value.is_string()) {
    auto& text = value.get_ref<const std::string&>();
    if (text.size() == 3 && text[0] >= '1' && text[0] <= '5' && text.substr(1) == "xx") {
      int hundreds = (text[0] - '0') * 100;
      into.statuses.emplace_back(hundreds, hundreds + 99);
      return;
    }
  }
  faults.add(pointer, "must be a status from 100 to 599 or a class such as \"2xx\"");
}

void read_success(const json& value, const std::string& pointer, success_rule& into, fault_list& faults) {
  member_reader members{value, pointer, faults};
  if (auto status = members.find("status")) {
    into.statuses.clear();
    auto here = members.pointer_of("status");
    if (!status->is_array())
      read_status(*status, here, into, faults);
    else if (status->empty())
      faults.add(here, "must name at least one status");
    else
      for (size_t i = 0; i < status->size(); ++i) read_status((*status)[i], item_pointer(here, i), into, faults);
  }
  if (auto wanted = members.find("json")) {
    auto here = members.pointer_of("json");
    if (!wanted->is_object())
      faults.add(here, "must be an object of JSON pointers and the values that they must have");
    else
      for (auto& [path, must_be] : wanted->items()) {
        try {
          static_cast<void>(json::json_pointer{path});
          into.json_members.emplace_back(path, must_be.dump());
        } catch (const json::exception&) {
          faults.add(member_pointer(here, path),
                     in_backticks(path) + " is not a JSON pointer; one looks like /success or /data/0/code");
        }
      }
  }
  members.refuse_unknown();
}

/// Methods are case-sensitive, and whoever writes "get" means GET.
std::string usual_method(std::string method) {
  std::string upper = method;
  for (char& c : upper)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  for (const auto* usual : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
    if (upper == usual) return upper;
  return method;
}

http_target read_http(const json& value, const std::string& pointer, fault_list& faults) {
  http_target read;
  member_reader members{value, pointer, faults};
  auto url = members.find("url");
  if (url) {
    if (auto text =
            read_text(*url, members.pointer_of("url"), faults, {.min = 0, .max = long_text_max, .controls = true})) {
      if (auto lane = lane_of_url(*text); !lane) members.fault("url", lane.error());
      read.url = std::move(*text);
    }
  } else if (members.is_object()) {
    members.fault("url", "is missing; it is the address to call");
  }
  if (auto method = members.text("method", {.max = 32})) {
    if (!is_token(*method))
      members.fault("method", in_backticks(*method) + " can't be an HTTP method; GET, POST and PUT are some");
    read.method = usual_method(std::move(*method));
  }
  if (auto headers = members.find("headers")) read_headers(*headers, members.pointer_of("headers"), read, faults);
  if (auto success = members.find("success"))
    read_success(*success, members.pointer_of("success"), read.success, faults);
  read.body = members.choice("body", {body_form::json, body_form::form, body_form::raw}).value_or(body_form::json);
  read.redirects = static_cast<uint32_t>(members.integer("redirects", 0, redirects_max).value_or(0));
  members.refuse_unknown();
  return read;
}

// -- process and native -----------------------------------------------------------------------------------------------

void read_command(const json& value, const std::string& pointer, process_target& into, fault_list& faults) {
  if (!value.is_array() || value.empty())
    return faults.add(pointer, "must be a list of strings, first the executable: [\"/bin/report\",\"--day\"]");
  for (size_t i = 0; i < value.size(); ++i) {
    auto argument = read_text(value[i], item_pointer(pointer, i), faults,
                              {.min = i == 0 ? 1u : 0u, .max = long_text_max, .controls = true});
    if (argument) into.command.push_back(std::move(*argument));
  }
}

void read_environment(const json& value, const std::string& pointer, process_target& into, fault_list& faults) {
  if (!value.is_object())
    return faults.add(pointer, "must be an object of strings, not " + std::string{kind_text(value)});
  for (auto& [name, text] : value.items()) {
    auto here = member_pointer(pointer, name);
    if (name.empty() || name.find('=') != name.npos || name.find('\0') != name.npos)
      faults.add(here, in_backticks(name) + " can't be the name of an environment variable");
    auto read = read_text(text, here, faults, {.min = 0, .max = long_text_max, .controls = true});
    if (!read) continue;
    if (auto wrong = environment_reference_fault(*read)) faults.add(here, *wrong);
    into.env.emplace(name, std::move(*read));
  }
}

process_target read_process(const json& value, const std::string& pointer, fault_list& faults) {
  process_target read;
  member_reader members{value, pointer, faults};
  if (auto command = members.find("command"))
    read_command(*command, members.pointer_of("command"), read, faults);
  else if (members.is_object())
    members.fault("command", "is missing; it is a list, first the executable: [\"/bin/report\",\"--day\"]");
  if (auto env = members.find("env")) read_environment(*env, members.pointer_of("env"), read, faults);
  read.cwd = members.text("cwd", {.min = 0, .max = 4096}).value_or("");
  read.user = members.text("user", {.min = 0}).value_or("");
  members.refuse_unknown();
  return read;
}

native_target read_native(const json& value, const std::string& pointer, fault_list& faults) {
  native_target read;
  member_reader members{value, pointer, faults};
  if (auto handler = members.text("handler"))
    read.handler = std::move(*handler);
  else if (members.is_object() && !members.has("handler"))
    members.fault("handler", "is missing; it names a C++ function, such as \"noop\"");
  members.refuse_unknown();
  return read;
}

// -- writing ----------------------------------------------------------------------------------------------------------

json http_to_json(const http_target& http) {
  auto statuses = json::array();
  for (auto [from, to] : http.success.statuses) {
    if (from == to)
      statuses.push_back(from);
    else
      statuses.push_back(std::to_string(from / 100) + "xx");
  }
  json success{{"status", std::move(statuses)}};
  if (!http.success.json_members.empty()) {
    auto& wanted = success["json"] = json::object();
    for (auto& [path, text] : http.success.json_members) wanted[path] = json::parse(text);
  }
  auto headers = json::object();
  for (auto& [name, text] : http.headers) headers[name] = text;
  return {{"url", http.url},
          {"method", http.method},
          {"headers", std::move(headers)},
          {"success", std::move(success)},
          {"body", to_string(http.body)},
          {"redirects", http.redirects}};
}

json process_to_json(const process_target& process) {
  return {{"command", process.command}, {"env", process.env}, {"cwd", process.cwd}, {"user", process.user}};
}

} // namespace

namespace {

std::optional<target_kind> kind_named(std::string_view name) {
  for (size_t kind = 0; kind < target_kinds; ++kind)
    if (to_string(static_cast<target_kind>(kind)) == name) return static_cast<target_kind>(kind);
  return std::nullopt;
}

std::string known_kinds() {
  std::string names;
  for (size_t kind = 0; kind < target_kinds; ++kind)
    names.append(names.empty() ? "exactly one of " : ", ").append(to_string(static_cast<target_kind>(kind)));
  return names;
}

target read_kind(target_kind kind, const json& value, const std::string& pointer, fault_list& faults) {
  switch (kind) {
  case target_kind::http: return read_http(value, pointer, faults);
  case target_kind::process: return read_process(value, pointer, faults);
  case target_kind::native: return read_native(value, pointer, faults);
  case target_kind::worker: return read_worker_target(value, pointer, faults);
  case target_kind::redis: return read_redis_target(value, pointer, faults);
  case target_kind::kafka: return read_kafka_target(value, pointer, faults);
  }
  throw std::logic_error{"a kind of target without a reader"};
}

} // namespace

std::optional<target> read_target(const json& value, const std::string& pointer, fault_list& faults) {
  const auto known = known_kinds();
  if (!value.is_object()) {
    faults.add(pointer, "must be an object with " + known + ", not " + std::string{kind_text(value)});
    return std::nullopt;
  }
  if (value.size() != 1) {
    faults.add(pointer, "must have " + known + ", not " + std::to_string(value.size()) + " members");
    return std::nullopt;
  }
  auto& name = value.begin().key();
  if (const auto kind = kind_named(name))
    return read_kind(*kind, value.begin().value(), member_pointer(pointer, name), faults);
  faults.add(pointer, "must have " + known + "; " + in_backticks(name) + " is no target");
  return std::nullopt;
}

json target_to_json(const target& how) {
  json inside;
  if (auto http = std::get_if<http_target>(&how))
    inside = http_to_json(*http);
  else if (auto process = std::get_if<process_target>(&how))
    inside = process_to_json(*process);
  else if (auto native = std::get_if<native_target>(&how))
    inside = json{{"handler", native->handler}};
  else if (auto worker = std::get_if<worker_target>(&how))
    inside = worker_to_json(*worker);
  else if (auto redis = std::get_if<redis_target>(&how))
    inside = redis_to_json(*redis);
  else
    inside = kafka_to_json(std::get<kafka_target>(how));
  json made = json::object();
  made[std::string{to_string(kind_of(how))}] = std::move(inside);
  return made;
}

} // namespace wheelwork
