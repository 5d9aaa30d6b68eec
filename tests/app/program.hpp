// Runs the real program wheelwork in a folder of its own.
#pragma once

#include <filesystem>
#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>

namespace wheelwork {

struct program_result {
  int code = -1; ///< exit code; 128 + signal when one ended it
  std::string out, error;
};

class program_test : public ::testing::Test {
protected:
  void SetUp() override;
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// Waits for its end. The environment holds `variables_` and nothing else.
  program_result run(const std::vector<std::string>& arguments, const std::string& input = "");
  std::string write(const std::string& name, const std::string& text);

  std::filesystem::path folder_;
  std::map<std::string, std::string> variables_;
  std::string output_ = "out"; ///< where standard output goes
};

} // namespace wheelwork
