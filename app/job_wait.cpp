#include "app/job_wait.hpp"

#include "actors/system_clock.hpp"
#include "app/client.hpp"
#include "app/console.hpp"
#include "app/json_view.hpp"
#include "schedule/time_text.hpp"

#include <algorithm>
#include <poll.h>

namespace wheelwork {
namespace {

constexpr milliseconds first_pause{100};
constexpr milliseconds longest_pause{1000};
constexpr std::chrono::seconds away_max{30};
constexpr milliseconds answer_max{10'000}; ///< of one question

bool is_passing(long status) { return status == 429 || status == 502 || status == 503 || status == 504; }

/// Why a final job did not succeed.
std::string reason_of_end(const nlohmann::json& job) {
  auto reason = cell_of(job, "reason");
  auto attempts = job.find("attempts");
  if (reason == "-" && attempts != job.end() && attempts->is_array() && !attempts->empty()) {
    const auto& last = attempts->back();
    reason = "attempt " + cell_of(last, "number") + " " + cell_of(last, "outcome");
    if (auto error = cell_of(last, "error"); error != "-") reason += ": " + error;
  }
  return reason == "-" ? "" : ": " + reason;
}

class job_waiter {
public:
  job_waiter(const client_options& options, const std::string& id, std::optional<milliseconds> timeout)
      : options_{options}, id_{id}, timeout_{timeout}, client_{options}, began_{clock_.steady_now()}, last_answer_{
                                                                                                          began_} {}

  int wait() {
    while (true) {
      if (auto code = ask()) return *code;
      if (time_left() <= milliseconds{0}) {
        complain("job " + id_ + " is " + state_ + " after " + format_duration(*timeout_));
        return refused;
      }
      pause();
    }
  }

private:
  /// None: not yet.
  std::optional<int> ask() {
    auto reply = client_.send({.path = "/jobs/" + url_part(id_), .at_most = std::min(answer_max, time_left())});
    auto now = clock_.steady_now();
    if (!reply) {
      if (!answered_ || now - last_answer_ > away_max) return complain_unreachable(options_, reply.error());
      progress_.show("job " + id_ + ": " + state_ + ", the server does not answer");
      return std::nullopt;
    }
    if (!reply->ok() && !(answered_ && is_passing(reply->status) && now - last_answer_ <= away_max)) {
      complain(reason_of(*reply));
      return refusal_code(*reply);
    }
    if (!reply->ok()) return std::nullopt;
    answered_ = true;
    last_answer_ = now;
    return judge(*reply);
  }

  std::optional<int> judge(const http_reply& reply) {
    auto job = json_of(reply);
    state_ = cell_of(job, "state");
    if (state_ != "succeeded" && state_ != "dead" && state_ != "cancelled") {
      progress_.show("job " + id_ + ": " + state_ + ", attempt " + cell_of(job, "attempt") + ", due " +
                     cell_of(job, "due_at"));
      return std::nullopt;
    }
    progress_.clear();
    if (options_.json)
      print_body(reply);
    else
      print_line(escaped(state_ + " " + id_));
    if (state_ == "succeeded") return int{done};
    complain("job " + id_ + " is " + state_ + reason_of_end(job));
    return int{refused};
  }

  milliseconds time_left() const {
    if (!timeout_) return milliseconds::max();
    return std::chrono::ceil<milliseconds>(began_ + *timeout_ - clock_.steady_now());
  }

  void pause() {
    auto length = std::min(pause_, time_left());
    if (length > milliseconds{0}) ::poll(nullptr, 0, static_cast<int>(length.count()));
    pause_ = std::min(pause_ * 3 / 2, longest_pause);
  }

  const client_options& options_;
  const std::string& id_;
  std::optional<milliseconds> timeout_;
  system_clock clock_;
  api_client client_;
  std::chrono::steady_clock::time_point began_, last_answer_;
  progress_line progress_;
  std::string state_ = "unknown";
  milliseconds pause_ = first_pause;
  bool answered_ = false;
};

} // namespace

int wait_for_job(const client_options& options, const std::string& id, const std::string& timeout) {
  std::optional<milliseconds> longest;
  if (!timeout.empty()) {
    auto span = parse_duration(timeout);
    if (!span) {
      complain("--timeout: " + span.error());
      return wrong_use;
    }
    longest = *span;
  }
  try {
    return job_waiter{options, id, longest}.wait();
  } catch (const api_client::bad_server& problem) {
    complain(problem.what());
    return wrong_use;
  }
}

} // namespace wheelwork
