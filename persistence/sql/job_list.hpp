// Lists of jobs: one walk from the newest id down over live jobs and one over history, each along the index that the
// filter allows. What is put together here is the text of such a walk, in the words of one database.
#pragma once

#include "persistence/journal.hpp"

#include <limits>
#include <variant>

namespace wheelwork {

/// A value of a text that was put together at run time.
using sql_value = std::variant<int64_t, std::string>;

/// How a database says it. Jobs are `j`, terms `l`.
struct job_list_texts {
  char placeholder;            ///< before the number of a value
  const char* live_view;       ///< `select …` with the columns of decode_view()
  const char* history_view;    ///< the same
  const char* live_by_term;    ///< `from …`: from a term to its jobs in the order of their ids
  const char* history_by_term; ///< the same
  const char* running;         ///< condition
  const char* not_running;     ///< condition
  const char* all_running;     ///< `from …`: the few that run, along their index
  const char* along_running;   ///< condition that belongs to it
  bool unhappy_by_term;        ///< jobs that ended badly have a term for it, in place of an index
  const char* other_state;     ///< condition on the state where its index must not lead, with a `?`
};

struct job_list_query {
  std::string text; ///< its last value is the limit, which is not among `values`
  std::vector<sql_value> values;
};

struct id_span {
  int64_t lowest = 0;
  int64_t end = std::numeric_limits<int64_t>::max(); ///< exclusive
};

/// The ids that jobs of the filter can have. Ids hold a time that is near created_at: at most `ahead` milliseconds
/// before it and `behind` after it, so that a list of last week does not walk over this week's jobs.
id_span ids_of_filter(const job_filter& filter, int64_t ahead, int64_t behind);

/// `task`: the row of filter.task_name, none when the filter has no name.
job_list_query query_of_list(const job_list_texts& texts, const job_filter& filter, bool live,
                             std::optional<int64_t> task, const id_span& ids);

} // namespace wheelwork
