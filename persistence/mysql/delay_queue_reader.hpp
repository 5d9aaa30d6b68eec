// Reads the waiting tasks of a delay_queue service from its database, which it never changes.
#pragma once

#include "schedule/result.hpp"
#include "schedule/time.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace wheelwork::mysql {

/// A row of the table `task`, in the words of its columns; times in seconds since 1970.
struct delay_queue_row {
  int64_t id = 0;
  std::string queue_index;
  int64_t queue_slot = 0, cycle_num = 0; ///< as they were when the row was made
  int64_t retry_num = 0;                 ///< tries that failed
  int64_t dateline = 0;                  ///< the last change
  int64_t add_time = 0;
  std::string notify_url, request_method;
  std::string notify_param;        ///< what came in, whole: JSON
  int64_t state = 0;               ///< 0 waits for its first try, 2 for another one
  bool url_fills_column = false;   ///< the rest may have been cut off
  bool param_fills_column = false; ///< the same
};

class delay_queue_reader {
public:
  /// `url`: mysql://…; `table_prefix`: of its tables. The error says what to do, without the password.
  static result<delay_queue_reader, std::string> open(const std::string& url, const std::string& table_prefix);
  delay_queue_reader(delay_queue_reader&&) noexcept;
  delay_queue_reader& operator=(delay_queue_reader&&) noexcept;
  ~delay_queue_reader();

  /// The waiting rows with an id above this one, lowest first, at most `limit`.
  result<std::vector<delay_queue_row>, std::string> rows_after(int64_t id, size_t limit);
  /// `mysql://USER@HOST/DATABASE`, for messages.
  const std::string& shown() const;
  /// The name of the database and of the table: `gin.hs_task`.
  std::string table() const;

private:
  struct state;
  explicit delay_queue_reader(std::unique_ptr<state> opened);
  std::unique_ptr<state> state_;
};

} // namespace wheelwork::mysql
