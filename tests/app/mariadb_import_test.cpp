// wheelwork import delay_queue against a real database with that service's tables, and a real node.
#include "tests/app/delay_queue_yaml.hpp"
#include "tests/app/node_process.hpp"
#include "tests/app/program.hpp"
#include "tests/support/mariadb_server.hpp"
#include "tests/targets/test_server.hpp"

#include "actors/system_clock.hpp"
#include "schedule/time_text.hpp"

#include <gmock/gmock.h>

namespace wheelwork {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// The table as that service makes it, in a server that cuts what is too long.
constexpr char tables[] = R"(
create table hs_task (
  id int not null auto_increment primary key, queue_index varchar(120) not null default '',
  queue_slot int unsigned not null default 0, cycle_num int unsigned not null default 0,
  retry_num int unsigned not null default 0, dateline int unsigned not null default 0,
  add_time int unsigned not null default 0, notify_url varchar(255) not null default '',
  request_method varchar(4) not null default '', notify_param varchar(255) not null default '',
  state tinyint unsigned not null default 0) engine=InnoDB default charset=utf8)";

class mariadb_import_test : public program_test {
protected:
  void SetUp() override {
    if (!mariadb_server::missing().empty()) GTEST_SKIP() << mariadb_server::missing();
    program_test::SetUp();
    server = &mariadb_server::of_process();
    database = server->new_database();
    server->execute(tables, database);
    config = write("config.yaml", delay_queue_yaml);
  }

  /// A row that waits, as the service writes it; without strict mode too long values are cut.
  void insert(const std::string& index, const std::string& url, const std::string& method, const std::string& param,
              int state = 0, int retry_num = 0) {
    server->execute(
        "set session sql_mode=''; set names utf8mb4; insert into hs_task (queue_index, notify_url, "
        "request_method, notify_param, add_time, dateline, queue_slot, cycle_num, state, retry_num) values ('" +
            index + "', '" + url + "', '" + method + "', '" + param + "', unix_timestamp(), unix_timestamp(), 30, 2, " +
            std::to_string(state) + ", " + std::to_string(retry_num) + ")",
        database);
  }
  static std::string whole(const std::string& url, const std::string& plan_time, const std::string& method,
                           const std::string& param) {
    return json{{"notify_url", url}, {"plan_time", plan_time}, {"method_name", method}, {"notify_param", param}}.dump();
  }
  std::string in(int count) const {
    return format_time(std::chrono::floor<seconds>(system_clock{}.wall_now()) + seconds{count});
  }

  program_result import(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"import", "delay_queue", "--config",
                                       config,   "--database",  server->url(database)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  json report(std::vector<std::string> more = {}) {
    more.emplace_back("--json");
    return json::parse(import(more).out)["tasks"];
  }
  void start_node() {
    std::filesystem::create_directory(folder_ / "node");
    node = std::make_unique<app_test::node_process>(folder_ / "node");
    node->start();
    variables_["WHEELWORK_SERVER"] = "http://127.0.0.1:" + std::to_string(node->port());
  }
  json jobs() const { return node->get("/api/v1/jobs?label=front:delay_queue")["items"]; }
  std::string checksum() const {
    return server->value(
        "select concat(count(*), ' ', sum(crc32(concat_ws('|', id, queue_index, retry_num, dateline, state, "
        "notify_param)))) from hs_task",
        database);
  }

  mariadb_server* server = nullptr;
  std::string database, config;
  std::unique_ptr<app_test::node_process> node;
};

TEST_F(mariadb_import_test, takes_each_waiting_task_once_however_often_it_runs) {
  insert("one", "http://127.0.0.1:9/a", "GET", whole("http://127.0.0.1:9/a", in(3600), "", ""));
  insert("two", "http://127.0.0.1:9/b", "POST", whole("http://127.0.0.1:9/b", in(7200), "post", "a=1&a=2"));
  insert("", "http://127.0.0.1:9/c", "GET", whole("http://127.0.0.1:9/c", in(7200), "get", ""));
  insert("done", "http://127.0.0.1:9/d", "GET", whole("http://127.0.0.1:9/d", in(60), "", ""), 1);
  insert("dead", "http://127.0.0.1:9/d", "GET", whole("http://127.0.0.1:9/d", in(60), "", ""), 3);
  const auto before = checksum();
  start_node();
  const auto first = import();
  EXPECT_EQ(first.code, 0) << first.error;
  EXPECT_THAT(first.error, HasSubstr("3 waiting tasks: 3 taken, 0 taken before, 0 that can't be taken"));
  EXPECT_THAT(first.out, AllOf(HasSubstr("[front.delay_queue]\n"), HasSubstr("[redis.delay_queue]\n"),
                               HasSubstr("POST http://127.0.0.1:9/b"), HasSubstr("taken")));
  EXPECT_THAT(import().error, HasSubstr("0 taken, 3 taken before"));
  EXPECT_EQ(jobs().size(), 3u);
  // Also when the job has ended.
  for (const auto& job : jobs())
    ASSERT_EQ(node->request("POST", "/api/v1/jobs/" + job["id"].get<std::string>() + "/cancel").status, 200);
  EXPECT_THAT(import().error, HasSubstr("0 taken, 3 taken before"));
  EXPECT_EQ(jobs().size(), 3u);
  EXPECT_EQ(checksum(), before) << "the service's database is only read";
  EXPECT_EQ(node->get("/api/v1/jobs?external_id=two")["items"][0]["unique_key"], "delay_queue:two");
}

TEST_F(mariadb_import_test, a_dry_run_says_what_would_come_and_changes_nothing) {
  insert("one", "http://127.0.0.1:9/a", "GET", whole("http://127.0.0.1:9/a", "2099-01-01T08:00:00+08:00", "", ""));
  start_node();
  const auto asked = import({"--dry-run"});
  EXPECT_EQ(asked.code, 0) << asked.error;
  EXPECT_THAT(asked.out, AllOf(HasSubstr("listen = \"0.0.0.0:8080\""), HasSubstr("2099-01-01T00:00:00.000Z"),
                               HasSubstr("to take"), HasSubstr("GET http://127.0.0.1:9/a")));
  EXPECT_TRUE(jobs().empty());
  EXPECT_EQ(node->terminate(), 0);
  EXPECT_EQ(import({"--dry-run"}).code, 0) << "it needs no node";
  const auto without_node = import();
  EXPECT_EQ(without_node.code, 3);
  EXPECT_THAT(without_node.out, HasSubstr("[front.delay_queue]"));
}

TEST_F(mariadb_import_test, rows_that_can_not_be_taken_are_listed_with_the_reason) {
  const std::string url = "http://127.0.0.1:9/" + std::string(180, 'u');
  insert("good", url, "GET", whole(url, in(3600), "", ""));
  insert("cut", url, "POST", whole(url, in(3600), "post", "a=1"));
  insert("ftp", "ftp://127.0.0.1/", "GET", whole("ftp://127.0.0.1/", in(3600), "", ""));
  start_node();
  const auto found = import();
  EXPECT_EQ(found.code, 1);
  EXPECT_THAT(found.error, HasSubstr("3 waiting tasks: 1 taken, 0 taken before, 2 that can't be taken"));
  const auto all = report();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0]["result"], "taken before");
  EXPECT_THAT(all[0]["note"].get<std::string>(), HasSubstr("cut off at the width of its column"));
  EXPECT_EQ(all[1]["result"], "refused");
  EXPECT_THAT(all[1]["note"].get<std::string>(), HasSubstr("what is to be posted is not known"));
  EXPECT_EQ(all[2]["result"], "refused");
  EXPECT_THAT(all[2]["note"].get<std::string>(), HasSubstr("http"));
  // By the columns: two rounds of 60 s and 30 s from its add_time.
  const auto job = jobs()[0];
  const auto due = parse_time(job["due_at"].get<std::string>()).value();
  EXPECT_THAT(due.time_since_epoch().count() / 1000 -
                  std::stoll(server->value("select add_time from hs_task limit 1", database)),
              150);
}

TEST_F(mariadb_import_test, a_failed_task_goes_on_where_the_service_left_it) {
  insert("tried", "http://127.0.0.1:9/a", "GET", whole("http://127.0.0.1:9/a", in(-3600), "", ""), 2, 4);
  server->execute("update hs_task set cycle_num = 1", database);
  start_node();
  EXPECT_EQ(import().code, 0);
  const auto job = jobs().at(0);
  EXPECT_EQ(job["retry"]["limit"], 2);
  EXPECT_EQ(job["retry"]["delays"], (json{"1h", "2h"}));
  const auto due = parse_time(job["due_at"].get<std::string>()).value();
  EXPECT_EQ(due.time_since_epoch().count() / 1000 - std::stoll(server->value("select dateline from hs_task", database)),
            180);
}

TEST_F(mariadb_import_test, what_was_taken_is_called_byte_for_byte) {
  target_test::recording_server receiver{target_test::always(200, R"({"success":true})")};
  const std::string body = R"(a=1&a=2&b=%E4%B8%AD&c=中\\'"<>)";
  auto text = whole(receiver.url("/hook"), in(1), "POST", body);
  std::string quoted;
  for (const char letter : text)
    quoted += letter == '\\' || letter == '\'' ? std::string{'\\', letter} : std::string{letter};
  insert("call", receiver.url("/hook"), "POST", quoted);
  start_node();
  EXPECT_EQ(import().code, 0);
  ASSERT_TRUE(node->eventually([&] { return !receiver.requests().empty(); }));
  const auto request = receiver.requests().front();
  EXPECT_EQ(request.body, body);
  EXPECT_EQ(request.header("content-type"), "application/x-www-form-urlencoded");
  ASSERT_TRUE(node->eventually([&] { return jobs()[0]["state"] == "succeeded"; }));
  // And again by the line that its log shows.
  const auto line = jobs()[0]["attempts"][0]["curl"].get<std::string>();
  ASSERT_EQ(std::system((line + " >/dev/null 2>&1").c_str()), 0) << line;
  EXPECT_EQ(receiver.requests().back().body, body);
  EXPECT_EQ(receiver.requests().back().headers, request.headers);
}

TEST_F(mariadb_import_test, takes_many_rows) {
  server->execute(
      "insert into hs_task (queue_index, notify_url, request_method, notify_param, add_time, dateline) select "
      "concat('q', seq), 'http://127.0.0.1:9/', 'GET', "
      "concat('{\"notify_url\":\"http://127.0.0.1:9/\",\"plan_time\":', "
      "4000000000 + seq, '}'), 1, 1 from seq_1_to_2500",
      database);
  start_node();
  const auto found = import();
  EXPECT_EQ(found.code, 0) << found.error;
  EXPECT_THAT(found.error, HasSubstr("2500 waiting tasks: 2500 taken"));
  EXPECT_EQ(node->get("/api/v1/jobs?unique_key=delay_queue:q2500")["items"].size(), 1u);
}

TEST_F(mariadb_import_test, what_is_no_database_of_the_service_is_named) {
  start_node();
  server->execute("drop table hs_task", database);
  auto found = import();
  EXPECT_EQ(found.code, 1);
  EXPECT_THAT(found.error, AllOf(HasSubstr("hs_task"), HasSubstr("prefix")));
  EXPECT_THAT(found.out, HasSubstr("[front.delay_queue]"));
  found = run({"import", "delay_queue", "--config", config, "--database", "mysql://u:hush@127.0.0.1:1/gin"});
  EXPECT_EQ(found.code, 1);
  EXPECT_THAT(found.error, AllOf(HasSubstr("127.0.0.1"), Not(HasSubstr("hush"))));
  EXPECT_EQ(run({"import", "delay_queue", "--config", config, "--settings-only"}).code, 0);
  EXPECT_EQ(run({"import", "delay_queue", "--config", write("bad.yaml", "server: [")}).code, 2);
  EXPECT_EQ(run({"import", "delay_queue", "--config", "/nowhere.yaml"}).code, 2);
  EXPECT_EQ(run({"import", "delay_queue"}).code, 2);
}

} // namespace
} // namespace wheelwork
