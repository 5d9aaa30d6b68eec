// Every option, declared once: validation, --set, environment variables, the reference page and the example file all
// come from this table.
#pragma once

#include "config/settings.hpp"
#include "config/value.hpp"

#include <span>

namespace wheelwork {

enum class option_kind : uint8_t { text, secret, whole_number, boolean, duration, size, text_list, secret_list };

/// Where an option lives in the settings.
using option_slot =
    std::variant<std::string*, std::vector<std::string>*, bool*, uint16_t*, uint32_t*, uint64_t*, milliseconds*>;

struct option {
  std::string_view section;
  std::string_view key;
  option_kind kind;
  option_slot (*slot)(settings&);
  std::string_view sentence;               ///< what it does, for the reference page
  bool reloads = false;                    ///< a SIGHUP can change it
  int64_t least = 0;                       ///< numbers; milliseconds of durations; bytes of sizes
  int64_t most = 0;                        ///< inclusive
  std::vector<std::string_view> choices{}; ///< the texts that are allowed; empty: any
  std::string_view default_note{};         ///< where the default is not a fixed value

  std::string name() const { return std::string{section} + "." + std::string{key}; }
};

std::span<const option> all_options();
const option* find_option(std::string_view section, std::string_view key);

/// A member of `[[api.tokens]]`, which is a list of tables and therefore no option like the others.
struct token_option {
  std::string_view key;
  std::string_view sentence;
};
std::span<const token_option> token_options();

struct section_note {
  std::string_view section;
  std::string_view sentence;
};
/// In the order of the reference page.
std::span<const section_note> all_sections();

/// Writes a value into the settings. An answer is what was wrong with it and what would be right; then nothing was
/// changed.
std::optional<std::string> assign(const option& which, settings& into, const config_value& value);

/// The text of --set or an environment variable as a value of the option's type. Lists: TOML (`["a","b"]`) or texts
/// with commas between. Never fails: what can't be read stays text, and assign() says what is wrong with it.
config_value value_of_text(const option& which, const std::string& text, const config_origin& origin);

/// As it would stand in the file.
std::string toml_text(const option& which, const settings& from);

/// `text`, `duration`, …: the type as users see it.
std::string_view type_of(const option& which);

/// A TOML basic string with quotes.
std::string in_quotes(std::string_view text);

} // namespace wheelwork
