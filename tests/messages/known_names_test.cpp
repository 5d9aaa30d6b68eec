// Connections and tasks that do not exist are named with all other faults, whichever way a job is read.
#include "messages/job_decoder.hpp"
#include "messages/known_names.hpp"
#include "tests/messages/json_helpers.hpp"

#include <gmock/gmock.h>

namespace wheelwork {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class known_names_test : public testing::Test {
protected:
  json_context context() const { return {.now = test_now, .known = &known_}; }
  template <class Read>
  static json_faults faults_in(const Read& read) {
    return read ? json_faults{} : read.error();
  }
  json_faults in_pool(const std::string& text) const { return faults_in(pool_from_text(text, "", context())); }
  json_faults in_task(const std::string& text) const { return faults_in(task_from_text(text, "", context())); }
  json_faults in_job(const std::string& text) {
    auto general = faults_in(job_from_text(text, context()));
    auto fast = faults_in(decoder_.decode_job(text, context()));
    EXPECT_EQ(pointers_of(general), pointers_of(fast)) << text;
    return general;
  }

  broker_connections connections_{.redis = {{"r", {}}}, .kafka = {{"k", {}}}};
  known_names known_{.connections = &connections_, .is_task = [](const std::string& name) { return name == "here"; }};
  job_decoder decoder_;
};

TEST_F(known_names_test, what_exists_may_be_named) {
  EXPECT_THAT(in_job(R"({"task":"here"})"), IsEmpty());
  for (const auto* target : {R"({"redis":{"connection":"r","list":"l"}})",
                             R"({"kafka":{"connection":"k","topic":"t"}})", R"({"native":{"handler":"noop"}})"}) {
    const std::string member = std::string{R"("target":)"} + target;
    EXPECT_THAT(in_job("{" + member + "}"), IsEmpty());
    EXPECT_THAT(in_task(R"({"name":"a","schedule":{"every":"1h"},)" + member + "}"), IsEmpty());
    EXPECT_THAT(in_pool(R"({"name":"a","source":{"redis_list":{"connection":"r","key":"x"}},)" + member + "}"),
                IsEmpty());
  }
}

TEST_F(known_names_test, a_connection_that_is_missing_is_named_with_what_there_is) {
  auto faults = in_job(R"({"target":{"redis":{"connection":"x","list":"l"}}})");
  EXPECT_THAT(pointers_of(faults), ElementsAre("/target/redis/connection"));
  EXPECT_THAT(faults[0].message, HasSubstr("no connection `x` is configured; there is `r`"));
  connections_.kafka.clear();
  faults = in_job(R"({"target":{"kafka":{"connection":"k","topic":"t"}}})");
  EXPECT_THAT(pointers_of(faults), ElementsAre("/target/kafka/connection"));
  EXPECT_THAT(faults[0].message, HasSubstr("write a table [kafka.NAME]"));
}

TEST_F(known_names_test, what_is_missing_stands_beside_all_other_faults) {
  EXPECT_THAT(pointers_of(in_job(R"({"task":"gone","priority":10})")), UnorderedElementsAre("/task", "/priority"));
  EXPECT_THAT(pointers_of(in_job(R"({"target":{"redis":{"connection":"x","list":"l"}},"delay":"soon"})")),
              UnorderedElementsAre("/target/redis/connection", "/delay"));
  EXPECT_THAT(pointers_of(in_task(R"({"name":"a","schedule":{"every":"1x"},"target":{"kafka":{"connection":"x","topic":
                                  "t"}}})")),
              UnorderedElementsAre("/schedule/every", "/target/kafka/connection"));
  EXPECT_THAT(
      pointers_of(in_pool(R"({"name":"a","source":{"redis_stream":{"connection":"x","key":"s","group":"g"}},
                                  "target":{"redis":{"connection":"y","list":"l"}},"min":9,"max":1,"dead_letter":5})")),
      UnorderedElementsAre("/source/redis_stream/connection", "/target/redis/connection", "/min", "/dead_letter"));
}

TEST_F(known_names_test, a_batch_names_the_job) {
  const std::string list =
      R"({"target":{"native":{"handler":"noop"}}},{"target":{"redis":{"connection":"x","list":"l"}}},
                           {"task":"gone"})";
  EXPECT_THAT(pointers_of(faults_in(decoder_.decode_batch("{\"jobs\":[" + list + "]}", context()))),
              ElementsAre("/jobs/1/target/redis/connection", "/jobs/2/task"));
  EXPECT_THAT(pointers_of(faults_in(decoder_.decode_lines("{\"task\":\"here\"}\n{\"task\":\"gone\"}\n", context()))),
              ElementsAre("/jobs/1/task"));
}

} // namespace
} // namespace wheelwork
