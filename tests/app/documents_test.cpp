// Documents show what the program prints: each `$ wheelwork schedule next …` of docs/schedules.md is run as it stands.
#include "tests/app/program.hpp"

#include <fstream>
#include <iterator>
#include <regex>

namespace wheelwork {
namespace {

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// The words of a line that quotes with ' only.
std::vector<std::string> words_of(const std::string& line) {
  static const std::regex word{"'([^']*)'|([^' ]+)"};
  std::vector<std::string> words;
  for (std::sregex_iterator at{line.begin(), line.end(), word}, end; at != end; ++at)
    words.push_back((*at)[1].matched ? (*at)[1] : (*at)[2]);
  return words;
}

using documents_test = program_test;

TEST_F(documents_test, schedules_show_what_the_program_prints) {
  // A command, and what is printed up to the next one or the end of the block.
  static const std::regex shown{R"(\$ wheelwork (schedule next [^\n]*)\n((?:(?!\$ |```)[^\n]*\n)*))"};
  auto text = content_of(std::filesystem::path{WHEELWORK_SOURCE_DIR} / "docs/schedules.md");
  size_t count = 0;
  for (std::sregex_iterator at{text.begin(), text.end(), shown}, end; at != end; ++at, ++count) {
    auto result = run(words_of((*at)[1]));
    EXPECT_EQ(result.out + result.error, (*at)[2]) << (*at)[1];
  }
  EXPECT_GE(count, 10u);
}

} // namespace
} // namespace wheelwork
