#include "schedule/job_state.hpp"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <tuple>

namespace wheelwork {
namespace {

constexpr std::array states{job_state::pending, job_state::running, job_state::succeeded, job_state::dead,
                            job_state::cancelled};
constexpr std::array<std::pair<job_event, std::string_view>, 6> events{
    {{job_event::attempt_started, "attempt_started"},
     {job_event::attempt_succeeded, "attempt_succeeded"},
     {job_event::attempt_failed_retry_left, "attempt_failed_retry_left"},
     {job_event::attempt_failed_for_good, "attempt_failed_for_good"},
     {job_event::cancel, "cancel"},
     {job_event::retry_by_hand, "retry_by_hand"}}};

using edge = std::tuple<std::string, std::string, std::string>;

/// The rows of the table `| state | event | becomes |`.
std::set<edge> documented_edges() {
  auto project = std::filesystem::path{__FILE__}.parent_path().parent_path().parent_path();
  std::ifstream page{project / "docs" / "state_machine.md"};
  if (!page) throw std::runtime_error("docs/state_machine.md can't be read");
  std::set<edge> edges;
  for (std::string line; std::getline(page, line);) {
    std::array<std::string, 3> cells;
    size_t count = 0;
    for (size_t from = line.find("| "); from != line.npos && count < 3; ++count) {
      auto to = line.find(" |", from + 1);
      if (to == line.npos) break;
      cells[count] = line.substr(from + 2, to - from - 2);
      from = to + 1;
    }
    if (count == 3 && parse_job_state(cells[0])) edges.insert({cells[0], cells[1], cells[2]});
  }
  return edges;
}

TEST(job_state, has_the_edges_that_the_page_draws) {
  std::set<edge> decided;
  for (auto state : states)
    for (auto [event, name] : events)
      if (auto next = next_state(state, event))
        decided.insert({std::string{to_string(state)}, std::string{name}, std::string{to_string(*next)}});
  EXPECT_EQ(decided, documented_edges());
}

TEST(job_state, only_a_retry_by_hand_leaves_a_final_state) {
  for (auto state : states)
    for (auto [event, name] : events) {
      if (!is_final(state) || event == job_event::retry_by_hand) continue;
      EXPECT_EQ(next_state(state, event), std::nullopt) << to_string(state) << " " << name;
    }
}

TEST(job_state, names_read_back) {
  for (auto state : states) EXPECT_EQ(parse_job_state(to_string(state)), state);
  EXPECT_EQ(parse_job_state("Pending"), std::nullopt);
  for (auto outcome : {attempt_outcome::succeeded, attempt_outcome::failed, attempt_outcome::timed_out,
                       attempt_outcome::cancelled, attempt_outcome::lost, attempt_outcome::late})
    EXPECT_EQ(parse_attempt_outcome(to_string(outcome)), outcome);
  EXPECT_EQ(parse_attempt_outcome(""), std::nullopt);
}

} // namespace
} // namespace wheelwork
