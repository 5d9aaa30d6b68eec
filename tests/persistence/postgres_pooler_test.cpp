// Postgres only: behind a pooler that gives each transaction another session of the server.
#include "persistence/diagnosis.hpp"
#include "tests/persistence/postgres_fixture.hpp"
#include "tests/support/pgbouncer.hpp"

#include <gmock/gmock.h>

namespace wheelwork::testing_journal {
namespace {

class postgres_pooler_test : public postgres_test {
protected:
  void SetUp() override {
    if (!pgbouncer::missing().empty()) GTEST_SKIP() << pgbouncer::missing();
    pool_ = std::make_unique<pgbouncer>(postgres_server::of_process(), 2);
  }
  journal_options through_pool(const std::string& node = "node-a") {
    journal_options made = options(node);
    made.url = pool_->url();
    return made;
  }
  void open(const journal_options& how) {
    auto opened = open_journal(how);
    ASSERT_TRUE(opened) << opened.error();
    journal_ = std::move(*opened);
    writer_ = journal_->open_writer();
    reader_ = journal_->open_reader();
  }
  void commit(const journal_change& change) {
    const auto receipts = writer_->commit({change});
    ASSERT_TRUE(receipts) << receipts.error().message;
    ASSERT_FALSE(receipts->at(0).error) << receipts->at(0).error->message;
    EXPECT_TRUE(receipts->at(0).missing.empty());
  }

  std::unique_ptr<pgbouncer> pool_;
};

TEST_F(postgres_pooler_test, the_whole_life_of_jobs_goes_through_a_pooler_by_transaction) {
  open(through_pool());
  const auto second_reader = journal_->open_reader(); // three sessions of clients on two of the server
  commit(creating(task_named("nightly", 77)));
  journal_change pushes = inserting({});
  constexpr uint64_t last = 700; // above 500 they go by COPY
  for (uint64_t id = 1; id <= last; ++id) pushes.inserts.push_back(pushed(id, at(0)));
  commit(pushes);
  commit(inserting({pushed(last + 1, at(0)), fired(last + 2, task_id{77}, at(60'000))}));
  journal_change start;
  start.shard = shard_id{3};
  start.starts.push_back({job_id{1}, 1, at(1), target_kind::native});
  commit(start);
  ASSERT_EQ(reader_->open_attempts(shard_id{3})->size(), 1u);
  journal_change ends;
  ends.shard = shard_id{3};
  for (uint64_t id = 1; id <= last; ++id) ends.ends.push_back(ending(id));
  commit(ends);
  ASSERT_TRUE(writer_->renew_lease(at(3000)));
  ASSERT_TRUE(writer_->prepare_history(at(0)));
  ASSERT_TRUE(writer_->drop_history(at(-1000), 100));
  for (journal_reader* reader : {reader_.get(), second_reader.get()}) {
    const auto count = reader->count_live();
    ASSERT_TRUE(count) << count.error().message;
    EXPECT_EQ(count->live, 2u);
    job_filter finished;
    finished.state = job_state::succeeded;
    finished.limit = 1000;
    EXPECT_EQ(reader->list_jobs(finished)->size(), last);
    EXPECT_EQ(reader->live_fires(shard_id{3})->size(), 1u);
  }
  EXPECT_EQ(value("select count(*) from ww_job_history"), std::to_string(last));
}

TEST_F(postgres_pooler_test, a_second_node_takes_over_through_the_pooler_and_fences_the_first) {
  open(through_pool("node-a"));
  commit(inserting({pushed(1, at(0))}));
  execute("update ww_node set lease_ends = 0"); // as if the time had passed
  const auto second = open_journal(through_pool("node-b"));
  ASSERT_TRUE(second) << second.error();
  EXPECT_EQ(writer_->commit({inserting({pushed(2, at(0))})}).error().code, journal_errc::fenced);
  const auto writer = (*second)->open_writer();
  EXPECT_TRUE(writer->commit({inserting({pushed(3, at(0))})}));
}

TEST_F(postgres_pooler_test, sessions_that_the_pooler_lost_are_no_end) {
  open(through_pool());
  commit(inserting({pushed(1, at(0))}));
  value("select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity where pid <> pg_backend_pid() and "
        "backend_type = 'client backend'");
  commit(inserting({pushed(2, at(0))}));
  EXPECT_TRUE(has_job(2));
}

TEST_F(postgres_pooler_test, the_diagnosis_goes_through_it) {
  open(through_pool());
  const auto found = diagnose(through_pool());
  ASSERT_TRUE(found) << found.error();
  for (const finding& one : *found) EXPECT_EQ(one.found.find("could not be looked at"), std::string::npos) << one.found;
}

} // namespace
} // namespace wheelwork::testing_journal
