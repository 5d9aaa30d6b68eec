// Which commands a node starts, and what it says of those that it does not.
#include "tests/targets/process_fixture.hpp"

#include "targets/process_allow.hpp"

namespace wheelwork::process_test {
namespace {

using testing::HasSubstr;

class process_allow : public process_fixture {
protected:
  process_allow() {
    std::filesystem::create_directories(path("jobs/sub"));
    std::filesystem::create_directories(path("other"));
    file("jobs/report", "#!/bin/sh\nexit 0\n");
    file("jobs/plain", "#!/bin/sh\nexit 0\n", 0644);
    file("jobs/no-interpreter", "#!/no/such/program\n");
    file("jobs/no-program", "just text");
    file("jobs/sub/tool", "#!/bin/sh\nexit 0\n");
    file("other/tool", "#!/bin/sh\nexit 0\n");
    std::filesystem::create_symlink(path("other/tool"), path("jobs/link-out"));
    std::filesystem::create_symlink(path("jobs/report"), path("jobs/link-in"));
    std::filesystem::create_directory_symlink(path("jobs"), path("link-to-jobs"));
  }
  /// The error of an attempt at a command, `succeeded` if there is none.
  std::string outcome_of(const std::string& command) {
    auto result = result_of({command});
    if (result.outcome == attempt_outcome::succeeded) return "succeeded";
    EXPECT_FALSE(result.started) << result.error;
    EXPECT_EQ(result.outcome, attempt_outcome::failed);
    EXPECT_EQ(result.response, "");
    return result.error;
  }
  static auto is_refused() { return HasSubstr("is not in process_target.allow: add "); }
};

TEST_F(process_allow, an_empty_list_allows_nothing_and_says_how_to_change_that) {
  settings_.allow = {};
  EXPECT_EQ(outcome_of("/bin/true"),
            "`/bin/true` is not in process_target.allow: add `/bin/true` to process_target.allow in "
            "the configuration of this node to let jobs start it");
}

TEST_F(process_allow, a_wildcard_stands_for_names_in_one_folder) {
  settings_.allow = {path("jobs/*")};
  EXPECT_EQ(outcome_of(path("jobs/report")), "succeeded");
  EXPECT_EQ(outcome_of(path("jobs/link-in")), "succeeded");
  EXPECT_EQ(outcome_of(path("link-to-jobs/report")), "succeeded") << "the same file by another way";
  EXPECT_EQ(outcome_of(path("jobs/sub/../report")), "succeeded");
  EXPECT_THAT(outcome_of(path("jobs/sub/tool")), is_refused());
  EXPECT_THAT(outcome_of(path("jobs/../other/tool")), is_refused());
  EXPECT_THAT(outcome_of(path("jobs/link-out")), HasSubstr("(it leads to `" + path("other/tool") + "`)"));
  EXPECT_THAT(outcome_of(path("jobs/sub")), HasSubstr("is not executable: it is not a file"));
}

TEST_F(process_allow, only_the_star_is_a_wildcard) {
  settings_.allow = {path("jobs/repor?"), path("jobs/[r]eport")};
  EXPECT_THAT(outcome_of(path("jobs/report")), is_refused());
}

TEST_F(process_allow, a_link_that_is_named_itself_is_allowed_and_its_target_is_not) {
  settings_.allow = {path("jobs/link-out")};
  EXPECT_EQ(outcome_of(path("jobs/link-out")), "succeeded");
  EXPECT_THAT(outcome_of(path("other/tool")), is_refused());
}

TEST_F(process_allow, another_name_of_an_allowed_program_is_not_allowed) {
  settings_.allow = {path("other/tool")};
  EXPECT_EQ(outcome_of(path("other/tool")), "succeeded");
  EXPECT_THAT(outcome_of(path("jobs/link-out")), is_refused()) << "programs such as busybox do what their name says";
}

TEST_F(process_allow, commands_are_absolute_or_bare_names_in_path) {
  settings_.allow = {path("jobs/*")};
  EXPECT_THAT(outcome_of("./report"), HasSubstr("must be an absolute path or a bare name"));
  EXPECT_THAT(outcome_of("../jobs/report"), HasSubstr("must be an absolute path or a bare name"));
  EXPECT_THAT(outcome_of("report"), HasSubstr("`report` does not exist in PATH"));
  auto bare = order(1, {"report"});
  target_of(bare).env["PATH"] = "jobs:" + path("other") + ":" + path("jobs");
  EXPECT_EQ(run_and_wait(bare).error, "");
}

TEST_F(process_allow, reasons_why_an_allowed_command_can_not_start_are_told_apart) {
  settings_.allow = {path("jobs/*")};
  EXPECT_EQ(outcome_of(path("jobs/missing")), "the command `" + path("jobs/missing") + "` does not exist");
  EXPECT_THAT(outcome_of(path("jobs/plain")), HasSubstr("is not executable: set its permission with chmod +x"));
  EXPECT_THAT(outcome_of(path("jobs/no-interpreter")), HasSubstr("the interpreter that it names"));
  EXPECT_THAT(outcome_of(path("jobs/no-program")), HasSubstr("a script needs a #! line"));
  EXPECT_THAT(outcome_of(""), HasSubstr("the command is empty"));
}

TEST_F(process_allow, can_be_changed_while_the_node_runs) {
  settings_.allow = {};
  start();
  EXPECT_THAT(outcome_of(path("jobs/report")), is_refused());
  ASSERT_TRUE(runner_->set_allow({path("jobs/report")}));
  EXPECT_EQ(outcome_of(path("jobs/report")), "succeeded");
  EXPECT_FALSE(runner_->set_allow({"jobs/*"}));
  EXPECT_EQ(outcome_of(path("jobs/report")), "succeeded") << "a bad list changes nothing";
}

TEST(process_allow_list, says_which_pattern_can_not_be_right) {
  for (const char* pattern : {"", "*", "report", "jobs/*", "/opt/../bin/sh", "/opt/jobs/"})
    EXPECT_FALSE(process_allow_list::make({"/bin/true", pattern})) << pattern;
  EXPECT_EQ(process_allow_list::make({"jobs/*"}).error(),
            "process_target.allow: `jobs/*` must be an absolute path, such as /usr/bin/report or /opt/jobs/*");
}

} // namespace
} // namespace wheelwork::process_test
