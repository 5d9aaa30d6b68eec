#include "tests/app/node_process.hpp"

#include <curl/curl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <regex>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace wheelwork::app_test {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::chrono::seconds patience{60};
constexpr size_t log_shown = 20'000; ///< bytes

/// What the constructor promises: everything below the folder.
std::string own_tables(const std::filesystem::path& folder) {
  const auto path = folder.string();
  return "[api]\nlisten = \"127.0.0.1:0\"\n[node]\nname = \"test\"\ndata_dir = \"" + path +
         "/data\"\nshutdown_grace = \"5s\"\n[database]\nurl = \"sqlite://" + path + "/wheelwork.db\"\n";
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// Runs in the child between fork and exec, so only calls that are safe there.
[[noreturn]] void become(char* const* arguments, const char* folder, const char* log) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL); // a test that is killed leaves no node behind
  const int out = ::open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (out < 0 || ::chdir(folder) != 0 || ::dup2(out, STDOUT_FILENO) < 0 || ::dup2(out, STDERR_FILENO) < 0) ::_exit(125);
  ::execv(arguments[0], arguments);
  ::_exit(126);
}

size_t append(char* data, size_t size, size_t count, void* to) {
  static_cast<std::string*>(to)->append(data, size * count);
  return size * count;
}

} // namespace

temporary_folder::temporary_folder() {
  std::string form = (std::filesystem::temp_directory_path() / "wheelwork-test-XXXXXX").string();
  if (::mkdtemp(form.data()) == nullptr) throw std::system_error{errno, std::generic_category(), form};
  path_ = form;
}

temporary_folder::~temporary_folder() {
  std::error_code ignored; // a leftover file is no reason to fail a test
  std::filesystem::remove_all(path_, ignored);
}

http_answer http_request(const std::string& method, const std::string& url, const std::string& body,
                         const std::vector<std::string>& headers) {
  static const auto global = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (global != CURLE_OK) throw std::runtime_error{"curl_global_init"};
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy{curl_easy_init(), &curl_easy_cleanup};
  const bool typed = std::any_of(headers.begin(), headers.end(),
                                 [](const auto& header) { return header.starts_with("Content-Type:"); });
  curl_slist* list = body.empty() || typed ? nullptr : curl_slist_append(nullptr, "Content-Type: application/json");
  for (const auto& header : headers) list = curl_slist_append(list, header.c_str());
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> freed{list, &curl_slist_free_all};
  http_answer answer;
  curl_easy_setopt(easy.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_CUSTOMREQUEST, method.c_str());
  if (!body.empty() || method == "POST") {
    curl_easy_setopt(easy.get(), CURLOPT_POSTFIELDS, body.c_str());
    curl_easy_setopt(easy.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
  }
  curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(easy.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy.get(), CURLOPT_TIMEOUT, 60L);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, &append);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &answer.body);
  curl_easy_setopt(easy.get(), CURLOPT_HEADERFUNCTION, &append);
  curl_easy_setopt(easy.get(), CURLOPT_HEADERDATA, &answer.head);
  if (curl_easy_perform(easy.get()) == CURLE_OK) curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &answer.status);
  return answer;
}

node_process::node_process(std::filesystem::path folder, const std::string& configuration, std::string program)
    : folder_{std::move(folder)}, program_{std::move(program)} {
  static std::atomic<int> made{0}; // two nodes of one folder write two logs
  log_file_ = folder_ / ("node" + std::to_string(++made) + ".log");
  configure(configuration);
}

node_process::~node_process() {
  if (pid_ > 0) end_and_tell();
  ::close(pid_descriptor_);
}

/// The folder goes with the test, so what the node said is shown here if the test failed.
void node_process::end_and_tell() {
  const bool ran = runs_on_for(milliseconds{0});
  send_signal(SIGKILL); // one that ended is reaped by the next step only
  const int status = wait_for_end();
  if (!testing::Test::HasFailure()) return;
  const auto said = log();
  std::fprintf(stderr, "The node %s; the end of what it said:\n%s\n",
               ran ? "ran until here" : ("had ended with " + std::to_string(status)).c_str(),
               said.substr(said.size() - std::min(said.size(), log_shown)).c_str());
}

void node_process::configure(const std::string& configuration) {
  std::ofstream{folder_ / "wheelwork.toml"} << own_tables(folder_) << configuration;
}

void node_process::launch(const std::vector<std::string>& settings) {
  std::vector<std::string> words{program_, "serve", "--config", (folder_ / "wheelwork.toml").string()};
  for (const auto& setting : settings) words.insert(words.end(), {"--set", setting});
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  port_ = 0;
  remove(log_file_); // the address in it would be taken for that of the new process
  pid_ = ::fork();
  if (pid_ < 0) throw std::system_error{errno, std::generic_category(), "fork"};
  if (pid_ == 0) become(pointers.data(), folder_.c_str(), log_file_.c_str());
  const int ended = pid_descriptor_.exchange(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (pid_descriptor_ < 0) throw std::system_error{errno, std::generic_category(), "pidfd_open"};
  if (ended >= 0) ::close(ended);
}

void node_process::start(const std::vector<std::string>& settings) {
  launch(settings);
  wait_until_ready();
}

void node_process::wait_until_ready() {
  if (!eventually([this] { return find_port() && request("GET", "/readyz").status == 200; }))
    throw std::runtime_error{"the node is not ready; it says:\n" + log()};
}

bool node_process::find_port() {
  static const std::regex address{R"(listen\w*\D*127\.0\.0\.1:(\d+))"};
  if (port_ > 0) return true;
  const auto text = log();
  if (std::smatch found; std::regex_search(text, found, address)) port_ = std::stoi(found[1]);
  return port_ > 0;
}

void node_process::kill() {
  send_signal(SIGKILL);
  wait_for_end();
}

void node_process::send_signal(int number) const {
  if (::kill(pid_, number) != 0) throw std::system_error{errno, std::generic_category(), "kill"};
}

int node_process::terminate() {
  send_signal(SIGTERM);
  return wait_for_end();
}

int node_process::wait_for_end() {
  if (runs_on_for(patience)) throw std::runtime_error{"the node does not end; it says:\n" + log()};
  return reap();
}

int node_process::reap() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool node_process::runs_on_for(milliseconds span) const {
  pollfd ended{pid_descriptor_, POLLIN, 0};
  const auto until = steady_clock::now() + span;
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now()).count();
    const int events = ::poll(&ended, 1, static_cast<int>(std::max<int64_t>(left, 0)));
    if (events == 1) return false;
    if (events == 0) return true;
  }
}

bool node_process::eventually(const std::function<bool()>& holds, std::chrono::seconds how_long) const {
  const auto until = steady_clock::now() + how_long;
  while (!holds())
    if (steady_clock::now() > until || !runs_on_for(milliseconds{5})) return false;
  return true;
}

http_answer node_process::request(const std::string& method, const std::string& path, const std::string& body,
                                  const std::vector<std::string>& headers) const {
  return http_request(method, "http://127.0.0.1:" + std::to_string(port_) + path, body, headers);
}

std::string node_process::push(const nlohmann::json& job) const {
  const auto answer = request("POST", "/api/v1/jobs", job.dump());
  if (answer.status != 201)
    throw std::runtime_error{"a push was answered " + std::to_string(answer.status) + " " + answer.body};
  return answer.json().at("id");
}

nlohmann::json node_process::final_job(const std::string& id) const {
  nlohmann::json job;
  const auto is_final = [&] {
    job = get("/api/v1/jobs/" + id);
    const auto state = job.is_object() ? job.value("state", "") : "";
    return state == "succeeded" || state == "dead" || state == "cancelled";
  };
  if (!eventually(is_final))
    throw std::runtime_error{"job " + id + " is not final: " + job.dump() + "\nthe node says:\n" + log()};
  return job;
}

std::string node_process::log() const { return read_file(log_file_); }

} // namespace wheelwork::app_test
