// Code that a document shows is code of the tree: a block after "From `path`:" stands in that file, word for word.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

namespace wheelwork::tidy {
namespace {

std::string read(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

struct excerpt {
  std::string document, path, code;
};

std::vector<excerpt> excerpts_of(const std::filesystem::path& document) {
  static const std::regex form{R"(From `([^`\n]+)`:\n```\w*\n)"};
  const std::string text = read(document);
  std::vector<excerpt> found;
  for (std::sregex_iterator at{text.begin(), text.end(), form}, end; at != end; ++at) {
    const auto begin = static_cast<size_t>(at->position() + at->length());
    found.push_back({document.filename().string(), (*at)[1], text.substr(begin, text.find("```", begin) - begin)});
  }
  return found;
}

TEST(documents, show_code_as_it_stands_in_the_tree) {
  const std::filesystem::path root{WHEELWORK_SOURCE_DIR};
  std::vector<excerpt> all = excerpts_of(root / "CONTRIBUTING.md");
  for (const auto& entry : std::filesystem::recursive_directory_iterator{root / "docs"})
    if (entry.path().extension() == ".md")
      for (auto& one : excerpts_of(entry.path())) all.push_back(std::move(one));
  ASSERT_FALSE(all.empty());
  for (const auto& [document, path, code] : all)
    EXPECT_NE(read(root / path).find(code), std::string::npos) << document << " shows as part of " << path << ":\n"
                                                               << code;
}

TEST(documents, link_only_to_files_that_exist) {
  static const std::regex link{R"re(\]\(([^):\s#]+)(#[^)]*)?\))re"};
  const std::filesystem::path root{WHEELWORK_SOURCE_DIR};
  std::vector<std::filesystem::path> documents{root / "README.md", root / "CONTRIBUTING.md", root / "CHANGELOG.md"};
  for (const auto& entry : std::filesystem::recursive_directory_iterator{root / "docs"})
    if (entry.path().extension() == ".md") documents.push_back(entry.path());
  for (const auto& document : documents) {
    const std::string text = read(document);
    for (std::sregex_iterator at{text.begin(), text.end(), link}, end; at != end; ++at)
      EXPECT_TRUE(exists(document.parent_path() / (*at)[1].str())) << document.filename() << " links to " << (*at)[1];
  }
}

} // namespace
} // namespace wheelwork::tidy
