#include "config/apply.hpp"

#include "config/connection_tables.hpp"
#include "config/expand.hpp"
#include "config/overrides.hpp"
#include "config/value_text.hpp"

#include <algorithm>

namespace wheelwork {
namespace {

bool has_reference(const config_value& value) {
  if (const auto* text = value.text()) return !value.verbatim && text->find("${") != std::string::npos;
  if (const auto* items = value.array()) return std::any_of(items->begin(), items->end(), has_reference);
  return false;
}

class tree_reader {
public:
  tree_reader(texts state, settings& into, std::vector<config_fault>& faults)
      : state_{state}, into_{into}, faults_{faults} {}

  option_origins read(const config_table& tree) {
    for (const auto& [section, value] : tree) {
      if (section == "task" || section == "pool" || section == "env") continue;
      if (is_connection_section(section))
        read_connections(section, value, state_, into_.brokers, faults_);
      else if (section == "front")
        read_fronts(value);
      else
        read_section(section, value);
    }
    return std::move(origins_);
  }

private:
  void add(const config_origin& origin, std::string key, std::string message) {
    faults_.push_back({origin.file, origin.line, std::move(key), std::move(message)});
  }

  void read_fronts(const config_value& value) {
    const auto* fronts = value.table();
    if (fronts == nullptr)
      return add(value.origin, "front",
                 "is " + std::string{type_name(value)} + ", must be tables: [front.delay_queue]");
    for (const auto& [name, one] : *fronts) read_section("front." + name, one);
  }

  void read_section(const std::string& section, const config_value& value) {
    auto sections = all_sections();
    bool known = std::any_of(sections.begin(), sections.end(),
                             [&](const section_note& each) { return each.section == section; });
    if (!known) {
      auto message = value.table() != nullptr ? unknown_section(section)
                                              : "unknown key outside of any section" + key_hint(section);
      return add(value.origin, section, message);
    }
    const auto* members = value.table();
    if (members == nullptr)
      return add(value.origin, section, "is " + std::string{type_name(value)} + ", must be a table: [" + section + "]");
    for (const auto& [key, member] : *members) {
      if (section == "api" && key == "tokens")
        read_tokens(member);
      else
        read_option(section, key, member);
    }
  }

  static std::string key_hint(const std::string& key) {
    std::string where;
    for (const auto& each : all_options())
      if (each.key == key) where += (where.empty() ? "; it belongs to [" : " or [") + std::string{each.section} + "]";
    return where;
  }

  void read_option(const std::string& section, const std::string& key, const config_value& value) {
    auto name = section + "." + key;
    const auto* which = find_option(section, key);
    if (which == nullptr) return add(value.origin, name, unknown_key(section, key));
    if (state_ == texts::raw && has_reference(value)) return;
    config_value final_value = value;
    if (which->kind == option_kind::secret && value.text() != nullptr) {
      if (state_ == texts::raw) return;
      auto secret = read_secret(*value.text());
      if (!secret) return add(value.origin, name, secret.error());
      final_value.what = std::move(*secret);
    }
    if (which->kind == option_kind::secret_list && value.array() != nullptr) {
      if (state_ == texts::raw) return;
      if (auto fault = fill_in_secrets(final_value)) return add(value.origin, name, *fault);
    }
    if (auto fault = assign(*which, into_, final_value)) return add(value.origin, name, *fault);
    origins_[name] = value.origin;
  }

  static std::optional<std::string> fill_in_secrets(config_value& list) {
    for (auto& item : std::get<config_array>(list.what)) {
      if (item.text() == nullptr) continue; // assign() says so
      auto secret = read_secret(*item.text());
      if (!secret) return secret.error();
      if (secret->empty()) return "must not have an empty one";
      item.what = std::move(*secret);
    }
    return std::nullopt;
  }

  void read_tokens(const config_value& value) {
    const auto* items = value.array();
    constexpr auto right = "must be an array of tables: [[api.tokens]] with name, secret and role";
    if (items == nullptr) return add(value.origin, "api.tokens", "is " + std::string{type_name(value)} + ", " + right);
    into_.api.tokens.clear();
    origins_["api.tokens"] = value.origin;
    for (size_t index = 0; index < items->size(); ++index) {
      const auto& item = (*items)[index];
      auto key = "api.tokens[" + std::to_string(index) + "]";
      if (const auto* members = item.table())
        read_token(key, item.origin, *members);
      else
        add(item.origin, key, "is " + std::string{type_name(item)} + ", " + right);
    }
  }

  void read_token(const std::string& key, const config_origin& origin, const config_table& members) {
    api_token token;
    std::vector<std::string> known;
    for (const auto& each : token_options()) known.emplace_back(each.key);
    for (const auto& [name, value] : members) {
      auto member_key = key + "." + name;
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        add(value.origin, member_key,
            "unknown key of a token; it has name, secret and role" + did_you_mean(name, known));
      } else if (value.text() == nullptr) {
        add(value.origin, member_key, "is " + std::string{type_name(value)} + ", must be a string");
      } else if (state_ == texts::expanded || !has_reference(value)) {
        read_token_member(token, name, member_key, value);
      }
    }
    for (const auto& name : known)
      if (find_member(members, name) == nullptr) add(origin, key, "needs a " + name);
    check_unique(token, key, origin);
    into_.api.tokens.push_back(std::move(token));
  }

  void read_token_member(api_token& token, const std::string& name, const std::string& key, const config_value& value) {
    const auto& text = *value.text();
    if (name == "name") {
      token.name = text;
      if (text.empty()) add(value.origin, key, "must not be empty");
    } else if (name == "role") {
      if (text == "viewer")
        token.role = token_role::viewer;
      else if (text == "operator")
        token.role = token_role::operator_role;
      else if (text == "admin")
        token.role = token_role::admin;
      else
        add(value.origin, key, in_quotes(text) + " is unknown; write \"admin\", \"operator\" or \"viewer\"");
    } else if (state_ == texts::expanded) {
      auto secret = read_secret(text);
      if (!secret) return add(value.origin, key, secret.error());
      if (secret->empty()) add(value.origin, key, "must not be empty");
      bool plain = std::all_of(secret->begin(), secret->end(), [](char each) { return each > ' ' && each < '\x7f'; });
      if (!plain) add(value.origin, key, "must be printable ASCII without blanks: it travels in a header");
      token.secret = std::move(*secret);
    }
  }

  void check_unique(const api_token& token, const std::string& key, const config_origin& origin) {
    for (const auto& other : into_.api.tokens) {
      if (!token.name.empty() && other.name == token.name)
        add(origin, key + ".name", in_quotes(token.name) + " is the name of an earlier token, too; names must differ");
      if (!token.secret.empty() && other.secret == token.secret)
        add(origin, key + ".secret", "is the secret of token " + in_quotes(other.name) + ", too; secrets must differ");
    }
  }

  texts state_;
  settings& into_;
  std::vector<config_fault>& faults_;
  option_origins origins_;
};

} // namespace

option_origins apply_tree(const config_table& tree, texts state, settings& into, std::vector<config_fault>& faults) {
  return tree_reader{state, into, faults}.read(tree);
}

} // namespace wheelwork
