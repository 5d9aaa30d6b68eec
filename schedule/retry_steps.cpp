#include "schedule/retry_steps.hpp"

#include <charconv>
#include <map>

namespace wheelwork {

namespace {

constexpr uint32_t delay_max_seconds = 365 * 24 * 3600;
constexpr std::string_view blanks = " \t\r\n";

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(blanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}

std::optional<uint32_t> number_of(std::string_view digits) {
  uint32_t number = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || problem != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

} // namespace

result<retry_policy, std::string> retry_policy_of_steps(std::string_view table, uint32_t retries,
                                                        std::chrono::seconds other) {
  auto rest = trim(table);
  if (rest.starts_with('[') && rest.ends_with(']')) rest = trim(rest.substr(1, rest.size() - 2));
  std::map<uint32_t, uint32_t> seconds_of;
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    const auto step = trim(rest.substr(0, comma));
    rest = comma == rest.npos ? std::string_view{} : rest.substr(comma + 1);
    const auto middle = step.find('_');
    const auto retry = number_of(step.substr(0, middle));
    const auto seconds = middle == step.npos ? std::nullopt : number_of(step.substr(middle + 1));
    if (!retry || *retry == 0 || !seconds || *seconds > delay_max_seconds)
      return failure("the step \"" + std::string{step} +
                     "\" must be RETRY_SECONDS, such as 1_5: the first retry after 5 seconds (at most 365 days)");
    if (!seconds_of.emplace(*retry, *seconds).second)
      return failure("the step of retry " + std::to_string(*retry) + " stands there twice");
  }
  retry_policy policy;
  policy.limit = retries;
  for (uint32_t retry = 1; retry <= retries; ++retry) {
    const auto found = seconds_of.find(retry);
    policy.delays.emplace_back(found == seconds_of.end() ? other : std::chrono::seconds{found->second});
  }
  return policy;
}

} // namespace wheelwork
