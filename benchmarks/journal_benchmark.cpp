// How fast the SQLite journal is: whole lives in batches, single rows beside what SQLite itself can do, windows, and a
// start with millions of jobs. Medians of alternating rounds:
//   journal_benchmark --benchmark_enable_random_interleaving=true --benchmark_repetitions=5
//   --benchmark_report_aggregates_only=true
// WHEELWORK_BENCHMARK_JOBS (default 5000000) is the size of the large database; TMPDIR says on which disk everything
// lies.
#include "messages/json.hpp"
#include "persistence/journal.hpp"

#include <benchmark/benchmark.h>
#include <nlohmann/json.hpp>
#include <sqlite3.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace wheelwork {
namespace {

constexpr uint16_t shards = 64;
constexpr int64_t begin_of_time = 1'790'000'000'000;

class standing_clock final : public clock_source {
public:
  wall_time wall_now() const override { return wall_time{milliseconds{begin_of_time}}; }
  std::chrono::steady_clock::time_point steady_now() const override { return {}; }
};
const standing_clock fixed_clock;

class folder {
public:
  explicit folder(const std::string& name)
      : path_{std::filesystem::temp_directory_path() / ("wheelwork-" + name + "-" + std::to_string(::getpid()))} {
    std::filesystem::create_directories(path_);
  }
  ~folder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return (path_ / name).string(); }

private:
  std::filesystem::path path_;
};

std::unique_ptr<journal> open(const std::string& path) {
  journal_options options;
  options.url = "sqlite://" + path;
  options.node_name = "benchmark";
  options.clock = &fixed_clock;
  auto opened = open_journal(options);
  if (!opened) throw std::runtime_error{opened.error()};
  return std::move(*opened);
}

/// Jobs as pushes make them: ids that grow, shards in turn.
class job_maker {
public:
  job_maker()
      : how_{std::make_shared<resolved_target>(*resolved_target_from_json(
            nlohmann::json::parse(R"({"target":{"native":{"handler":"noop"}}})"), json_context{}))},
        body_{payload::json("{\"text\":\"" + std::string(89, 'x') + "\"}")} {}

  journal_change batch(size_t jobs, wall_time due) {
    journal_change change;
    change.shard = shard_id{static_cast<uint16_t>(made_++ % shards)};
    for (size_t sequence = 0; sequence < jobs; ++sequence) {
      new_job& one = change.inserts.emplace_back();
      one.made.id = job_id{make_id(begin_of_time + made_, change.shard, sequence)};
      one.made.due_at = due;
      one.made.how = how_;
      one.made.body = body_;
      one.created_at = wall_time{milliseconds{begin_of_time}};
    }
    return change;
  }

private:
  uint64_t made_ = 0;
  resolved_target_ptr how_;
  payload body_;
};

void end_all(const journal_change& pushed, journal_change& into) {
  for (const new_job& one : pushed.inserts) {
    job_end& end = into.ends.emplace_back();
    end.id = one.made.id;
    end.finished_at = wall_time{milliseconds{begin_of_time + 5}};
    end.attempt = 1;
    attempt_record& last = end.last.emplace();
    last.number = 1;
    last.node = "benchmark";
    last.started_at = last.finished_at = end.finished_at;
    last.outcome = attempt_outcome::succeeded;
  }
}

void commit(journal_writer& writer, const std::vector<journal_change>& changes, benchmark::State& state) {
  const auto receipts = writer.commit(changes);
  if (!receipts) return state.SkipWithError(receipts.error().message.c_str());
  for (const journal_receipt& one : *receipts)
    if (one.error || !one.missing.empty()) state.SkipWithError("a change was not applied whole");
}

// Each commit pushes as many jobs as it ends: those of the commit before.
void whole_life(benchmark::State& state) {
  const folder place{"life"};
  const auto opened = open(place.file("journal.db"));
  const auto writer = opened->open_writer();
  job_maker maker;
  const auto jobs = static_cast<size_t>(state.range(0));
  std::vector<journal_change> before;
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<journal_change> changes;
    for (size_t left = jobs; left > 0;) {
      const size_t size = std::min<size_t>(left, 125);
      changes.push_back(maker.batch(size, wall_time{milliseconds{begin_of_time}}));
      left -= size;
    }
    for (const journal_change& old : before) {
      journal_change& ends = changes.emplace_back();
      ends.shard = old.shard;
      end_all(old, ends);
    }
    state.ResumeTiming();
    commit(*writer, changes, state);
    state.PauseTiming();
    changes.resize((jobs + 124) / 125);
    before = std::move(changes);
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(whole_life)->Arg(1000)->Iterations(1500)->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK(whole_life)->Arg(60)->Iterations(4000)->Unit(benchmark::kMicrosecond)->UseRealTime();

void one_row_a_commit(benchmark::State& state) {
  const folder place{"row"};
  const auto opened = open(place.file("journal.db"));
  const auto writer = opened->open_writer();
  job_maker maker;
  for (auto _ : state) commit(*writer, {maker.batch(1, wall_time{milliseconds{begin_of_time}})}, state);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(one_row_a_commit)->Iterations(8000)->Unit(benchmark::kMicrosecond)->UseRealTime();

// The limit: the plainest table, one prepared insert, WAL and FULL like ours, that many rows a transaction.
void rows_by_sqlite_alone(benchmark::State& state) {
  const folder place{"bare"};
  sqlite3* database = nullptr;
  sqlite3_open_v2(place.file("bare.db").c_str(), &database,
                  SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  const auto execute = [&](const char* sql) {
    if (sqlite3_exec(database, sql, nullptr, nullptr, nullptr) != SQLITE_OK)
      state.SkipWithError(sqlite3_errmsg(database));
  };
  execute("pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 4000;"
          "create table row (id integer primary key, body blob)");
  sqlite3_stmt* insert = nullptr;
  sqlite3_prepare_v2(database, "insert into row (body) values (zeroblob(100))", -1, &insert, nullptr);
  for (auto _ : state) {
    execute("begin immediate");
    for (int64_t row = 0; row < state.range(0); ++row) {
      if (sqlite3_step(insert) != SQLITE_DONE) state.SkipWithError(sqlite3_errmsg(database));
      sqlite3_reset(insert);
    }
    execute("commit");
  }
  sqlite3_finalize(insert);
  sqlite3_close(database);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(rows_by_sqlite_alone)->Arg(1)->Iterations(8000)->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK(rows_by_sqlite_alone)->Arg(1000)->Iterations(1500)->Unit(benchmark::kMicrosecond)->UseRealTime();

/// Millions of jobs spread over the next day; made once for all that read it.
class large_database {
public:
  static const large_database& get() {
    static const large_database made;
    return made;
  }
  std::string path() const { return place_.file("large.db"); }
  size_t jobs() const { return jobs_; }
  job_id some_job(uint64_t number) const {
    const uint64_t batch = number % (jobs_ / batch_size);
    return job_id{
        make_id(begin_of_time + batch + 1, shard_id{static_cast<uint16_t>(batch % shards)}, number % batch_size)};
  }

private:
  static constexpr size_t batch_size = 1000;
  large_database() {
    const char* wanted = std::getenv("WHEELWORK_BENCHMARK_JOBS");
    jobs_ = wanted ? std::strtoull(wanted, nullptr, 10) : 5'000'000;
    const auto opened = open(path());
    const auto writer = opened->open_writer();
    job_maker maker;
    for (size_t done = 0; done < jobs_; done += batch_size) {
      journal_change change = maker.batch(batch_size, {});
      for (size_t at = 0; at < change.inserts.size(); ++at)
        change.inserts[at].made.due_at =
            wall_time{milliseconds{begin_of_time + static_cast<int64_t>((done + at) * 7919 % 86'400'000)}};
      if (!writer->commit({change})) throw std::runtime_error{"the large database could not be filled"};
    }
  }
  folder place_{"large"};
  size_t jobs_ = 0;
};

void first_windows_of_all_shards(benchmark::State& state) {
  const large_database& large = large_database::get();
  size_t jobs = 0;
  for (auto _ : state) {
    const auto opened = open(large.path());
    const auto reader = opened->open_reader();
    for (uint16_t shard = 0; shard < shards; ++shard) {
      const auto window =
          reader->load_window(shard_id{shard}, std::nullopt, wall_time{milliseconds{begin_of_time + 120'000}}, 100'000);
      if (!window) return state.SkipWithError(window.error().message.c_str());
      jobs += window->jobs.size();
    }
  }
  state.counters["jobs"] = benchmark::Counter(static_cast<double>(jobs), benchmark::Counter::kAvgIterations);
}
BENCHMARK(first_windows_of_all_shards)->Iterations(3)->Unit(benchmark::kMillisecond)->UseRealTime();

void window(benchmark::State& state) {
  const auto opened = open(large_database::get().path());
  const auto reader = opened->open_reader();
  std::optional<load_position> after;
  int64_t rows = 0;
  uint16_t shard = 0;
  for (auto _ : state) {
    const auto found =
        reader->load_window(shard_id{shard}, after, wall_time{milliseconds{begin_of_time + 90'000'000}}, 10'000);
    if (!found) return state.SkipWithError(found.error().message.c_str());
    rows += static_cast<int64_t>(found->jobs.size());
    after.reset();
    if (found->complete)
      shard = static_cast<uint16_t>((shard + 1) % shards);
    else
      after = load_position{found->jobs.back().due_at, found->jobs.back().id};
  }
  state.SetItemsProcessed(rows);
}
BENCHMARK(window)->Iterations(100)->Unit(benchmark::kMicrosecond)->UseRealTime();

void find_job(benchmark::State& state) {
  const large_database& large = large_database::get();
  const auto opened = open(large.path());
  const auto reader = opened->open_reader();
  uint64_t number = 0;
  for (auto _ : state) {
    const auto found = reader->find_job(large.some_job(number += 104'729));
    if (!found || !*found) return state.SkipWithError("a job was not found");
  }
}
BENCHMARK(find_job)->Iterations(20000)->Unit(benchmark::kMicrosecond)->UseRealTime();

void list_newest(benchmark::State& state) {
  const auto opened = open(large_database::get().path());
  const auto reader = opened->open_reader();
  for (auto _ : state) {
    const auto found = reader->list_jobs({});
    if (!found || found->size() != 100) return state.SkipWithError("the list is not whole");
  }
}
BENCHMARK(list_newest)->Iterations(200)->Unit(benchmark::kMicrosecond)->UseRealTime();

} // namespace
} // namespace wheelwork
