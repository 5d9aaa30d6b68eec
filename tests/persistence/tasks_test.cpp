// Every backend: definitions, their versions, and the state beside them.
#include "tests/persistence/journal_fixture.hpp"

#include <gmock/gmock.h>

namespace wheelwork::testing_journal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using tasks_test = journal_test;
INSTANTIATE_TEST_SUITE_P(journal, tasks_test, ::testing::ValuesIn(all_backends()), ::testing::PrintToStringParamName());

journal_change replacing(task_ptr task, uint64_t expected) {
  journal_change change = creating(std::move(task));
  change.tasks_put[0].create = false;
  change.tasks_put[0].expected_version = expected;
  return change;
}

std::vector<std::string> names_of(const std::vector<task_row>& rows) {
  std::vector<std::string> names;
  for (const task_row& one : rows) names.push_back(one.definition->name);
  return names;
}

TEST_P(tasks_test, a_task_is_read_as_it_was_written) {
  const auto made =
      task_named("nightly report", 77, R"(,"labels":{"team":"a"},"external_id":"x-1","enabled":false,"priority":7)");
  journal_change change = creating(made);
  change.tasks_put[0].state.next_fire = at(5);
  change.tasks_put[0].state.disabled_at = at(6);
  change.tasks_put[0].state.runs = 4;
  commit(change);
  const auto found = reader_->task_by_name("nightly report");
  ASSERT_TRUE(found);
  ASSERT_TRUE(*found);
  const task_definition& read = *(*found)->definition;
  EXPECT_EQ(read.id, task_id{77});
  EXPECT_EQ(read.spec, made->spec);
  EXPECT_EQ(read.body.data(), made->body.data());
  EXPECT_EQ(read.how->spec, made->how->spec);
  EXPECT_EQ(read.marks, made->marks);
  EXPECT_EQ(read.external_id, "x-1");
  EXPECT_FALSE(read.enabled);
  EXPECT_EQ(read.version, 1u);
  EXPECT_EQ(read.created_at, made->created_at);
  EXPECT_EQ(read.updated_at, made->updated_at);
  const task_state& state = (*found)->state;
  EXPECT_EQ(state.task, task_id{77});
  EXPECT_EQ(state.fired_until, at(0));
  EXPECT_EQ(state.next_fire, at(5));
  EXPECT_EQ(state.disabled_at, at(6));
  EXPECT_FALSE(state.enabled_at);
  EXPECT_EQ(state.runs, 4u);
  EXPECT_FALSE(*reader_->task_by_name("nightly"));
}

TEST_P(tasks_test, a_name_exists_once) {
  commit(creating(task_named("report", 77)));
  const journal_error error = refused(creating(task_named("report", 78)));
  EXPECT_EQ(error.code, journal_errc::conflict);
  EXPECT_THAT(error.message, HasSubstr("report"));
  EXPECT_EQ((*reader_->task_by_name("report"))->definition->id, task_id{77});
}

TEST_P(tasks_test, an_edit_must_name_the_version_that_is_there) {
  commit(creating(task_named("report", 77)));
  commit(replacing(task_named("report", 77, R"(,"priority":9)", 2), 1));
  EXPECT_EQ((*reader_->task_by_name("report"))->definition->priority, 9);
  EXPECT_EQ((*reader_->task_by_name("report"))->definition->version, 2u);
  const journal_error error = refused(replacing(task_named("report", 77, R"(,"priority":1)", 2), 1));
  EXPECT_EQ(error.code, journal_errc::conflict);
  EXPECT_THAT(error.message, HasSubstr("version 2"));
  EXPECT_EQ(refused(replacing(task_named("none", 80), 1)).code, journal_errc::conflict);
  EXPECT_EQ(refused(replacing(task_named("report", 99, "", 3), 2)).code, journal_errc::conflict)
      << "another task of that name";
}

TEST_P(tasks_test, two_creations_in_one_commit_make_one_task) {
  const auto receipts = writer_->commit(
      {creating(task_named("report", 77)), creating(task_named("report", 78)), creating(task_named("other", 79))});
  ASSERT_TRUE(receipts);
  EXPECT_FALSE(receipts->at(0).error);
  ASSERT_TRUE(receipts->at(1).error);
  EXPECT_EQ(receipts->at(1).error->code, journal_errc::conflict);
  EXPECT_FALSE(receipts->at(2).error);
}

TEST_P(tasks_test, an_external_id_belongs_to_one_task) {
  commit(creating(task_named("a", 77, R"(,"external_id":"x")")));
  const journal_error error = refused(creating(task_named("b", 78, R"(,"external_id":"x")")));
  EXPECT_EQ(error.code, journal_errc::conflict);
  EXPECT_THAT(error.message, HasSubstr("`a`"));
  commit(replacing(task_named("a", 77, R"(,"external_id":"x","priority":2)", 2), 1));
  commit(replacing(task_named("a", 77, "", 3), 2));
  commit(creating(task_named("b", 78, R"(,"external_id":"x")")));
}

TEST_P(tasks_test, a_task_deleted_and_created_again_is_another_one) {
  commit(creating(task_named("report", 77)));
  journal_change change = creating(task_named("other", 78));
  change.tasks_deleted = {{task_id{77}}};
  commit(change);
  EXPECT_FALSE(*reader_->task_by_name("report"));
  commit(creating(task_named("report", 79)));
  EXPECT_EQ((*reader_->task_by_name("report"))->definition->id, task_id{79});
}

TEST_P(tasks_test, fired_until_never_goes_back) {
  commit(creating(task_named("report", 77)));
  journal_change change;
  change.states = {{task_id{77}, at(500), 2, at(600), {}, {}}, {task_id{99}, at(500), 2, {}, {}, {}}};
  commit(change);
  change.states.resize(1);
  change.states[0].fired_until = at(400);
  change.states[0].runs = 3;
  change.states[0].next_fire.reset();
  commit(change);
  task_state state = (*reader_->task_by_name("report"))->state;
  EXPECT_EQ(state.fired_until, at(500));
  EXPECT_EQ(state.runs, 3u);
  EXPECT_FALSE(state.next_fire);
  commit(replacing(task_named("report", 77, "", 2), 1));
  state = (*reader_->task_by_name("report"))->state;
  EXPECT_EQ(state.fired_until, at(500)) << "an edit does not move it back either";
}

TEST_P(tasks_test, lists_are_filtered_and_go_on_after_a_name) {
  commit({creating(task_named("alpha", 1, R"(,"labels":{"team":"a"})")),
          creating(task_named("beta", 2, R"(,"enabled":false)"), 4),
          creating(task_named("gamma", 3, R"(,"labels":{"team":"a","x":"y"},"external_id":"g")"))});
  EXPECT_THAT(names_of(*reader_->list_tasks({})), ElementsAre("alpha", "beta", "gamma"));
  EXPECT_THAT(names_of(*reader_->list_tasks({.after_name = "alpha", .limit = 1})), ElementsAre("beta"));
  EXPECT_THAT(names_of(*reader_->list_tasks({.enabled = false})), ElementsAre("beta"));
  EXPECT_THAT(names_of(*reader_->list_tasks({.name_contains = "am"})), ElementsAre("gamma"));
  EXPECT_THAT(names_of(*reader_->list_tasks({.name_contains = "%"})), IsEmpty());
  EXPECT_THAT(names_of(*reader_->list_tasks({.marks = {{"team", "a"}}, .limit = 1})), ElementsAre("alpha"));
  EXPECT_THAT(names_of(*reader_->list_tasks({.marks = {{"team", "a"}, {"x", "y"}}})), ElementsAre("gamma"));
  EXPECT_THAT(names_of(*reader_->list_tasks({.external_id = "g"})), ElementsAre("gamma"));
  EXPECT_THAT(names_of(*reader_->tasks_of_shard(shard_id{3})), ElementsAre("alpha", "gamma"));
  EXPECT_THAT(names_of(*reader_->tasks_of_shard(shard_id{4})), ElementsAre("beta"));
}

} // namespace
} // namespace wheelwork::testing_journal
