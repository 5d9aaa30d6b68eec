// Lists of jobs: one walk from the newest id down over live jobs and one over history, each along the index that the
// filter allows.
#include "persistence/job_terms.hpp"
#include "persistence/postgres/job_query.hpp"
#include "persistence/postgres/reader.hpp"
#include "persistence/postgres/sql_read.hpp"
#include "persistence/postgres/sql_write.hpp"
#include "persistence/postgres/target_rows.hpp"

#include <algorithm>

namespace wheelwork::postgres {

namespace {

// A text that grows condition by condition, and its values. A `?` stands for the next value.
class job_query {
public:
  job_query(std::string start, std::string_view order) : text_{std::move(start)}, order_{order} {}
  void join(std::string_view text) { text_ += text; }
  void where(std::string_view condition) {
    text_ += first_ ? " where " : " and ";
    text_ += condition;
    first_ = false;
  }
  void where(std::string_view condition, value wanted) {
    values_.push_back(std::move(wanted));
    std::string numbered{condition};
    numbered.replace(numbered.find('?'), 1, "$" + std::to_string(values_.size()));
    where(numbered);
  }
  std::string text() const {
    return text_ + std::string{order_} + " desc limit $" + std::to_string(values_.size() + 1);
  }
  rows start(connection& database, size_t limit) const {
    std::vector<value> values = values_;
    values.emplace_back(limit);
    return database.query_text(text(), values);
  }

private:
  std::string text_;
  std::string_view order_;
  bool first_ = true;
  std::vector<value> values_;
};

struct id_span {
  int64_t lowest = 0;
  int64_t end = std::numeric_limits<int64_t>::max(); ///< exclusive
};

// Ids hold a time that is near created_at; how near is known, so that a list of last week does not walk over this
// week's jobs.
id_span ids_created(connection& database, const job_filter& filter) {
  id_span span;
  if (filter.below)
    span.end = static_cast<int64_t>(std::min<uint64_t>(value_of(*filter.below), std::numeric_limits<int64_t>::max()));
  if (!filter.created_from && !filter.created_until) return span;
  auto bounds = database.query(sql::read_id_bounds);
  if (!bounds.next()) return span;
  constexpr int64_t latest = int64_t{1} << 43;
  const auto id_at = [](int64_t time) {
    return static_cast<int64_t>(
        make_id(static_cast<uint64_t>(std::clamp<int64_t>(time, 0, latest - 1)), shard_id{0}, 0));
  };
  if (filter.created_from) span.lowest = id_at(to_column(*filter.created_from) - bounds->integer(1) - 1);
  if (filter.created_until)
    span.end = std::min(span.end, id_at(to_column(*filter.created_until) + bounds->integer(0) + 1));
  return span;
}

enum class table { live, history };

struct list_source {
  table from;
  std::optional<int64_t> task;
};

bool states_fit(table from, const std::optional<job_state>& state) {
  return !state || is_final(*state) == (from == table::history);
}

std::vector<std::string> terms_of_filter(const job_filter& filter, std::optional<int64_t> task) {
  std::vector<std::string> terms; // the first one leads: those of few jobs come first
  if (filter.unique_key) terms.push_back(unique_key_term(*filter.unique_key));
  if (filter.external_id) terms.push_back(external_id_term(*filter.external_id));
  for (const auto& [key, value] : filter.marks) terms.push_back(label_term(key, value));
  if (task) terms.push_back(task_term(*task));
  return terms;
}

job_query query_for(const job_filter& filter, const list_source& source, const id_span& ids) {
  const bool live = source.from == table::live;
  const std::string name = live ? "ww_job" : "ww_job_history";
  const std::vector<std::string> terms = terms_of_filter(filter, source.task);
  const bool running = filter.state == job_state::running;
  // Few jobs run and few end badly, so their index leads unless a term of one or few jobs does.
  const bool unhappy = !live && filter.state && *filter.state != job_state::succeeded;
  const bool by_term = !terms.empty() && !(unhappy && !filter.unique_key && !filter.external_id);
  job_query query{live ? sql::live_view : sql::history_view, by_term ? " order by l.job_id" : " order by j.id"};
  size_t next_term = 0;
  if (by_term) {
    // `limit 1` fixes the order: from the term to its jobs, newest first.
    query.join("from ww_job_term l cross join lateral (select * from " + name + " h where h.id = l.job_id limit 1) j");
    query.where("l.term = ?", terms[next_term++]);
    query.where("l.job_id >= ?", ids.lowest);
    query.where("l.job_id < ?", ids.end);
  } else {
    // `offset 0` fixes the order: from the few that run to their ids, not the other way round.
    query.join(running ? "from (select * from ww_job where shard = any(array(select shard::smallint from ww_shard)) "
                         "and running offset 0) j"
                       : "from " + name + " j");
    query.where("j.id >= ?", ids.lowest);
    query.where("j.id < ?", ids.end);
  }
  if (live && filter.state) {
    query.where(running ? "running" : "not running");
  } else if (filter.state) {
    if (unhappy && !by_term) query.where("state > 2");
    query.where("state = ?", number_of(*filter.state));
  }
  // The index of unhappy ones has the task beside the id, so that other tasks' rows are passed over without being read.
  if (unhappy && !by_term && source.task) query.where("task = ?", *source.task);
  for (; next_term < terms.size(); ++next_term)
    query.where("exists (select 1 from ww_job_term x where x.term = ? and x.job_id = j.id)", terms[next_term]);
  if (filter.created_from) query.where("created_at >= ?", to_column(*filter.created_from));
  if (filter.created_until) query.where("created_at < ?", to_column(*filter.created_until));
  return query;
}

std::vector<std::optional<int64_t>> tasks_named(connection& database, const std::optional<std::string>& name) {
  if (!name) return {std::nullopt};
  std::vector<std::optional<int64_t>> tasks;
  for (auto all = database.query(sql::tasks_of_name, *name); all.next();) tasks.emplace_back(all->integer(0));
  return tasks;
}

} // namespace

std::string text_of_list(const job_filter& filter, bool live, std::optional<int64_t> task) {
  return query_for(filter, {live ? table::live : table::history, task}, {}).text();
}

std::vector<job_view> list_jobs(connection& database, stored_targets& targets, const job_filter& filter) {
  std::vector<job_view> found;
  const id_span ids = ids_created(database, filter);
  // A name that was deleted and used again stands for several tasks: one walk each, since only then the order comes
  // from an index.
  for (const auto& task : tasks_named(database, filter.task_name)) {
    for (const table from : {table::live, table::history}) {
      if (!states_fit(from, filter.state)) continue;
      const job_query query = query_for(filter, {from, task}, ids);
      auto all = query.start(database, filter.limit);
      read_targets(database, all, target_column, targets);
      while (all.next()) found.push_back(decode_view(all.row(), targets, false));
    }
  }
  std::sort(found.begin(), found.end(), [](const job_view& a, const job_view& b) { return a.what.id > b.what.id; });
  if (found.size() > filter.limit) found.resize(filter.limit);
  return found;
}

} // namespace wheelwork::postgres
