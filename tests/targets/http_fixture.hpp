// What tests of the http runner share.
#pragma once

#include "targets/http_runner.hpp"
#include "tests/targets/runner_fixture.hpp"
#include "tests/targets/test_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace wheelwork::target_test {

class http_fixture : public ::testing::Test {
protected:
  ~http_fixture() override {
    if (runner_) runner_->stop();
  }
  http_runner& runner() {
    if (!runner_) runner_ = make_http_runner(settings_, test_identity(), machine_clock(), results_.sink());
    return *runner_;
  }
  void run(attempt_order order) {
    std::vector<attempt_order> orders;
    orders.push_back(std::move(order));
    runner().run(std::move(orders));
  }
  /// Runs this one attempt to its end.
  attempt_result result_of(attempt_order order) {
    const auto before = results_.count();
    run(std::move(order));
    return results_.wait(before + 1).back();
  }
  attempt_result result_of(http_target how, payload body = {}, milliseconds timeout = milliseconds{10'000}) {
    return result_of(make_order(std::move(how), std::move(body), timeout));
  }
  static http_target post(std::string url) {
    http_target how;
    how.url = std::move(url);
    return how;
  }
  static nlohmann::json response_of(const attempt_result& result) { return nlohmann::json::parse(result.response); }
  void deny(std::initializer_list<const char*> texts) {
    for (const char* text : texts) settings_.deny_networks.push_back(parse_network(text).value());
  }

  http_runner_settings settings_;
  result_collector results_;
  std::unique_ptr<http_runner> runner_;
};

} // namespace wheelwork::target_test
