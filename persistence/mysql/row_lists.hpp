// Many rows in the text of one statement, and as many statements as the server's limit for one asks for. A text that is
// given has its tables with `ww_`; values come in only after those got their names.
#pragma once

#include "persistence/mysql/connection.hpp"

#include <functional>

namespace wheelwork::mysql {

/// Ids as values of a list.
template <class Id>
std::vector<literal> literals_of(const std::vector<Id>& ids) {
  std::vector<literal> made;
  made.reserve(ids.size());
  for (const Id id : ids) made.emplace_back(value_of(id));
  return made;
}

/// `<begin>(…),(…)<end>`: rows of values to insert. They are sent whenever a statement is full, and by finish().
class row_list {
public:
  row_list(connection& database, std::string_view begin, std::string_view end = {});
  template <class... Values>
  void add(const Values&... values) {
    begin_row();
    bool first = true;
    ((text_ += first ? "" : ",", first = false, text_ += literal{values}.text()), ...);
    end_row();
  }
  /// The same, where the function appends the cells with commas between them.
  void add_cells(const std::function<void(std::string&)>& append);
  void finish();

private:
  void begin_row();
  void end_row();

  connection& database_;
  std::string begin_, end_, text_;
  size_t rows_ = 0;
  size_t row_begin_ = 0; ///< in the text
};

/// `<begin>1,2,3<end>`; calls `take` for the answer of each statement. Answers how many rows were affected.
size_t send_list(connection& database, std::string_view begin, const std::vector<literal>& values,
                 std::string_view end = ")", const std::function<void(rows&)>& take = {});

/// Rows that a statement joins with. In its text `{given}` is a derived table `g` of them, and `{name}` a column of it;
/// columns in which all rows are equal cost nothing.
class given_rows {
public:
  /// The first column must tell the rows apart.
  explicit given_rows(std::vector<std::string_view> columns) : names_{std::move(columns)} {}
  template <class... Values>
  void add(const Values&... values) {
    cells_.push_back({literal{values}.text()...});
  }
  /// Ids alone, as the column `id`.
  static given_rows of_ids(const std::vector<literal>& ids);
  /// Answers how many rows were affected.
  size_t send(connection& database, std::string_view sql) const;

private:
  using row = std::vector<std::string>;
  std::string filled(const connection& database, const std::string& sql, size_t first, size_t end) const;
  std::string table_of(const connection& database, const std::vector<bool>& constant, size_t first, size_t end) const;

  std::vector<std::string_view> names_;
  std::vector<row> cells_;
};

} // namespace wheelwork::mysql
