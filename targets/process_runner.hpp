// Runs process targets: each attempt under a small helper process that outlives this node and leaves the result in a
// file.
#pragma once

#include "schedule/result.hpp"
#include "targets/runner.hpp"

namespace wheelwork {

struct process_runner_settings {
  std::vector<std::string> allow;  ///< executables that jobs may start: absolute paths, `*` as wildcard; empty: none
  milliseconds kill_grace{10'000}; ///< between TERM and KILL
  size_t output_limit = 64 << 10;  ///< bytes kept of stdout and stderr together
  std::string records_dir;         ///< where helpers keep their records and results; made if missing
  std::string
      helper_path; ///< the program that runs process_helper_main as `PROGRAM process-helper FOLDER`: wheelwork itself
  milliseconds lock_patience{10'000}; ///< how long to wait for the process host of an earlier node to end
};

/// An attempt that a helper of an earlier incarnation started: still running, or ended with its result unread.
struct adopted_attempt {
  job_id id{};
  uint32_t number = 0;
  wall_time started_at{};
};

class process_runner : public runner {
public:
  /// What helpers of earlier incarnations left, read once at start before anything is declared lost. Each is answered
  /// through the sink like an attempt that was given to run(): at once if it has ended.
  virtual std::vector<adopted_attempt> adopt() = 0;
  /// The outcome of an attempt is committed: its records are no longer needed. Until then a later adopt() answers the
  /// attempt again. May be called for attempts that have none.
  void settled(job_id id, uint32_t number) override = 0;
  /// Replaces the list of executables that jobs may start, for attempts from now on. On an error, which names the
  /// pattern, nothing changes.
  virtual result<void, std::string> set_allow(std::vector<std::string> patterns) = 0;
};

/// Throws std::runtime_error when the records folder can't be used, another node uses it, the helper is not there or
/// `allow` holds a pattern that can't be right.
std::unique_ptr<process_runner> make_process_runner(process_runner_settings settings, attempt_identity identity,
                                                    const clock_source& clock, results_sink sink);

} // namespace wheelwork
