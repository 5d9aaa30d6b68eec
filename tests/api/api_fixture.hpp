// A server on a free port in front of a scripted node.
#pragma once

#include "api/api_server.hpp"
#include "tests/api/http_client.hpp"
#include "tests/api/scripted_node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wheelwork::testing {

class api_fixture : public ::testing::Test {
protected:
  api_fixture() {
    settings.listen = "127.0.0.1:0";
    limits.sweep_interval = milliseconds{5};
  }
  /// Starts with what the test has set so far.
  api_server& server() {
    if (!server_)
      server_ = std::make_unique<api_server>(
          settings, node,
          node_facts{
              "node-a", {"scheduler", "executor", "api"}, 64, manual_clock::start_wall, "0.1.0", brokers, signs_calls},
          limits);
    return *server_;
  }
  http_client connect() { return http_client{server().port()}; }
  received_answer request(std::string_view method, std::string_view path, std::string_view body = "",
                          std::string_view extra_head = "", std::string_view content_type = "application/json") {
    return connect().request(method, path, body, extra_head, content_type);
  }
  /// A pushed job's id.
  std::string push(std::string_view body) {
    const auto answer = request("POST", "/api/v1/jobs", body);
    EXPECT_EQ(answer.status, 201) << answer.body;
    return answer.json()["id"];
  }

  scripted_node node;
  api_settings settings;
  http_server_options limits;
  broker_connections brokers;
  bool signs_calls = false;

private:
  std::unique_ptr<api_server> server_;
};

inline constexpr std::string_view noop_job = R"({"target":{"native":{"handler":"noop"}}})";
inline constexpr std::string_view noop_task = R"({"schedule":{"every":"1h"},"target":{"native":{"handler":"noop"}}})";

inline constexpr std::string_view list_pool =
    R"({"source":{"redis_list":{"connection":"a","key":"orders"}},"target":{"native":{"handler":"noop"}}})";

/// The pointers of a 422's errors.
inline std::vector<std::string> pointers_of(const received_answer& answer) {
  std::vector<std::string> pointers;
  const auto body = answer.json();
  for (const auto& each : body.value("errors", nlohmann::json::array())) pointers.push_back(each["pointer"]);
  return pointers;
}

} // namespace wheelwork::testing
