#include "app/fronts.hpp"

#include "api/compat/delay_queue_intake.hpp"

#include <spdlog/spdlog.h>

namespace wheelwork {

namespace {

http_server_options limits_of(const api_settings& api) {
  http_server_options limits;
  limits.body_bytes_max = api.max_body;
  limits.header_timeout = api.header_timeout;
  limits.body_timeout = api.body_timeout;
  return limits;
}

} // namespace

std::vector<queue_intake> intakes_of(const settings& with) {
  std::vector<queue_intake> intakes;
  if (!with.delay_queue.redis.empty()) intakes.push_back(delay_queue_intake(with.delay_queue));
  return intakes;
}

fronts::fronts(const settings& with, node_service& node) {
  const auto& listen = with.delay_queue.listen;
  if (listen.empty()) return;
  delay_queue_ =
      std::make_unique<delay_queue_front>(with.delay_queue, node, limits_of(with.api), with.api.max_in_flight);
  spdlog::info("the delay_queue front listens on http://{}:{}", listen.substr(0, listen.rfind(':')),
               delay_queue_->port());
}

void fronts::reload(const settings& with) {
  if (delay_queue_) delay_queue_->reload(with.delay_queue);
}

void fronts::stop_accepting() {
  if (delay_queue_) delay_queue_->stop_accepting();
}

void fronts::stop() {
  if (delay_queue_) delay_queue_->stop();
}

} // namespace wheelwork
