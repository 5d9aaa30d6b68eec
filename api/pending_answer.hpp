// An answer that the node owes: given once, and never forgotten. Where its last holder goes away without giving it, the
// client is told so.
#pragma once

#include "api/http_server.hpp"
#include "api/problem.hpp"

#include <spdlog/spdlog.h>

#include <memory>

namespace wheelwork {

class pending_answer {
public:
  /// `forgotten` makes what the client is told then.
  explicit pending_answer(responder respond, http_answer (*forgotten)() = stopped)
      : respond_{std::move(respond)}, forgotten_{forgotten} {}
  ~pending_answer() {
    if (!given_.load()) respond_(forgotten_());
  }
  pending_answer(const pending_answer&) = delete;
  pending_answer& operator=(const pending_answer&) = delete;

  void give(http_answer answer) {
    if (!given_.exchange(true)) respond_(std::move(answer));
  }

  /// Runs what makes the answer on a thread that no exception may leave.
  template <class Work>
  void guard(Work&& work) noexcept {
    try {
      work();
    } catch (const std::exception& error) {
      spdlog::error("api: an answer could not be made: {}", error.what());
      give(problem(500, "the answer could not be made; the node's log says why"));
    }
  }

private:
  static http_answer stopped() {
    return problem_later(
        503, "the node stops; the request may have been applied or not. Repeat it with the same Idempotency-Key",
        std::chrono::seconds{1});
  }

  responder respond_;
  http_answer (*forgotten_)();
  std::atomic<bool> given_{false};
};

using pending_ptr = std::shared_ptr<pending_answer>;

/// A callback for the node: errors become their codes, values go to `make`, which gives the answer now or later.
template <class T, class Make>
service_callback<T> answering(pending_ptr pending, Make make) {
  return [pending = std::move(pending), make = std::move(make)](result<T, service_error> answer) mutable {
    pending->guard([&] {
      if (answer)
        make(pending, std::move(*answer));
      else
        pending->give(answer_of(answer.error()));
    });
  };
}

} // namespace wheelwork
