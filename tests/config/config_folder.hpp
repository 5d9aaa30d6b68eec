// A folder for one test, and what load_settings needs to read files in it.
#pragma once

#include "config/load.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <map>

namespace wheelwork {

class config_folder : public ::testing::Test {
protected:
  void SetUp() override {
    auto pattern = (std::filesystem::temp_directory_path() / "wheelwork-config-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) {
    auto path = (folder_ / name).string();
    std::ofstream{path, std::ios::binary} << text;
    return path;
  }

  /// A request for a file with this text; environment variables are those of `variables_`.
  config_request request(const std::string& text) {
    config_request made;
    made.file = write("wheelwork.toml", text);
    made.variable = [this](const std::string& name) -> std::optional<std::string> {
      auto found = variables_.find(name);
      return found == variables_.end() ? std::nullopt : std::optional{found->second};
    };
    for (const auto& [name, value] : variables_) made.variable_names.push_back(name);
    made.now = wall_time{milliseconds{1'795'251'451'000}};
    return made;
  }

  result<settings, std::vector<config_fault>> load(const std::string& text) { return load_settings(request(text)); }

  /// The faults without the folder's name: `wheelwork.toml:3: log.level: …`.
  std::vector<std::string> shown(const std::vector<config_fault>& faults) const {
    std::vector<std::string> texts;
    for (auto fault : faults) {
      if (fault.file.starts_with(folder_.string())) fault.file.erase(0, folder_.string().size() + 1);
      texts.push_back(to_string(fault));
    }
    return texts;
  }

  std::vector<std::string> faults_of(const config_request& asked) const {
    auto loaded = load_settings(asked);
    if (loaded) return {"no fault"};
    return shown(loaded.error());
  }
  std::vector<std::string> faults_of(const std::string& text) { return faults_of(request(text)); }

  std::filesystem::path folder_;
  std::map<std::string, std::string> variables_;
};

} // namespace wheelwork
