// The limit of a MySQL or MariaDB server for batches of jobs: a client with nothing else to do writes the rows of a
// whole life, a thousand jobs in each transaction: a multi-row insert, a delete by ids, a multi-row insert into a table
// of finished ones with the same columns as the journal has.
//   mysql_batches SOCKET DATABASE [BATCHES] [CLIENTS]
// Prints jobs a second. It makes the tables bare_job and bare_history and drops them.
#include <mysql.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr long jobs_of_batch = 1000;

class client {
public:
  client(const char* socket, const char* database) : handle_{mysql_init(nullptr)} {
    if (!mysql_real_connect(handle_, nullptr, "root", "", database, 0, socket, CLIENT_MULTI_STATEMENTS))
      throw std::runtime_error{mysql_error(handle_)};
    run("set session transaction isolation level read committed");
  }
  client(const client&) = delete;
  client& operator=(const client&) = delete;
  ~client() { mysql_close(handle_); }
  void run(const std::string& sql) {
    if (mysql_real_query(handle_, sql.data(), sql.size()) != 0) throw std::runtime_error{mysql_error(handle_)};
    do {
      if (MYSQL_RES* const rows = mysql_store_result(handle_)) mysql_free_result(rows);
    } while (mysql_next_result(handle_) == 0);
  }

private:
  MYSQL* handle_;
};

constexpr char make_tables[] = R"sql(
drop table if exists bare_job, bare_history;
create table bare_job (id bigint primary key, due_at bigint not null, task bigint, fire_time bigint,
  target bigint not null, created_at bigint not null, started_at bigint, attempt integer not null,
  retries_used integer not null, shard smallint not null, fire_shard smallint, lost_in_row tinyint not null,
  priority tinyint not null, origin tinyint not null, running boolean not null, started_node text, content_type text,
  labels longtext, unique_key varchar(255), external_id varchar(255), payload longblob,
  key (shard, running, due_at, id), key (fire_shard)) engine = innodb;
create table bare_history (id bigint, due_at bigint not null, task bigint, fire_time bigint, target bigint not null,
  created_at bigint not null, finished_at bigint not null, last_started_at bigint, last_finished_at bigint,
  attempt integer not null, retries_used integer not null, last_number integer, shard smallint not null,
  lost_in_row tinyint not null, priority tinyint not null, origin tinyint not null, state tinyint not null,
  last_outcome tinyint, reason longtext, content_type text, labels longtext, unique_key varchar(255),
  external_id varchar(255), last_node text, last_error longtext, last_response longtext, payload longblob,
  primary key (id, finished_at)) engine = innodb)sql";

void write_batches(client& database, long first, long batches) {
  const std::string body = "_binary'{\"text\":\"" + std::string(89, 'x') + "\"}'";
  for (long batch = 0; batch < batches; ++batch) {
    const long begin = first + batch * jobs_of_batch;
    std::string jobs = "insert into bare_job (id, shard, due_at, target, attempt, retries_used, lost_in_row, priority, "
                       "origin, running, created_at, payload) values ";
    std::string ended = "insert into bare_history (id, shard, due_at, target, attempt, retries_used, lost_in_row, "
                        "priority, origin, state, created_at, finished_at, last_number, last_node, last_started_at, "
                        "last_finished_at, last_outcome, payload) values ";
    std::string ids;
    for (long job = 0; job < jobs_of_batch; ++job) {
      const std::string comma = job == 0 ? "" : ",", shard = std::to_string(job / 125);
      jobs += comma + "(" + std::to_string(begin + job) + "," + shard + ",1790000000000,1,0,0,0,5,0,0,1790000000000," +
              body + ")";
      const std::string id = std::to_string(begin - jobs_of_batch + job);
      ids += comma + id;
      ended += comma + "(" + id + "," + shard +
               ",1790000000000,1,1,0,0,5,0,2,1790000000000,1790000000005,1,'benchmark',1790000000005,1790000000005,0," +
               body + ")";
    }
    database.run("start transaction");
    if (batch > 0) {
      database.run(ended);
      database.run("delete from bare_job where id in (" + ids + ")");
    }
    database.run(jobs);
    database.run("commit");
  }
}

} // namespace

int main(int count, char** arguments) {
  if (count < 3) {
    std::fputs("mysql_batches SOCKET DATABASE [BATCHES] [CLIENTS]\n", stderr);
    return 2;
  }
  const long batches = count > 3 ? std::atol(arguments[3]) : 400, clients = count > 4 ? std::atol(arguments[4]) : 1;
  try {
    mysql_library_init(0, nullptr, nullptr);
    client owner{arguments[1], arguments[2]};
    owner.run(make_tables);
    const auto begin = std::chrono::steady_clock::now();
    std::vector<std::thread> threads;
    for (long number = 0; number < clients; ++number)
      threads.emplace_back([&, number] {
        client database{arguments[1], arguments[2]};
        write_batches(database, 1'000'000'000L * (number + 1), batches);
      });
    for (std::thread& thread : threads) thread.join();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    std::printf("%.0f\n", static_cast<double>(clients * batches * jobs_of_batch) / took.count());
    owner.run("drop table bare_job, bare_history");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
