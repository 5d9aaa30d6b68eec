#include "tests/app/program.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <spawn.h>
#include <sstream>
#include <stdexcept>
#include <sys/wait.h>

namespace wheelwork {
namespace {

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

} // namespace

void program_test::SetUp() {
  auto pattern = (std::filesystem::temp_directory_path() / "wheelwork-app-XXXXXX").string();
  ASSERT_NE(mkdtemp(pattern.data()), nullptr);
  folder_ = pattern;
}

std::string program_test::write(const std::string& name, const std::string& text) {
  auto path = (folder_ / name).string();
  std::ofstream{path, std::ios::binary} << text;
  return path;
}

program_result program_test::run(const std::vector<std::string>& arguments, const std::string& input) {
  auto in = write("in", input);
  auto out = output_.starts_with('/') ? output_ : (folder_ / output_).string();
  auto error = (folder_ / "error").string();
  std::vector<std::string> words{WHEELWORK_BINARY};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> environment;
  for (const auto& [name, value] : variables_) environment.push_back(name + "=" + value);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, in.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, error.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_addchdir_np(&actions, folder_.c_str());
  pid_t child = 0;
  auto code = posix_spawn(&child, WHEELWORK_BINARY, &actions, nullptr, pointers_to(words).data(),
                          pointers_to(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  if (code != 0) throw std::runtime_error("the program can't be started: " WHEELWORK_BINARY);
  int status = 0;
  waitpid(child, &status, 0);
  program_result result;
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (output_ == "out") result.out = content_of(out);
  result.error = content_of(error);
  return result;
}

} // namespace wheelwork
