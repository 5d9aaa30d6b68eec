// Cases of Kafka sources that hold on an imitated cluster as on a real one.
#pragma once

#include "tests/sources/topic_fixture.hpp"

#include <memory>
#include <ostream>

namespace wheelwork::source_test {

/// Makes the place, or says why there is none.
struct kafka_place_maker {
  std::function<std::unique_ptr<kafka_place>()> make;
  std::function<std::string()> missing;

  /// Without it a test's description is the bytes of this.
  friend void PrintTo(const kafka_place_maker&, std::ostream* out) { *out << "a place for Kafka"; }
};

class topic_cases : public ::testing::TestWithParam<kafka_place_maker> {
protected:
  void SetUp() override {
    if (auto reason = GetParam().missing(); !reason.empty()) GTEST_SKIP() << reason;
    place_ = GetParam().make();
    fixture_ = std::make_unique<topic_fixture>(*place_);
  }
  topic_fixture& here() { return *fixture_; }

  std::unique_ptr<kafka_place> place_;

private:
  std::unique_ptr<topic_fixture> fixture_;
};

} // namespace wheelwork::source_test
