#include "api/api_context.hpp"

#include "api/statistics_json.hpp"

namespace wheelwork {

api_context::api_context(node_service& service, node_facts known, const api_settings& settings)
    : node{service}, facts{std::move(known)}, pushes{service, settings.max_in_flight} {}

void api_context::read(const pending_ptr& pending, std::function<http_answer(journal_reader&)> query) {
  if (reads_->load(std::memory_order_relaxed) >= reads_max)
    return pending->give(problem_later(429, "too many reads are waiting; try again", std::chrono::seconds{1}));
  auto counted = std::make_shared<count_guard>(reads_, 1);
  node.read([pending, counted = std::move(counted), query = std::move(query)](journal_reader& reader) {
    pending->guard([&] { pending->give(query(reader)); });
  });
}

void api_context::read(const responder& respond, std::function<http_answer(journal_reader&)> query) {
  read(std::make_shared<pending_answer>(respond), std::move(query));
}

const std::string& api_context::statistics_text() {
  const auto now = node.clock().steady_now();
  if (statistics_text_.empty() || now - statistics_made_ >= std::chrono::seconds{1}) {
    statistics_text_ = statistics_as_json(node.statistics(), now);
    statistics_made_ = now;
  }
  return statistics_text_;
}

} // namespace wheelwork
