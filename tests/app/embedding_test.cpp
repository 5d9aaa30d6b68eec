// examples/embedding: a program of one's own with C++ handlers, run as its users would run it.
#include "tests/app/node_process.hpp"

#include <gmock/gmock.h>

namespace wheelwork::app_test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class an_embedding_program : public testing::Test {
protected:
  temporary_folder folder;
  node_process node{folder.path(), "[process_target]\nallow = [\"/bin/true\"]\n", WHEELWORK_EMBEDDING_EXAMPLE};

  void SetUp() override { node.start(); }
  json run(json target, json payload = nullptr) {
    json job{{"target", std::move(target)}, {"retry", {{"limit", 0}}}};
    if (!payload.is_null()) job["payload"] = std::move(payload);
    return node.final_job(node.push(job));
  }
};

TEST_F(an_embedding_program, runs_its_own_functions_as_native_targets) {
  auto payload = json::parse(R"({"lines": [{"cents": 1250}, {"cents": 749}]})");
  auto added = run({{"native", {{"handler", "invoice.add_up"}}}}, payload);
  EXPECT_EQ(added["state"], "succeeded") << added.dump();
  EXPECT_THAT(added["attempts"][0]["response"].dump(), HasSubstr("1999"));
  EXPECT_EQ(run({{"native", {{"handler", "greet"}}}})["state"], "succeeded");
}

TEST_F(an_embedding_program, shows_what_a_function_threw) {
  auto failed = run({{"native", {{"handler", "invoice.add_up"}}}}, json::parse(R"({"lines": 7})"));
  EXPECT_EQ(failed["state"], "dead");
  EXPECT_THAT(failed["attempts"][0]["error"].get<std::string>(), HasSubstr("type_error"));
}

TEST_F(an_embedding_program, still_has_the_built_in_handlers_and_starts_processes_with_itself_as_helper) {
  EXPECT_EQ(run({{"native", {{"handler", "noop"}}}})["state"], "succeeded");
  auto process = run({{"process", {{"command", {"/bin/true"}}}}});
  EXPECT_EQ(process["state"], "succeeded") << process.dump();
}

} // namespace
} // namespace wheelwork::app_test
