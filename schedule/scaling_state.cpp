#include "schedule/scaling_state.hpp"

namespace wheelwork {

namespace {

using rule = std::variant<drain_scaling, lag_step_scaling>;

rule make_rule(const scaling_policy& policy, const scaling_bounds& bounds, uint32_t start) {
  if (const auto* drain = std::get_if<drain_policy>(&policy)) return drain_scaling{*drain, bounds, start};
  return lag_step_scaling{std::get<lag_step_policy>(policy), bounds, start};
}

} // namespace

scaling_state::scaling_state(const scaling_policy& policy, const scaling_bounds& bounds, uint32_t start)
    : rule_{make_rule(policy, bounds, start)} {}

scaling_decision scaling_state::decide(const backlog_reading& reading) {
  rates_.add(reading);
  if (auto* drain = std::get_if<drain_scaling>(&rule_)) return drain->decide(reading, rates_);
  return std::get<lag_step_scaling>(rule_).decide(reading);
}

void scaling_state::change(const scaling_policy& policy, const scaling_bounds& bounds) {
  if (policy.index() != rule_.index())
    rule_ = make_rule(policy, bounds, consumers());
  else if (auto* drain = std::get_if<drain_scaling>(&rule_))
    drain->change(std::get<drain_policy>(policy), bounds);
  else
    std::get<lag_step_scaling>(rule_).change(std::get<lag_step_policy>(policy), bounds);
}

uint32_t scaling_state::consumers() const {
  return std::visit([](const auto& one) { return one.consumers(); }, rule_);
}

} // namespace wheelwork
