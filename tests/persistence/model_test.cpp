// Random changes against a database and against the journal in memory, which is plain maps: both must say the same
// after every commit.
#include "tests/persistence/journal_fixture.hpp"

#include <algorithm>
#include <random>

namespace wheelwork::testing_journal {
namespace {

constexpr uint64_t ids = 60; // few, so that changes meet the same jobs again and again

class random_changes {
public:
  explicit random_changes(uint32_t seed) : random_{seed} {}

  std::vector<journal_change> commit() {
    std::vector<journal_change> changes(1 + below(4));
    for (journal_change& one : changes) fill(one);
    return changes;
  }
  uint64_t below(uint64_t end) { return std::uniform_int_distribution<uint64_t>{0, end - 1}(random_); }

private:
  bool chance(uint64_t one_in) { return below(one_in) == 0; }
  uint64_t id() { return 1 + below(ids); }
  task_id task() { return task_id{1 + below(3)}; }
  wall_time time() { return at(static_cast<int64_t>(below(50)) * 10); }
  std::string task_name(task_id of) { return "task-" + std::to_string(value_of(of) % 2); } // two ids share a name

  attempt_record attempt() {
    auto made = tried(1 + static_cast<uint32_t>(below(4)), static_cast<attempt_outcome>(below(6)), time(), time());
    if (chance(3)) made.started_at.reset();
    if (chance(3)) made.node.clear();
    made.error = chance(2) ? "error " + std::to_string(below(9)) : "";
    return made;
  }

  new_job job() {
    new_job made =
        chance(3) ? fired(id(), task(), time()) : pushed(id(), time(), "handler-" + std::to_string(below(3)));
    if (chance(4) && !made.made.is_fire()) made.made.task = task();
    if (chance(3)) made.unique_key = "key-" + std::to_string(below(4));
    if (!made.unique_key.empty() && chance(2)) made.unique_until = time();
    if (chance(3)) made.marks["label"] = std::to_string(below(3));
    if (chance(5)) made.external_id = "outside-" + std::to_string(below(3));
    made.made.start_recorded = chance(8);
    made.made.attempt = made.made.start_recorded ? 1 : 0;
    made.created_at = time();
    return made;
  }

  task_put put() {
    const task_id of = task();
    task_put made;
    made.expected_version = 1 + below(3);
    made.create = chance(2);
    made.definition =
        task_named(task_name(of), value_of(of), chance(3) ? R"(,"external_id":"x")" : "", made.expected_version + 1);
    made.state.task = of;
    made.state.fired_until = time();
    return made;
  }

  void fill(journal_change& change) {
    change.shard = shard_id{static_cast<uint16_t>(below(2))};
    if (chance(5)) change.ids = id_reservation{below(1000)};
    if (chance(4)) change.tasks_put.push_back(put());
    if (chance(12)) change.tasks_deleted.push_back({task()});
    for (uint64_t n = below(4); n > 0; --n) {
      job_end end = ending(id(), static_cast<job_state>(2 + below(3)), static_cast<uint32_t>(below(5)));
      end.finished_at = time();
      if (chance(2)) end.last.reset();
      end.keep = !chance(4);
      if (end.last) end.last = attempt();
      change.ends.push_back(end);
    }
    if (chance(4)) change.unprepared.push_back({job_id{id()}});
    if (chance(2))
      change.agains.push_back(
          {job_id{id()}, attempt(), time(), static_cast<uint16_t>(below(9)), static_cast<uint8_t>(below(4))});
    if (chance(2))
      change.starts.push_back({job_id{id()}, static_cast<uint32_t>(below(5)), time(), target_kind::native});
    if (chance(3)) change.lates.push_back({job_id{id()}, attempt()});
    if (chance(3)) change.revived.push_back({job_id{id()}, time(), static_cast<uint8_t>(below(10))});
    for (uint64_t n = below(5); n > 0; --n) change.inserts.push_back(job());
    if (chance(4)) change.states.push_back({task(), time(), below(10), time(), {}, time()});
    if (chance(4)) change.skips.push_back({task(), {time(), time(), below(9)}, static_cast<skip_verdict>(below(5))});
  }

  std::mt19937 random_;
};

// Everything that a reader shows, as text.
class picture {
public:
  explicit picture(journal_reader& reader) : reader_{reader} {
    for (uint64_t id = 1; id <= ids; ++id) add(value(reader_.find_job(job_id{id})), id);
    for (const job_view& one : value(reader_.list_jobs({}))) add(one);
    for (const char* label : {"0", "1"}) list({.marks = {{"label", label}}});
    for (const char* name : {"task-0", "task-1"}) list({.task_name = name});
    for (const auto state : {job_state::pending, job_state::running, job_state::succeeded, job_state::dead})
      list({.state = state});
    list({.unique_key = "key-1"});
    list({.external_id = "outside-1"});
    list({.created_from = at(100), .created_until = at(300)});
    for (uint16_t shard = 0; shard < 2; ++shard) add_shard(shard_id{shard});
    for (uint64_t task = 1; task <= 3; ++task) add_ledger(task_id{task});
    const auto count = value(reader_.count_live());
    text_ += "count " + std::to_string(count.live) + " " + std::to_string(count.running) + " " +
             std::to_string(count.batches.at(0)) + "\n";
  }
  const std::string& text() const { return text_; }

private:
  template <class Answer>
  typename Answer::value_type value(Answer answer) {
    if (!answer) throw std::runtime_error{answer.error().message};
    return std::move(*answer);
  }
  static std::string show(std::optional<wall_time> time) {
    return time ? std::to_string((*time - at(0)).count()) : "-";
  }
  void add(const std::optional<job_view>& view, uint64_t id) {
    text_ += std::to_string(id) + ": ";
    if (view) add(*view);
    text_ += "\n";
  }
  void add(const job_view& view) {
    add(view.what);
    text_ += " " + std::string{to_string(view.state)} + " " + view.task_name + " " + view.unique_key + " " +
             view.external_id + " " + show(view.created_at) + " " + show(view.finished_at) + " " + view.reason;
    for (const auto& [key, label] : view.marks) text_ += " " + key + "=" + label;
    for (const attempt_record& one : view.attempts)
      text_ += " [" + std::to_string(one.number) + " " + one.node + " " + show(one.started_at) + " " +
               show(one.finished_at) + " " + (one.outcome ? std::string{to_string(*one.outcome)} : "-") + " " +
               one.error + "]";
    text_ += "\n";
  }
  void add(const job& what) {
    text_ += std::to_string(value_of(what.id)) + " " + std::to_string(value_of(what.task)) + " " + show(what.due_at) +
             " " + show(what.fire_time) + " " + what.how->spec + " " + std::string{what.body.data()} + " " +
             std::to_string(what.attempt) + " " + std::to_string(what.retries_used) + " " +
             std::to_string(what.lost_in_row) + " " + std::to_string(what.priority) + " " +
             std::to_string(static_cast<int>(what.origin)) + " " + std::to_string(what.start_recorded);
  }
  void list(const job_filter& filter) {
    text_ += "list";
    for (const uint64_t id : ids_of(value(reader_.list_jobs(filter)))) text_ += " " + std::to_string(id);
    text_ += "\n";
  }
  void add_shard(shard_id shard) {
    for (const job& one : value(reader_.load_window(shard, {}, at(400), 15)).jobs) add(one), text_ += "\n";
    for (const job& one : value(reader_.load_window(shard, load_position{at(100), job_id{20}}, at(400), 15)).jobs)
      add(one), text_ += "\n";
    for (const job& one : value(reader_.live_fires(shard))) add(one), text_ += "\n";
    for (const recovered_job& one : value(reader_.open_attempts(shard))) add(one.what), text_ += " open\n";
    for (const task_row& one : value(reader_.tasks_of_shard(shard)))
      text_ += one.definition->name + " " + std::to_string(one.definition->version) + " " +
               show(one.state.fired_until) + " " + std::to_string(one.state.runs) + " " + show(one.state.next_fire) +
               "\n";
    text_ += "reserved " + std::to_string(value(reader_.recovery_of(shard)).id_milliseconds_reserved) + "\n";
  }
  void add_ledger(task_id task) {
    // Unordered where times are equal: runs of random skips may begin and end together.
    std::vector<std::string> lines;
    for (const ledger_entry& one : value(reader_.ledger(task, at(0), at(10'000), 1000)))
      lines.push_back(show(one.from) + ".." + show(one.to) + " " + std::to_string(one.count) + " " +
                      (one.fired ? std::to_string(value_of(*one.fired)) : std::string{to_string(one.verdict)}));
    std::sort(lines.begin(), lines.end());
    for (const std::string& line : lines) text_ += line + "\n";
  }

  journal_reader& reader_;
  std::string text_;
};

std::string show(const std::vector<journal_receipt>& receipts) {
  std::string text;
  for (const journal_receipt& one : receipts) {
    text += one.error ? "error " + std::to_string(static_cast<int>(one.error->code)) : "applied";
    if (!one.error) {
      for (const auto& [index, id] : one.repeated)
        text += " repeated " + std::to_string(index) + "=" + std::to_string(value_of(id));
      for (const job_id id : one.missing) text += " missing " + std::to_string(value_of(id));
      for (const job& job : one.revived)
        text += " revived " + std::to_string(value_of(job.id)) + "/" + std::to_string(job.attempt);
    }
    text += "; ";
  }
  return text;
}

class model_test : public ::testing::TestWithParam<std::tuple<uint32_t, backend>> {};
INSTANTIATE_TEST_SUITE_P(seeds, model_test,
                         ::testing::Combine(::testing::Range(1u, 9u), ::testing::ValuesIn(databases())),
                         [](const auto& any) {
                           return std::to_string(std::get<0>(any.param)) + "_" + std::get<1>(any.param).name;
                         });

TEST_P(model_test, both_journals_say_the_same) {
  const auto& [seed, database] = GetParam();
  if (!database.missing().empty()) GTEST_SKIP() << database.missing();
  const manual_clock clock;
  const temporary_folder folder;
  std::vector<std::unique_ptr<journal>> journals;
  journals.push_back(all_backends().front().open(folder, clock));
  journals.push_back(database.open(folder, clock));
  std::vector<std::unique_ptr<journal_writer>> writers;
  std::vector<std::unique_ptr<journal_reader>> readers;
  for (const auto& one : journals) {
    writers.push_back(one->open_writer());
    readers.push_back(one->open_reader());
  }
  random_changes random{seed};
  size_t applied = 0, refused = 0;
  for (int step = 0; step < 120; ++step) {
    const auto changes = random.commit();
    const auto by_memory = writers[0]->commit(changes), by_database = writers[1]->commit(changes);
    ASSERT_TRUE(by_memory);
    ASSERT_TRUE(by_database) << by_database.error().message;
    ASSERT_EQ(show(*by_database), show(*by_memory)) << "step " << step;
    for (const journal_receipt& one : *by_memory) ++(one.error ? refused : applied);
    if (step % 25 == 24) {
      const wall_time before = at(static_cast<int64_t>(random.below(300)));
      ASSERT_EQ(*writers[1]->drop_history(before, 1000), *writers[0]->drop_history(before, 1000)) << "step " << step;
    }
    ASSERT_EQ(picture{*readers[1]}.text(), picture{*readers[0]}.text()) << "step " << step;
  }
  EXPECT_GT(applied, 30u);
  EXPECT_GT(refused, 10u);
}

} // namespace
} // namespace wheelwork::testing_journal
