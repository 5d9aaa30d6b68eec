#include "persistence/job_terms.hpp"

namespace wheelwork {

std::string label_term(std::string_view key, std::string_view value) {
  std::string term{"l:"};
  term += key;
  term += '\x1f';
  term += value;
  return term;
}

std::string unique_key_term(std::string_view key) { return "u:" + std::string{key}; }

std::string external_id_term(std::string_view id) { return "e:" + std::string{id}; }

std::string task_term(int64_t task) { return "t:" + std::to_string(task); }

std::string state_term(job_state state) { return "s:" + std::to_string(number_of(state)); }

std::vector<std::string> terms_of_row(const stored_row& row, int first) {
  std::vector<std::string> terms;
  if (const auto task = row.optional_integer(first)) terms.push_back(task_term(*task));
  for (const auto& [key, value] : labels_from_column(row.text(first + 1))) terms.push_back(label_term(key, value));
  if (!row.is_null(first + 2)) terms.push_back(unique_key_term(row.text(first + 2)));
  if (!row.is_null(first + 3)) terms.push_back(external_id_term(row.text(first + 3)));
  return terms;
}

std::vector<std::string> terms_of(const new_job& made) {
  std::vector<std::string> terms;
  if (value_of(made.made.task) != 0) terms.push_back(task_term(static_cast<int64_t>(value_of(made.made.task))));
  for (const auto& [key, value] : made.marks) terms.push_back(label_term(key, value));
  if (!made.unique_key.empty()) terms.push_back(unique_key_term(made.unique_key));
  if (!made.external_id.empty()) terms.push_back(external_id_term(made.external_id));
  return terms;
}

} // namespace wheelwork
