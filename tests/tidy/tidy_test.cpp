// Holds the source tree to its own rules. What each rule means is in rules.hpp; that each one finds something is in
// rules_test.cpp.
#include "tests/tidy/rules.hpp"

#include <gtest/gtest.h>

#include <iostream>

namespace wheelwork::tidy {
namespace {

class the_source_tree : public testing::Test {
protected:
  static const source_tree& tree() {
    static const auto files = read_tree(WHEELWORK_SOURCE_DIR, source_folders());
    return files;
  }
  void SetUp() override { ASSERT_GT(tree().size(), 20u) << "nothing to look at in " << WHEELWORK_SOURCE_DIR; }
};

#define EXPECT_NONE(findings) EXPECT_EQ(to_string(findings), "")

TEST_F(the_source_tree, includes_only_along_the_arrow) { EXPECT_NONE(includes_against_the_arrow(tree())); }

TEST_F(the_source_tree, has_no_banned_includes) { EXPECT_NONE(banned_includes(tree())); }

TEST_F(the_source_tree, makes_no_banned_calls) { EXPECT_NONE(banned_calls(tree())); }

TEST_F(the_source_tree, has_its_sql_in_persistence) { EXPECT_NONE(sql_outside_persistence(tree())); }

TEST_F(the_source_tree, has_no_header_that_nobody_uses) { EXPECT_NONE(unused_headers(tree())); }

TEST_F(the_source_tree, opens_each_header_with_its_purpose) { EXPECT_NONE(headers_without_opening(tree())); }

// Length is a question to the reader, not a rule: this prints and never fails.
TEST_F(the_source_tree, is_told_about_long_files_and_functions) {
  std::cout << to_string(long_files(tree(), 500)) << to_string(long_functions(tree(), 70));
}

} // namespace
} // namespace wheelwork::tidy
