#include "config/overrides.hpp"

#include "config/connection_tables.hpp"
#include "config/option_table.hpp"
#include "config/toml_reader.hpp"
#include "config/value_text.hpp"

#include <algorithm>

namespace wheelwork {
namespace {

constexpr std::string_view variable_prefix = "WHEELWORK_";

std::string lower_case(std::string_view text) {
  std::string lower{text};
  for (char& each : lower)
    if (each >= 'A' && each <= 'Z') each = static_cast<char>(each - 'A' + 'a');
  return lower;
}

/// What is wrong with `section.key`, if anything.
std::string fault_of_name(const std::string& section, const std::string& key) {
  if (section == "api" && key == "tokens") return "";
  if (section == "task" || section == "pool" || section == "env") return "can only be set in the file";
  auto sections = all_sections();
  bool known =
      std::any_of(sections.begin(), sections.end(), [&](const section_note& each) { return each.section == section; });
  if (!known) return unknown_section(section);
  return find_option(section, key) == nullptr ? unknown_key(section, key) : "";
}

void set_member(config_table& layer, const std::string& section, const std::string& key, config_value value) {
  const auto origin = value.origin;
  config_value inside{config_table{{key, std::move(value)}}, origin, false};
  const auto dot = section.find('.'); // front.NAME is a table in a table
  if (dot != std::string::npos) inside = {config_table{{section.substr(dot + 1), std::move(inside)}}, origin, false};
  config_table one;
  one.push_back({section.substr(0, dot), std::move(inside)});
  lay_over(layer, one);
}

/// `api.tokens` as a TOML array of tables; anything else stays text, which the check of types then refuses.
config_value token_list(const std::string& text, const config_origin& origin) {
  if (auto parsed = read_toml_value(text, origin.file)) return std::move(*parsed);
  return {text, origin, false};
}

/// NAME.KEY of a connection, as one layer of the tables [section.NAME].
void set_connection(config_table& layer, const std::string& section, const std::string& path, const std::string& text,
                    const config_origin& origin, bool verbatim, std::vector<config_fault>& faults) {
  auto dot = path.find('.');
  auto key = dot == std::string::npos ? std::string{} : path.substr(dot + 1);
  auto known = connection_keys(section);
  if (std::find(known.begin(), known.end(), key) == known.end()) {
    std::string all;
    for (const auto& each : known) all += (all.empty() ? "" : " or ") + section + ".NAME." + each;
    faults.push_back({origin.file, 0, section + "." + path, "must name a member of a connection: " + all});
    return;
  }
  config_value value{text, origin, false};
  if (key == "options")
    if (auto parsed = read_toml_value(text, origin.file)) value = std::move(*parsed);
  set_origin(value, origin, verbatim);
  config_table inside{{key, std::move(value)}};
  set_member(layer, section, path.substr(0, dot), {std::move(inside), origin, false});
}

void set_from_text(config_table& layer, std::string section, std::string key, const std::string& text,
                   const config_origin& origin, bool verbatim, std::vector<config_fault>& faults) {
  if (auto dot = key.find('.'); section == "front" && dot != std::string::npos) {
    section += "." + key.substr(0, dot);
    key.erase(0, dot + 1);
  }
  if (is_connection_section(section)) return set_connection(layer, section, key, text, origin, verbatim, faults);
  if (auto message = fault_of_name(section, key); !message.empty()) {
    faults.push_back({origin.file, 0, section + "." + key, message});
    return;
  }
  const auto* which = find_option(section, key);
  auto value = which != nullptr ? value_of_text(*which, text, origin) : token_list(text, origin);
  set_origin(value, origin, verbatim);
  set_member(layer, section, key, std::move(value));
}

} // namespace

config_table environment_layer(const config_request& request, std::vector<config_fault>& faults) {
  config_table layer;
  auto names = request.variable_names;
  std::sort(names.begin(), names.end());
  for (const auto& name : names) {
    if (!name.starts_with(variable_prefix)) continue;
    auto middle = name.find("__", variable_prefix.size());
    if (middle == std::string::npos || !request.variable) continue; // WHEELWORK_ENV, WHEELWORK_TOKEN, …
    auto text = request.variable(name);
    if (!text) continue;
    auto section = lower_case(std::string_view{name}.substr(variable_prefix.size(), middle - variable_prefix.size()));
    auto key = lower_case(std::string_view{name}.substr(middle + 2));
    if (auto next = key.find("__"); next != std::string::npos && (is_connection_section(section) || section == "front"))
      key.replace(next, 2, ".");
    set_from_text(layer, section, key, *text, {name, 0}, true, faults);
  }
  return layer;
}

config_table command_line_layer(const config_request& request, std::vector<config_fault>& faults) {
  config_table layer;
  for (const auto& setting : request.overrides) {
    auto equals = setting.find('=');
    auto dot = setting.find('.');
    if (equals == std::string::npos || dot == std::string::npos || dot > equals) {
      faults.push_back({"--set", 0, setting, "must be section.key=value, such as log.level=debug"});
      continue;
    }
    set_from_text(layer, setting.substr(0, dot), setting.substr(dot + 1, equals - dot - 1), setting.substr(equals + 1),
                  {"--set", 0}, false, faults);
  }
  return layer;
}

std::string unknown_key(const std::string& section, const std::string& key) {
  std::vector<std::string> known;
  std::string elsewhere;
  for (const auto& each : all_options()) {
    if (each.section == section)
      known.emplace_back(each.key);
    else if (each.key == key)
      elsewhere += (elsewhere.empty() ? "" : ", ") + each.name();
  }
  if (section == "api") known.emplace_back("tokens");
  auto message = "unknown key in [" + section + "]";
  auto hint = did_you_mean(key, known);
  if (!hint.empty()) return message + hint;
  if (!elsewhere.empty()) return message + "; there is " + elsewhere;
  return message + "; it has " + [&] {
    std::string all;
    for (const auto& each : known) all += (all.empty() ? "" : ", ") + each;
    return all;
  }();
}

std::string unknown_section(const std::string& section) {
  std::vector<std::string> known{"redis", "kafka", "task", "pool", "env"};
  for (const auto& each : all_sections()) known.emplace_back(each.section);
  std::string message = "unknown section";
  auto hint = did_you_mean(section, known);
  if (!hint.empty()) return message + hint;
  std::string all;
  for (const auto& each : known) all += (all.empty() ? "" : ", ") + each;
  return message + "; there are " + all;
}

} // namespace wheelwork
