#include "persistence/sql/job_list.hpp"

#include "persistence/job_terms.hpp"

#include <algorithm>

namespace wheelwork {

namespace {

// A text that grows condition by condition, and its values. A `?` stands for the next value.
class growing_query {
public:
  growing_query(const job_list_texts& texts, std::string_view start) : texts_{texts}, text_{start} {}
  void join(std::string_view text) { text_ += text; }
  void where(std::string_view condition) {
    text_ += first_ ? " where " : " and ";
    text_ += condition;
    first_ = false;
  }
  void where(std::string_view condition, sql_value wanted) {
    values_.push_back(std::move(wanted));
    std::string numbered{condition};
    numbered.replace(numbered.find('?'), 1, placeholder(values_.size()));
    where(numbered);
  }
  job_list_query finish(std::string_view order) && {
    text_ += order;
    text_ += " desc limit " + placeholder(values_.size() + 1);
    return {std::move(text_), std::move(values_)};
  }

private:
  std::string placeholder(size_t number) const { return texts_.placeholder + std::to_string(number); }

  const job_list_texts& texts_;
  std::string text_;
  bool first_ = true;
  std::vector<sql_value> values_;
};

std::vector<std::string> terms_of_filter(const job_filter& filter, std::optional<int64_t> task) {
  std::vector<std::string> terms; // the first one leads: those of few jobs come first
  if (filter.unique_key) terms.push_back(unique_key_term(*filter.unique_key));
  if (filter.external_id) terms.push_back(external_id_term(*filter.external_id));
  for (const auto& [key, value] : filter.marks) terms.push_back(label_term(key, value));
  if (task) terms.push_back(task_term(*task));
  return terms;
}

} // namespace

id_span ids_of_filter(const job_filter& filter, int64_t ahead, int64_t behind) {
  id_span span;
  if (filter.below)
    span.end = static_cast<int64_t>(std::min<uint64_t>(value_of(*filter.below), std::numeric_limits<int64_t>::max()));
  constexpr int64_t latest = int64_t{1} << 43;
  const auto id_at = [](int64_t time) {
    return static_cast<int64_t>(
        make_id(static_cast<uint64_t>(std::clamp<int64_t>(time, 0, latest - 1)), shard_id{0}, 0));
  };
  if (filter.created_from) span.lowest = id_at(filter.created_from->time_since_epoch().count() - behind - 1);
  if (filter.created_until)
    span.end = std::min(span.end, id_at(filter.created_until->time_since_epoch().count() + ahead + 1));
  return span;
}

job_list_query query_of_list(const job_list_texts& texts, const job_filter& filter, bool live,
                             std::optional<int64_t> task, const id_span& ids) {
  std::vector<std::string> terms = terms_of_filter(filter, task);
  const bool running = filter.state == job_state::running;
  // Few jobs run and few end badly, so their index leads unless a term of one or few jobs does.
  const bool unhappy = !live && filter.state && *filter.state != job_state::succeeded;
  const bool unhappy_leads = unhappy && !filter.unique_key && !filter.external_id;
  if (unhappy_leads && texts.unhappy_by_term) terms.insert(terms.begin(), state_term(*filter.state));
  const bool by_term = !terms.empty() && !(unhappy_leads && !texts.unhappy_by_term);
  growing_query query{texts, live ? texts.live_view : texts.history_view};
  size_t next_term = 0;
  if (by_term) {
    query.join(live ? texts.live_by_term : texts.history_by_term);
    query.where("l.term = ?", terms[next_term++]);
    query.where("l.job_id >= ?", ids.lowest);
    query.where("l.job_id < ?", ids.end);
  } else {
    query.join(running ? texts.all_running : live ? "from ww_job j" : "from ww_job_history j");
    query.where("j.id >= ?", ids.lowest);
    query.where("j.id < ?", ids.end);
  }
  if (live && filter.state) {
    query.where(running && !by_term ? texts.along_running : running ? texts.running : texts.not_running);
  } else if (unhappy && !by_term) {
    query.where("state > 2");
    query.where("state = ?", number_of(*filter.state));
    // This index has the task beside the id, so that other tasks' rows are passed over without being read.
    if (task) query.where("task = ?", *task);
  } else if (filter.state) {
    query.where(texts.other_state, number_of(*filter.state));
  }
  for (; next_term < terms.size(); ++next_term)
    query.where("exists (select 1 from ww_job_term x where x.term = ? and x.job_id = j.id)", terms[next_term]);
  if (filter.created_from) query.where("created_at >= ?", to_column(*filter.created_from));
  if (filter.created_until) query.where("created_at < ?", to_column(*filter.created_until));
  return std::move(query).finish(by_term ? " order by l.job_id" : " order by j.id");
}

} // namespace wheelwork
