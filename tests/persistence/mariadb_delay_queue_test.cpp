// The database of a delay_queue service, read and never written.
#include "persistence/mysql/connection.hpp"
#include "persistence/mysql/delay_queue_reader.hpp"
#include "tests/support/mariadb_server.hpp"

#include <gmock/gmock.h>

namespace wheelwork {
namespace {

using ::testing::HasSubstr;

class mariadb_delay_queue : public ::testing::Test {
protected:
  void SetUp() override {
    if (!mariadb_server::missing().empty()) GTEST_SKIP() << mariadb_server::missing();
    server = &mariadb_server::of_process();
    database = server->new_database();
    server->execute(
        "create table hs_task (id int not null auto_increment primary key, queue_index varchar(120) not null, "
        "queue_slot int unsigned not null, cycle_num int unsigned not null, retry_num int unsigned not null, "
        "dateline int unsigned not null, add_time int unsigned not null, notify_url varchar(10) not null, "
        "request_method varchar(4) not null, notify_param varchar(8) not null, state tinyint unsigned not null) "
        "default charset=utf8",
        database);
  }
  mysql::delay_queue_reader open() { return mysql::delay_queue_reader::open(server->url(database), "hs_").value(); }

  mariadb_server* server = nullptr;
  std::string database;
};

TEST_F(mariadb_delay_queue, rows_that_wait_are_read_in_pages) {
  server->execute("set names utf8mb4; insert into hs_task values (7, 'a', 1, 2, 3, 4, 4294967295, 'http://x/', 'GET', "
                  "'中文中文中文中文', 2), "
                  "(8, 'b', 0, 0, 0, 0, 0, 'http://xyz', 'POST', '{}', 0), (9, 'c', 0, 0, 0, 0, 0, '', '', '', 1), "
                  "(10, 'd', 0, 0, 0, 0, 0, '', '', '', 3), (11, 'e', 0, 0, 0, 0, 0, '', '', '', 0)",
                  database);
  auto reader = open();
  const auto first = reader.rows_after(0, 2).value();
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0].id, 7);
  EXPECT_EQ(first[0].queue_index, "a");
  EXPECT_EQ(first[0].queue_slot, 1);
  EXPECT_EQ(first[0].cycle_num, 2);
  EXPECT_EQ(first[0].retry_num, 3);
  EXPECT_EQ(first[0].dateline, 4);
  EXPECT_EQ(first[0].add_time, 4294967295);
  EXPECT_EQ(first[0].notify_param, "中文中文中文中文");
  EXPECT_EQ(first[0].state, 2);
  EXPECT_TRUE(first[0].param_fills_column) << "eight characters, though more bytes";
  EXPECT_FALSE(first[0].url_fills_column);
  EXPECT_TRUE(first[1].url_fills_column);
  EXPECT_FALSE(first[1].param_fills_column);
  const auto rest = reader.rows_after(8, 2).value();
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].id, 11);
  EXPECT_EQ(reader.table(), database + ".hs_task");
}

TEST_F(mariadb_delay_queue, nothing_can_be_written_over_such_a_session) {
  mysql::connection_settings settings;
  settings.target = mysql::read_url(server->url(database)).value();
  settings.foreign = true;
  mysql::connection session{settings};
  EXPECT_THROW(session.send("insert into hs_task values (1, '', 0, 0, 0, 0, 0, '', '', '', 0)"), mysql::failure);
  EXPECT_THROW(session.send("drop table hs_task"), mysql::failure);
  EXPECT_EQ(server->value("select count(*) from hs_task", database), "0");
}

TEST_F(mariadb_delay_queue, what_is_not_there_is_named) {
  EXPECT_THAT(mysql::delay_queue_reader::open(server->url(database), "h`s").error(), HasSubstr("prefix"));
  EXPECT_THAT(mysql::delay_queue_reader::open("postgres://x/y", "hs_").error(), HasSubstr("mysql://"));
  auto other = mysql::delay_queue_reader::open(server->url(database), "xx_").value();
  EXPECT_THAT(other.rows_after(0, 10).error(), HasSubstr("xx_task"));
  server->execute("alter table hs_task drop column cycle_num", database);
  EXPECT_THAT(open().rows_after(0, 10).error(), HasSubstr("not a table of that service"));
}

} // namespace
} // namespace wheelwork
