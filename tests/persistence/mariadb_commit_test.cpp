// MySQL and MariaDB only: what stands in a writer's way, and what goes to the server.
#include "tests/persistence/server_fixture.hpp"
#include "tests/support/mariadb_server.hpp"

#include <gmock/gmock.h>

#include <csignal>

#include <latch>
#include <sys/wait.h>
#include <thread>

namespace wheelwork::testing_journal {
namespace {

using ::testing::HasSubstr;

class mariadb_commit_test : public server_test {};
INSTANTIATE_TEST_SUITE_P(journal, mariadb_commit_test, ::testing::Values(server_kinds().at(1)),
                         ::testing::PrintToStringParamName());

TEST_P(mariadb_commit_test, a_batch_that_is_longer_than_a_packet_goes_in_pieces) {
  mariadb_server server{{.settings = {"--max-allowed-packet=1M"}}};
  journal_options where = options();
  where.url = server.url();
  const auto opened = open_journal(where);
  ASSERT_TRUE(opened) << opened.error();
  const auto writer = (*opened)->open_writer();
  const auto reader = (*opened)->open_reader();
  journal_change many = inserting({}), ends;
  for (uint64_t id = 1; id <= 40; ++id) {
    many.inserts.push_back(pushed(id, at(0)));
    many.inserts.back().made.body = payload::bytes(std::string(300'000, '\0'), "a/b"); // doubled in a statement
    ends.ends.push_back(ending(id));
    ends.ends.back().last->response = std::string(200'000, 'r');
  }
  auto receipts = writer->commit({many});
  ASSERT_TRUE(receipts) << receipts.error().message;
  EXPECT_FALSE(receipts->at(0).error);
  receipts = writer->commit({ends});
  ASSERT_TRUE(receipts) << receipts.error().message;
  EXPECT_TRUE(receipts->at(0).missing.empty());
  const auto found = reader->find_job(job_id{40});
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->what.body.data().size(), 300'000u);
  EXPECT_EQ((*found)->attempts.at(0).response.size(), 200'000u);

  journal_change too_large = inserting({pushed(50, at(0))}), beside = inserting({pushed(51, at(0))});
  too_large.inserts[0].made.body = payload::bytes(std::string(2 << 20, 'x'), "a/b");
  receipts = writer->commit({too_large, beside});
  ASSERT_TRUE(receipts) << receipts.error().message;
  ASSERT_TRUE(receipts->at(0).error);
  EXPECT_THAT(receipts->at(0).error->message, HasSubstr("max_allowed_packet"));
  EXPECT_FALSE(receipts->at(1).error);
}

TEST_P(mariadb_commit_test, names_and_keys_compare_by_their_bytes) {
  journal_change change;
  for (const char* name : {"a", "A", "a ", "\xc3\xa4", "\xf0\x9f\x98\x80"}) {
    change.tasks_put.push_back(creating(task_named(name, 100 + change.tasks_put.size())).tasks_put[0]);
    change.inserts.push_back(pushed(1 + change.inserts.size(), at(0)));
    change.inserts.back().unique_key = name;
    change.inserts.back().marks = {{"k", name}};
  }
  change.shard = shard_id{3};
  const auto receipts = writer_->commit({change});
  ASSERT_TRUE(receipts) << receipts.error().message;
  ASSERT_FALSE(receipts->at(0).error) << receipts->at(0).error->message;
  EXPECT_TRUE(receipts->at(0).repeated.empty());
  EXPECT_EQ((*reader_->task_by_name("a "))->definition->name, "a ");
  EXPECT_FALSE(*reader_->task_by_name("a  "));
  EXPECT_EQ(ids_of(*reader_->list_jobs({.unique_key = "a "})), std::vector<uint64_t>{3});
  EXPECT_EQ(ids_of(*reader_->list_jobs({.marks = {{"k", "A"}}})), std::vector<uint64_t>{2});
}

TEST_P(mariadb_commit_test, a_server_that_hangs_costs_a_call_its_time_and_no_more) {
  const auto server = GetParam().own();
  journal_options where = options();
  where.url = server->url();
  const auto opened = open_journal(where);
  ASSERT_TRUE(opened) << opened.error();
  const auto writer = (*opened)->open_writer();
  ASSERT_TRUE(writer->commit({inserting({pushed(1, at(0))})}));
  ::kill(server->pid(), SIGSTOP);
  ASSERT_EQ(::waitpid(server->pid(), nullptr, WUNTRACED), server->pid()); // all of its threads stand still
  const auto away = writer->commit({inserting({pushed(2, at(0))})}); // ended by the watchdog, whose time is the test
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code, journal_errc::unavailable);
  EXPECT_THAT(away.error().message, HasSubstr("does not answer"));
  const auto still = writer->renew_lease(at(1)); // opens a new connection
  ASSERT_FALSE(still);
  EXPECT_EQ(still.error().code, journal_errc::unavailable);
  ::kill(server->pid(), SIGCONT);
  const auto back = writer->commit({inserting({pushed(2, at(0))})});
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ((*opened)->open_reader()->count_live()->live, 2u);
}

TEST_P(mariadb_commit_test, deadlocks_of_two_writers_are_settled_by_trying_again) {
  writer_.reset();
  reader_.reset();
  journal_.reset();
  journal_options how = options();
  how.writers = 2;
  const auto opened = open_journal(how);
  ASSERT_TRUE(opened) << opened.error();
  constexpr uint64_t rounds = 60;
  // Keys and targets that both write, in crosswise order.
  std::latch together{2};
  std::vector<std::string> errors(2);
  std::vector<std::thread> threads;
  for (uint16_t number = 0; number < 2; ++number)
    threads.emplace_back([&, number] {
      const auto writer = (*opened)->open_writer(number);
      together.arrive_and_wait();
      for (uint64_t round = 0; round < rounds; ++round) {
        std::vector<journal_change> changes;
        for (uint64_t each = 0; each < 8; ++each) {
          const uint64_t key = number == 0 ? each : 7 - each;
          journal_change& change = changes.emplace_back(
              inserting({pushed(1 + (round * 8 + each) * 2 + number, at(0), "h-" + std::to_string(round * 8 + key))}));
          change.inserts[0].unique_key = std::to_string(round * 8 + key);
          change.ids = id_reservation{1000 + round};
          change.shard = shard_id{number};
        }
        const auto receipts = writer->commit(changes);
        if (!receipts) errors[number] = receipts.error().message;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(errors, std::vector<std::string>(2));
  EXPECT_EQ(value("select count(*) from ww_job"), std::to_string(rounds * 8));
}

TEST_P(mariadb_commit_test, a_migration_that_was_killed_in_the_middle_begins_anew) {
  writer_.reset();
  reader_.reset();
  journal_.reset();
  const std::string secret = value("select hex(secret) from ww_database");
  execute("delete from ww_migration; drop table ww_unique_key; drop table ww_fire_skip; "
          "delete from ww_shard where shard > 9");
  const auto opened = open_journal([&] {
    journal_options how = options();
    how.wait_for_lease = [&](const held_lease&) {
      execute("update ww_node set lease_ends = 0");
      return true;
    };
    return how;
  }());
  ASSERT_TRUE(opened) << opened.error();
  EXPECT_EQ(value("select count(*) from ww_shard"), "64");
  EXPECT_EQ(value("select hex(secret) from ww_database"), secret);
  EXPECT_EQ(value("select count(*) from ww_unique_key"), "0");
}

TEST_P(mariadb_commit_test, days_of_history_are_made_ahead_and_one_far_ahead_takes_no_others) {
  const auto day = [](int64_t number) { return at(number * 86'400'000); };
  clock_.now = day(0);
  for (int call = 0; call < 2; ++call) ASSERT_TRUE(writer_->prepare_history(clock_.now));
  EXPECT_EQ(value(GetParam().partitions), "2") << "today and tomorrow";
  const auto end_on = [&](uint64_t id, int64_t number) {
    ASSERT_TRUE(push(id));
    journal_change end;
    end.ends = {ending(id)};
    end.ends[0].finished_at = day(number);
    ASSERT_TRUE(writer_->commit({end}));
  };
  end_on(1, 1000); // of a clock that was wrong
  end_on(2, 20);
  end_on(3, 0);
  EXPECT_EQ(value(GetParam().partitions), "4");
  for (int call = 0; call < 8; ++call) ASSERT_TRUE(writer_->drop_history(day(100), 10));
  EXPECT_TRUE(has_job(1));
  EXPECT_FALSE(has_job(2));
  EXPECT_FALSE(has_job(3));
}

} // namespace
} // namespace wheelwork::testing_journal
