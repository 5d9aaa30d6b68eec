// What the routes share. Lives on the I/O thread; what other threads touch of it is said so.
#pragma once

#include "actors/node_service.hpp"
#include "api/api_server.hpp"
#include "api/pending_answer.hpp"
#include "api/push_collector.hpp"
#include "messages/job_decoder.hpp"
#include "messages/known_names.hpp"

#include <functional>

namespace wheelwork {

class api_context : public std::enable_shared_from_this<api_context> {
public:
  api_context(node_service& service, node_facts facts, const api_settings& settings);

  node_service& node;
  const node_facts facts;
  push_collector pushes;
  std::function<size_t()> connections; ///< for metrics
  bool stopping = false;               ///< only what ends work is taken, and what looks

  /// For callbacks of the node, which may come when the server is gone.
  std::shared_ptr<api_context> shared() { return shared_from_this(); }
  wall_time now() const { return node.clock().wall_now(); }
  json_context decoding() const {
    json_context context;
    context.now = now();
    context.known = &known_;
    return context;
  }
  job_decoder decoder; ///< of pushes

  /// Runs a query on a reader connection and gives its answer. At most reads_max wait at once; more get 429. Any
  /// thread.
  void read(const pending_ptr& pending, std::function<http_answer(journal_reader&)> query);
  void read(const responder& respond, std::function<http_answer(journal_reader&)> query);
  /// The text of /stats, made anew when it is a second old.
  const std::string& statistics_text();

private:
  const known_names known_{.connections = &facts.brokers,
                           .is_task = [this](const std::string& name) { return node.find_task(name) != nullptr; }};
  static constexpr size_t reads_max = 1000;
  std::shared_ptr<std::atomic<size_t>> reads_ = std::make_shared<std::atomic<size_t>>(0);
  std::string statistics_text_;
  std::chrono::steady_clock::time_point statistics_made_{};
};

} // namespace wheelwork
