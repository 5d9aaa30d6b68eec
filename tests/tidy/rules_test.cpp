// Each rule finds what it is there for, in made-up sources, and leaves its neighbours alone.
#include "tests/tidy/rules.hpp"

#include <gmock/gmock.h>

namespace wheelwork::tidy {
namespace {

using testing::HasSubstr;

source_tree one(std::string path, std::string_view text) { return {parse_source(std::move(path), text)}; }

size_t calls_found(std::string path, std::string_view text) { return banned_calls(one(std::move(path), text)).size(); }

TEST(source_file, code_has_no_comments_and_no_insides_of_literals) {
  const auto file = parse_source(
      "a.cpp", "int a; // rand()\n/* rand()\n */ int b = 1'000; auto c = \"rand() \\\" x\"; char d = '\"'; int e;\n");
  ASSERT_EQ(file.code.size(), 4u);
  EXPECT_THAT(file.code[0], testing::Not(HasSubstr("rand")));
  EXPECT_THAT(file.code[2], testing::Not(HasSubstr("rand")));
  EXPECT_THAT(file.code[2], HasSubstr("1'000"));
  EXPECT_THAT(file.code[2], HasSubstr("int e;"));
  ASSERT_EQ(file.literals.size(), 1u);
  EXPECT_EQ(file.literals[0].line, 3u);
}

TEST(source_file, raw_literals_end_where_their_delimiter_says) {
  const auto file = parse_source("a.cpp", "auto a = R\"x(one \" )\" two)x\"; int b;\n");
  ASSERT_EQ(file.literals.size(), 1u);
  EXPECT_EQ(file.literals[0].text, "one \" )\" two");
  EXPECT_THAT(file.code[0], HasSubstr("int b;"));
}

TEST(source_file, includes_in_comments_do_not_count) {
  const auto file = parse_source("a.cpp", "#include \"a.hpp\" // own\n// #include \"b.hpp\"\n#include <vector>\n");
  ASSERT_EQ(file.includes.size(), 2u);
  EXPECT_TRUE(file.includes[0].quoted);
  EXPECT_EQ(file.includes[1].line, 3u);
  EXPECT_EQ(file.includes[1].path, "vector");
}

TEST(includes_against_the_arrow, finds_a_folder_that_uses_what_stands_on_it) {
  const auto found = includes_against_the_arrow(
      one("schedule/cron.cpp", "#include \"schedule/cron.hpp\"\n#include \"messages/job.hpp\"\n"));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].line, 2u);
  EXPECT_THAT(found[0].message, HasSubstr("messages/ is not below schedule/"));
}

TEST(includes_against_the_arrow, finds_neighbours_that_use_each_other) {
  EXPECT_EQ(includes_against_the_arrow(one("targets/a.cpp", "#include \"persistence/journal.hpp\"\n")).size(), 1u);
  EXPECT_EQ(includes_against_the_arrow(one("api/a.cpp", "#include \"persistence/journal.hpp\"\n")).size(), 0u);
}

TEST(banned_includes, finds_caf_where_it_does_not_belong) {
  EXPECT_EQ(banned_includes(one("schedule/a.cpp", "#include <caf/timespan.hpp>\n")).size(), 1u);
  EXPECT_EQ(banned_includes(one("actors/a.cpp", "#include <caf/timespan.hpp>\n")).size(), 0u);
  EXPECT_EQ(banned_includes(one("actors/a.cpp", "#include <caf/all.hpp>\n")).size(), 1u);
}

TEST(banned_includes, finds_quoted_paths_that_do_not_start_at_the_root) {
  EXPECT_EQ(banned_includes(one("actors/a.hpp", "#include \"a.hpp\"\n")).size(), 1u);
  EXPECT_EQ(banned_includes(one("actors/a.hpp", "#include \"actors/a.hpp\"\n")).size(), 0u);
}

TEST(banned_calls, finds_clocks_outside_their_home) {
  for (const auto* text :
       {"auto t = std::chrono::system_clock::now();", "steady_clock :: now()", "auto t = ::time(nullptr);",
        "std::time(&t);", "time(0)", "clock_gettime(CLOCK_REALTIME, &t);"})
    EXPECT_EQ(calls_found("actors/ticker.cpp", text), 1u) << text;
  EXPECT_EQ(calls_found("actors/system_clock.cpp", "std::chrono::system_clock::now();"), 0u);
  EXPECT_EQ(calls_found("actors/ticker.cpp",
                        "fire_time(job); clock.steady_now(); auto time = due_time(nullptr); reader::time(a);"),
            0u);
}

TEST(banned_calls, finds_sleeping_even_in_tests) {
  EXPECT_EQ(calls_found("tests/actors/a_test.cpp", "std::this_thread::sleep_for(1s);"), 1u);
  EXPECT_EQ(calls_found("targets/a.cpp", "usleep(10);"), 1u);
}

TEST(banned_calls, finds_chance_without_a_seed) {
  EXPECT_EQ(calls_found("schedule/retry.cpp", "int a = rand() % 7;"), 1u);
  EXPECT_EQ(calls_found("schedule/retry.cpp", "std::srand(1);"), 1u);
  EXPECT_EQ(calls_found("schedule/retry.cpp", "draw.rand(); operand(); getrandom(a, b, 0);"), 0u);
}

TEST(banned_calls, finds_printing_in_libraries_only) {
  EXPECT_EQ(calls_found("api/a.cpp", "std::cout << 1;"), 1u);
  EXPECT_EQ(calls_found("app/a.cpp", "std::cout << 1;"), 0u);
}

TEST(banned_calls, finds_the_corners_of_caf_that_hang_or_hide) {
  EXPECT_EQ(calls_found("actors/a.cpp", "self->request(a, caf::infinite, b);"), 1u);
  EXPECT_EQ(calls_found("actors/a.cpp", "caf::aout(self) << 1;"), 1u);
  EXPECT_EQ(calls_found("app/a.cpp", "CAF_MAIN(io::middleman)"), 1u);
}

TEST(sql_outside_persistence, finds_statements_and_not_sentences) {
  EXPECT_EQ(sql_outside_persistence(one("api/a.cpp", "auto q = \"select id from ww_job where 1\";")).size(), 1u);
  EXPECT_EQ(sql_outside_persistence(one("actors/a.cpp", "auto q = R\"(\n  INSERT INTO ww_job values (1))\";")).size(),
            1u);
  EXPECT_EQ(sql_outside_persistence(one("persistence/a.cpp", "auto q = \"select id from ww_job where 1\";")).size(),
            0u);
  EXPECT_EQ(sql_outside_persistence(one("api/a.cpp", "auto q = \"selected jobs are deleted from the list\";")).size(),
            0u);
}

TEST(unused_headers, finds_a_header_that_only_its_own_source_and_tests_include) {
  source_tree tree{parse_source("targets/a.hpp", "// A.\n#pragma once\n"),
                   parse_source("targets/a.cpp", "#include \"targets/a.hpp\"\n"),
                   parse_source("tests/targets/a_test.cpp", "#include \"targets/a.hpp\"\n")};
  ASSERT_EQ(unused_headers(tree).size(), 1u);
  EXPECT_EQ(unused_headers(tree)[0].path, "targets/a.hpp");
  tree.push_back(parse_source("actors/b.cpp", "#include \"targets/a.hpp\"\n"));
  EXPECT_EQ(unused_headers(tree).size(), 0u);
}

TEST(unused_headers, a_helper_of_tests_is_used_by_a_test) {
  source_tree tree{parse_source("tests/a.hpp", "// A.\n#pragma once\n")};
  EXPECT_EQ(unused_headers(tree).size(), 1u);
  tree.push_back(parse_source("tests/x/b_test.cpp", "#include \"tests/a.hpp\"\n"));
  EXPECT_EQ(unused_headers(tree).size(), 0u);
}

TEST(headers_without_opening, finds_a_header_without_purpose_or_guard) {
  EXPECT_EQ(headers_without_opening(one("api/a.hpp", "#pragma once\n")).size(), 1u);
  EXPECT_EQ(headers_without_opening(one("api/a.hpp", "// Says what.\n")).size(), 1u);
  EXPECT_EQ(headers_without_opening(one("api/a.hpp", "// Says what.\n#pragma once\n")).size(), 0u);
}

TEST(long_functions, measures_whole_functions_also_in_classes) {
  const auto found = long_functions(one("api/a.cpp", "namespace a {\nclass b {\n  int c() const {\n    if (d()) {\n    "
                                                     "  e();\n    }\n    return 1;\n  }\n};\n}\n"),
                                    5);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].line, 3u);
  EXPECT_THAT(found[0].message, HasSubstr("6 lines"));
}

TEST(long_files, counts_lines) { EXPECT_EQ(long_files(one("api/a.cpp", "a\nb\nc"), 2).size(), 1u); }

} // namespace
} // namespace wheelwork::tidy
