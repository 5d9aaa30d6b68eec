// The limit that batches on PostgreSQL are compared with: how many whole lives a second a bare client writes into the
// tables that `wheelwork migrate` made. In one transaction each: COPY of a thousand live rows; then their delete by id
// and COPY of a thousand rows of history.
//
//   postgres_rows CONNINFO SECONDS CONNECTIONS          prints lives a second
#include <libpq-fe.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr int rows_of_batch = 1000;
constexpr char live_columns[] = "id, due_at, target, created_at, attempt, retries_used, shard, lost_in_row, priority, "
                                "origin, running, payload";
constexpr char history_columns[] =
    "id, due_at, target, created_at, finished_at, last_started_at, last_finished_at, attempt, retries_used, "
    "last_number, shard, lost_in_row, priority, origin, state, last_outcome, last_node, payload";

[[noreturn]] void fail(PGconn* database, const std::string& what) {
  std::fprintf(stderr, "%s: %s\n", what.c_str(), PQerrorMessage(database));
  std::exit(1);
}

void execute(PGconn* database, const std::string& statement, ExecStatusType wanted = PGRES_COMMAND_OK) {
  PGresult* answer = PQexec(database, statement.c_str());
  if (PQresultStatus(answer) != wanted) fail(database, statement.substr(0, 60));
  PQclear(answer);
}

void copy(PGconn* database, const std::string& into, const std::string& rows) {
  execute(database, "copy " + into + " from stdin", PGRES_COPY_IN);
  if (PQputCopyData(database, rows.data(), static_cast<int>(rows.size())) != 1 || PQputCopyEnd(database, nullptr) != 1)
    fail(database, "copy");
  while (PGresult* answer = PQgetResult(database)) {
    if (PQresultStatus(answer) != PGRES_COMMAND_OK) fail(database, "copy");
    PQclear(answer);
  }
}

/// A thousand lives as batches of pushes make them: two transactions.
void write_batch(PGconn* database, long long first_id, int shard) {
  const std::string payload = "\\\\x" + [] {
    std::string hex;
    for (int each = 0; each < 100; ++each) hex += "78";
    return hex;
  }();
  std::string live, history, ids = "{";
  for (int each = 0; each < rows_of_batch; ++each) {
    const std::string id = std::to_string(first_id + each), in_shard = std::to_string(shard);
    live += id + "\t1790000000000\t1\t1790000000000\t0\t0\t" + in_shard + "\t0\t5\t2\tf\t" + payload + "\n";
    history += id + "\t1790000000000\t1\t1790000000000\t1790000000010\t1790000000005\t1790000000010\t1\t0\t1\t" +
               in_shard + "\t0\t5\t2\t2\t1\tnode\t" + payload + "\n";
    ids += (each ? "," : "") + id;
  }
  execute(database, "begin");
  copy(database, std::string{"ww_job ("} + live_columns + ")", live);
  execute(database, "commit");
  execute(database, "begin");
  ids += "}";
  const char* values[] = {ids.c_str()};
  PGresult* answer = PQexecParams(database, "delete from ww_job where id = any($1::bigint[])", 1, nullptr, values,
                                  nullptr, nullptr, 0);
  if (std::string{PQcmdTuples(answer)} != std::to_string(rows_of_batch)) fail(database, "delete");
  PQclear(answer);
  copy(database, std::string{"ww_job_history ("} + history_columns + ")", history);
  execute(database, "commit");
}

} // namespace

int main(int count, char** arguments) {
  if (count != 4) {
    std::fprintf(stderr, "usage: postgres_rows CONNINFO SECONDS CONNECTIONS\n");
    return 2;
  }
  const std::chrono::duration<double> span{std::atof(arguments[2])};
  const int connections = std::atoi(arguments[3]);
  std::vector<PGconn*> databases;
  for (int each = 0; each < connections; ++each) {
    databases.push_back(PQconnectdb(arguments[1]));
    if (PQstatus(databases.back()) != CONNECTION_OK) fail(databases.back(), "connect");
    // As a writer of wheelwork does, so that the same plan finds the rows.
    execute(databases.back(), "set enable_seqscan = off");
  }
  execute(databases[0], "create table if not exists ww_job_history_limit partition of ww_job_history for values from "
                        "(1790000000000) to (1790086400000)");
  std::atomic<long long> lives{0};
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (int each = 0; each < connections; ++each)
    threads.emplace_back([&, each] {
      long long id = 1 + each * 1'000'000'000'000LL;
      for (int round = 0; std::chrono::steady_clock::now() - begin < span; ++round, id += rows_of_batch) {
        write_batch(databases[static_cast<size_t>(each)], id, round % 64);
        lives += rows_of_batch;
      }
    });
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  for (PGconn* database : databases) PQfinish(database);
  std::printf("%.0f\n", static_cast<double>(lives.load()) / took.count());
  return 0;
}
