// A tree of values → typed settings, with every unknown key and wrong type named.
#pragma once

#include "config/load.hpp"
#include "config/option_table.hpp"

#include <map>

namespace wheelwork {

/// Where the options of a tree were given, by section.key; those left at their default are missing.
using option_origins = std::map<std::string, config_origin, std::less<>>;

/// Whether texts are final. A layer alone is checked with `${NAME}` and `file:` still in it: such values are not looked
/// at.
enum class texts : uint8_t { expanded, raw };

/// Writes all options, tokens and connections into `into`. The sections `task`, `pool` and `env` are left to others.
/// Faults are added.
option_origins apply_tree(const config_table& tree, texts state, settings& into, std::vector<config_fault>& faults);

} // namespace wheelwork
