#include "persistence/mysql/row_lists.hpp"

#include <algorithm>

namespace wheelwork::mysql {

namespace {

void check_size(const connection& database, size_t size) {
  if (size <= database.statement_size_max()) return;
  throw failure{error_number::packet_too_large,
                "a row of " + std::to_string(size) +
                    " bytes is more than the server takes: raise its max_allowed_packet"};
}

} // namespace

row_list::row_list(connection& database, std::string_view begin, std::string_view end)
    : database_{database}, begin_{database.with_table_prefix_of(begin)}, end_{database.with_table_prefix_of(end)},
      text_{begin_} {}

void row_list::begin_row() {
  row_begin_ = text_.size();
  text_ += rows_ == 0 ? "(" : ",(";
}

void row_list::end_row() {
  text_ += ')';
  ++rows_;
  if (text_.size() + end_.size() <= database_.statement_size_max()) return;
  if (rows_ > 1) { // the row that is too much goes into the next statement
    const std::string last = text_.substr(row_begin_ + 1);
    text_.resize(row_begin_);
    finish();
    row_begin_ = text_.size();
    text_ += last;
    rows_ = 1;
  }
  check_size(database_, text_.size() + end_.size());
}

void row_list::add_cells(const std::function<void(std::string&)>& append) {
  begin_row();
  append(text_);
  end_row();
}

void row_list::finish() {
  if (rows_ == 0) return;
  text_ += end_;
  database_.send(text_);
  text_ = begin_;
  rows_ = 0;
}

size_t send_list(connection& database, std::string_view begin, const std::vector<literal>& values, std::string_view end,
                 const std::function<void(rows&)>& take) {
  const std::string start = database.with_table_prefix_of(begin), finish = database.with_table_prefix_of(end);
  size_t affected = 0;
  for (size_t at = 0; at < values.size();) {
    std::string text = start;
    const size_t first = at;
    for (; at < values.size(); ++at) {
      const std::string& one = values[at].text();
      if (at > first && text.size() + one.size() + 1 + finish.size() > database.statement_size_max()) break;
      if (at > first) text += ',';
      text += one;
    }
    text += finish;
    check_size(database, text.size());
    rows answer = database.send(text);
    affected += answer.affected();
    if (take) take(answer);
  }
  return affected;
}

given_rows given_rows::of_ids(const std::vector<literal>& ids) {
  given_rows all{{"id"}};
  for (const literal& one : ids) all.cells_.push_back({one.text()});
  return all;
}

std::string given_rows::table_of(const connection& database, const std::vector<bool>& constant, size_t first,
                                 size_t end) const {
  std::string text = "(with g(";
  const auto for_each_column = [&](auto&& append) {
    for (size_t column = 0; column < names_.size(); ++column) {
      if (constant[column]) continue;
      if (column > 0) text += ',';
      append(column);
    }
  };
  for_each_column([&](size_t column) { text += names_[column]; });
  text += ") as (values ";
  for (size_t at = first; at < end; ++at) {
    text += at == first ? "" : ",";
    text += database.is_mariadb() ? "(" : "row(";
    for_each_column([&](size_t column) { text += cells_[at][column]; });
    text += ')';
  }
  return text += ") select * from g) g";
}

std::string given_rows::filled(const connection& database, const std::string& sql, size_t first, size_t end) const {
  std::vector<bool> constant(names_.size());
  for (size_t column = 1; column < names_.size(); ++column)
    constant[column] = std::all_of(cells_.begin() + static_cast<std::ptrdiff_t>(first),
                                   cells_.begin() + static_cast<std::ptrdiff_t>(end),
                                   [&](const row& any) { return any[column] == cells_[first][column]; });
  std::string text;
  size_t plain = 0;
  for (size_t at = sql.find('{'); at != std::string::npos; at = sql.find('{', plain)) {
    text.append(sql, plain, at - plain);
    plain = sql.find('}', at) + 1;
    const std::string_view name = std::string_view{sql}.substr(at + 1, plain - at - 2);
    if (name == "given") {
      text += table_of(database, constant, first, end);
      continue;
    }
    const auto column = static_cast<size_t>(std::find(names_.begin(), names_.end(), name) - names_.begin());
    if (constant.at(column))
      text += cells_[first][column];
    else
      text.append("g.").append(name);
  }
  return text.append(sql, plain);
}

size_t given_rows::send(connection& database, std::string_view sql) const {
  const std::string named = database.with_table_prefix_of(sql);
  const size_t room = database.statement_size_max() - std::min(database.statement_size_max() / 2, 2 * named.size());
  size_t affected = 0;
  for (size_t at = 0; at < cells_.size();) {
    const size_t first = at;
    for (size_t size = 0; at < cells_.size(); ++at) {
      for (const std::string& cell : cells_[at]) size += cell.size() + 6;
      if (at > first && size > room) break;
    }
    const std::string text = filled(database, named, first, at);
    check_size(database, text.size());
    affected += database.send(text).affected();
  }
  return affected;
}

} // namespace wheelwork::mysql
