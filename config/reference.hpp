// The reference page and the example file, written from the table of options. A test compares the checked-in files with
// them.
#pragma once

#include <string>

namespace wheelwork {

/// docs/configuration.md
std::string configuration_page();

/// examples/wheelwork.toml: every option commented out at its default.
std::string example_file();

} // namespace wheelwork
