#include "api/push_collector.hpp"

#include "api/problem.hpp"

namespace wheelwork {

void push_collector::add(push_request request) {
  auto counted = std::make_shared<count_guard>(in_flight_, request.jobs.size());
  request.done = [counted = std::move(counted), done = std::move(request.done)](auto answer) {
    done(std::move(answer));
  };
  waiting_.push_back(std::move(request));
  if (std::exchange(posted_, true)) return;
  post([this] { hand_over(); });
}

void push_collector::hand_over() {
  posted_ = false;
  node_.push(std::exchange(waiting_, {}));
}

http_answer too_many_in_flight() {
  return problem_later(429, "as many jobs as api.max_in_flight allows wait for their commit; try again",
                       std::chrono::seconds{1});
}

} // namespace wheelwork
