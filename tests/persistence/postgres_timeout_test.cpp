// A time limit for statements that the server or its administrator set.
#include "tests/persistence/postgres_fixture.hpp"

#include <gmock/gmock.h>
#include <pqxx/pqxx>

namespace wheelwork::testing_journal {
namespace {

TEST_F(postgres_test, a_statement_that_the_server_timed_out_is_written_when_it_may) {
  writer_.reset();
  reader_.reset();
  journal_.reset();
  journal_options how = options();
  how.url += "&options=-c%20statement_timeout%3D200ms";
  auto opened = open_journal(how);
  ASSERT_TRUE(opened) << opened.error();
  journal_ = std::move(*opened);
  writer_ = journal_->open_writer();
  ASSERT_TRUE(push(1));
  {
    pqxx::connection other{postgres_server::of_process().url()};
    pqxx::work holding{other};
    holding.exec("lock table " + prefix_of(folder_) + "job in access exclusive mode");
    const auto receipts = push(2);
    ASSERT_FALSE(receipts);
    EXPECT_EQ(receipts.error().code, journal_errc::unavailable);
    EXPECT_THAT(receipts.error().message, ::testing::HasSubstr("raise its statement_timeout"));
  }
  EXPECT_TRUE(push(2));
  reader_ = journal_->open_reader();
  EXPECT_TRUE(has_job(1));
  EXPECT_TRUE(has_job(2));
}

} // namespace
} // namespace wheelwork::testing_journal
