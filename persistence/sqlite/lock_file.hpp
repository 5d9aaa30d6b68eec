// One node per database file: a lock that the operating system gives up when the process ends, however it ends.
#pragma once

#include "schedule/result.hpp"

#include <string>

namespace wheelwork::sqlite {

/// Holds `<database>.lock`, with the pid and the node's name in it. The file stays when the lock is given up: deleting
/// it would let two processes hold locks on two files of one name.
class lock_file {
public:
  /// The error names the process that holds the lock; a second lock from this process is refused, too.
  static result<lock_file, std::string> take(const std::string& database_path, const std::string& node_name);

  lock_file(lock_file&& other) noexcept;
  lock_file& operator=(lock_file&& other) noexcept;
  ~lock_file();

private:
  explicit lock_file(int descriptor) : descriptor_{descriptor} {}
  int descriptor_ = -1;
};

} // namespace wheelwork::sqlite
