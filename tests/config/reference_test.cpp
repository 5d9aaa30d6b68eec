// The reference page and the example file in the repository are those that the table of options writes.
#include "config/option_table.hpp"
#include "config/reference.hpp"
#include "tests/config/config_folder.hpp"

#include <sstream>

namespace wheelwork {
namespace {

std::string checked_in(const std::string& path) {
  std::ifstream file{std::string{WHEELWORK_SOURCE_DIR} + "/" + path};
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

using reference_test = config_folder;

TEST_F(reference_test, the_page_is_up_to_date) {
  EXPECT_EQ(checked_in("docs/configuration.md"), configuration_page())
      << "run: wheelwork config reference > docs/configuration.md";
}

TEST_F(reference_test, the_example_is_up_to_date) {
  EXPECT_EQ(checked_in("examples/wheelwork.toml"), example_file())
      << "run: wheelwork config reference --example > examples/wheelwork.toml";
}

TEST_F(reference_test, the_example_loads_as_it_stands_and_with_everything_uncommented) {
  auto plain = load(example_file());
  ASSERT_TRUE(plain.has_value()) << shown(plain.error()).front();
  std::istringstream lines{example_file()};
  std::string all, line;
  while (std::getline(lines, line)) {
    bool is_option = line.size() > 1 && line[0] == '#' && line[1] != ' ';
    all += (is_option ? line.substr(1) : line) + "\n";
  }
  auto uncommented = load(all);
  ASSERT_TRUE(uncommented.has_value()) << shown(uncommented.error()).front();
  for (const auto& each : all_options()) {
    if (!each.default_note.empty()) continue;
    EXPECT_EQ(toml_text(each, *uncommented), toml_text(each, settings{})) << each.name();
  }
}

TEST_F(reference_test, every_option_has_a_section_a_sentence_and_a_legal_default) {
  for (const auto& each : all_options()) {
    bool known = false;
    for (const auto& section : all_sections()) known = known || section.section == each.section;
    EXPECT_TRUE(known) << each.name();
    EXPECT_TRUE(each.sentence.ends_with(".")) << each.name();
    EXPECT_EQ(find_option(each.section, each.key), &each) << each.name() << " is declared twice";
  }
}

} // namespace
} // namespace wheelwork
