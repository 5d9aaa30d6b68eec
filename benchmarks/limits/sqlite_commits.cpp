// The limit that a push is compared with: how many single-row transactions a second SQLite makes durable in this folder
// (WAL, synchronous=FULL).
//
//   sqlite_commits FOLDER SECONDS          prints commits a second
#include <sqlite3.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace {

[[noreturn]] void fail(sqlite3* database, const char* what) {
  std::fprintf(stderr, "%s: %s\n", what, sqlite3_errmsg(database));
  std::exit(1);
}

void execute(sqlite3* database, const char* statement) {
  if (sqlite3_exec(database, statement, nullptr, nullptr, nullptr) != SQLITE_OK) fail(database, statement);
}

double commits_per_second(sqlite3* database, std::chrono::duration<double> span) {
  sqlite3_stmt* insert = nullptr;
  if (sqlite3_prepare_v2(database, "insert into job (due_at, payload) values (?, ?)", -1, &insert, nullptr) !=
      SQLITE_OK)
    fail(database, "prepare");
  const std::string payload(100, 'x');
  const auto begin = std::chrono::steady_clock::now();
  auto now = begin;
  long commits = 0;
  for (; now - begin < span; now = std::chrono::steady_clock::now(), ++commits) {
    sqlite3_bind_int64(insert, 1, commits);
    sqlite3_bind_text(insert, 2, payload.data(), static_cast<int>(payload.size()), SQLITE_STATIC);
    if (sqlite3_step(insert) != SQLITE_DONE) fail(database, "insert");
    sqlite3_reset(insert);
  }
  sqlite3_finalize(insert);
  return static_cast<double>(commits) / std::chrono::duration<double>(now - begin).count();
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: sqlite_commits FOLDER SECONDS\n");
    return 2;
  }
  const auto path = std::filesystem::path{argv[1]} / "commits.db";
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path.string() + suffix);
  sqlite3* database = nullptr;
  if (sqlite3_open(path.c_str(), &database) != SQLITE_OK) fail(database, "open");
  execute(database, "pragma journal_mode=wal");
  execute(database, "pragma synchronous=full");
  execute(database, "create table job (id integer primary key, due_at integer, payload blob)");
  std::printf("%.0f\n", commits_per_second(database, std::chrono::duration<double>{std::atof(argv[2])}));
  sqlite3_close(database);
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path.string() + suffix);
}
