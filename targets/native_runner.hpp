// Runs native targets: C++ handlers linked into the program.
#pragma once

#include "targets/runner.hpp"

namespace wheelwork {

/// What a handler sees of its attempt.
struct native_call {
  job_id id;
  uint32_t attempt;
  std::string_view payload;      ///< JSON unless content_type says otherwise
  std::string_view content_type;
  wall_time fire_time;           ///< zero unless a fire of a task
};

/// What a handler says. `finish_after` lets an attempt end later without holding a thread.
struct native_outcome {
  bool succeeded = true;
  std::string error;
  std::string result;            ///< JSON text shown as the attempt's response; empty: none
  milliseconds finish_after{0};
};

/// A handler that throws has failed with the exception's text.
using native_handler = std::function<native_outcome(const native_call&)>;

enum class handler_kind : uint8_t {
  quick,    ///< returns within microseconds: runs on the runner's own thread
  blocking, ///< may take its time: runs on a thread of the pool
};

/// Handlers by name. Filled before the node starts; not changed after that.
class native_registry {
public:
  /// With the built-in `noop`, `sleep` (payload {"ms":5}) and `fail` (payload {"times":2}: fails that often, then succeeds).
  native_registry();
  void add(std::string name, native_handler handler, handler_kind kind = handler_kind::blocking);
  struct entry {
    native_handler handler;
    handler_kind kind;
  };
  /// None: no such handler.
  const entry* find(const std::string& name) const;
  std::vector<std::string> names() const;

private:
  std::map<std::string, entry> handlers_;
};

std::unique_ptr<runner> make_native_runner(std::shared_ptr<const native_registry> registry, size_t threads, attempt_identity identity,
                                           const clock_source& clock, results_sink sink);

} // namespace wheelwork
