// Runs native targets: C++ handlers linked into the program.
#pragma once

#include "targets/runner.hpp"

#include <stop_token>

namespace wheelwork {

/// What a handler sees of its attempt.
struct native_call {
  job_id id;
  uint32_t attempt;
  std::string_view payload; ///< JSON unless content_type says otherwise
  std::string_view content_type;
  wall_time fire_time; ///< nominal time of the fire; of another job, when it was first due
  const attempt_identity& identity;
  std::stop_token
      stop; ///< of blocking handlers: set when nobody waits for the result any more (timed out, cancelled, node stops)

  std::string trace_id() const { return trace_id_of(id, identity.database_secret); }
  /// The same for every attempt of a job.
  std::string idempotency_key() const { return idempotency_key_of(id, identity.database_secret); }
};

/// What a handler says. `finish_after` lets an attempt end later without holding a thread.
struct native_outcome {
  bool succeeded = true;
  std::string error;
  std::string result;           ///< JSON text shown as the attempt's response, up to 64 KiB; empty: none
  milliseconds finish_after{0}; ///< from the handler's return; past the timeout the attempt has timed out
};

/// A handler that throws has failed with the exception's text.
using native_handler = std::function<native_outcome(const native_call&)>;

enum class handler_kind : uint8_t {
  quick,    ///< returns within microseconds: runs inside run(), on its caller's thread; its timeout is not watched
  blocking, ///< may take its time: runs on a thread of the pool
};

/// Handlers by name. Filled before the node starts; not changed after that.
class native_registry {
public:
  /// With the built-in `noop`, `sleep` (payload {"ms":5}) and `fail` (payload {"times":2}: fails that often, then
  /// succeeds; without: always).
  native_registry();
  /// Throws std::invalid_argument when the name is empty or taken, or the handler is empty.
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

/// Attempts whose handlers need no thread are answered within run() itself, in one batch; cancel() answers within
/// itself too. Calls of the sink never overlap. A blocking handler that is not back after its job's timeout is answered
/// as timed out; its thread stays taken until it returns, and what it says then is dropped. An attempt that waits for a
/// thread until its timeout was not started. `threads` is at least 1. stop() waits 100 ms for handlers that still run
/// and then leaves them behind.
std::unique_ptr<runner> make_native_runner(std::shared_ptr<const native_registry> registry, size_t threads,
                                           attempt_identity identity, const clock_source& clock, results_sink sink);

} // namespace wheelwork
