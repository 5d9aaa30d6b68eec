// Takes the place of the system's resolver in this test program: tests say what a name resolves to, and may hold an
// answer back.
#pragma once

#include <string>
#include <vector>

namespace wheelwork::target_test {

/// For as long as it lives, `name` resolves to these IPv4 addresses, the n-th look-up to the n-th (the last one
/// repeats). Other names are left to the system.
class scripted_name {
public:
  scripted_name(std::string name, std::vector<std::string> addresses);
  ~scripted_name();
  scripted_name(const scripted_name&) = delete;
  scripted_name& operator=(const scripted_name&) = delete;

private:
  std::string name_;
};

/// For as long as it lives, look-ups of `name` don't return; its end lets them fail.
class stuck_name {
public:
  explicit stuck_name(std::string name);
  ~stuck_name();
  stuck_name(const stuck_name&) = delete;
  stuck_name& operator=(const stuck_name&) = delete;
  /// Returns once a look-up hangs.
  void wait_until_asked();

private:
  std::string name_;
};

} // namespace wheelwork::target_test
