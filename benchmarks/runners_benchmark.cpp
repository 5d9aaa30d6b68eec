// How many attempts a second the runners of targets take: http against an own nginx, beside a bare libcurl loop in the
// same run, and native. WHEELWORK_BENCHMARK_URL names another server to call instead of starting nginx.
#include "targets/http_runner.hpp"
#include "targets/native_runner.hpp"

#include <benchmark/benchmark.h>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <curl/curl.h>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <mutex>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace wheelwork;

constexpr size_t in_flight = 64;
constexpr size_t requests = 20'000;
const std::string body(100, 'x');

class machine_clock final : public clock_source {
public:
  wall_time wall_now() const override { return std::chrono::floor<milliseconds>(std::chrono::system_clock::now()); }
  std::chrono::steady_clock::time_point steady_now() const override { return std::chrono::steady_clock::now(); }
};

int free_port() {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  bind(listener, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  close(listener);
  return ntohs(address.sin_port);
}

/// An nginx with one worker that answers /: 200 at once, /slow: never. Ends with this program.
class own_nginx {
public:
  own_nginx() : folder_{std::filesystem::temp_directory_path() / ("wheelwork-benchmark-" + std::to_string(getpid()))} {
    if (const char* given = std::getenv("WHEELWORK_BENCHMARK_URL")) {
      url_ = given;
      return;
    }
    std::filesystem::create_directories(folder_);
    const auto port = std::to_string(free_port()), path = folder_.string();
    std::ofstream{folder_ / "nginx.conf"}
        << "daemon off; worker_processes 1; pid " << path << "/pid; error_log " << path
        << "/log crit;\nevents { worker_connections 8192; }\nhttp { access_log off; keepalive_requests "
           "100000000; client_body_temp_path "
        << path << "/body; server { listen 127.0.0.1:" << port
        << " backlog=4096; location / { return 200 'ok'; } } }\n";
    std::string program = "nginx", c = "-c", config = (folder_ / "nginx.conf").string(), p = "-p", e = "-e",
                log = path + "/log";
    std::array<char*, 8> arguments{program.data(),     c.data(), config.data(), p.data(),
                                   folder_text_(path), e.data(), log.data(),    nullptr};
    if (posix_spawnp(&pid_, "nginx", nullptr, nullptr, arguments.data(), environ) != 0) {
      std::cerr << "nginx (package nginx-light) is needed for the http benchmark\n";
      std::exit(1);
    }
    url_ = "http://127.0.0.1:" + port + "/";
    wait_until_it_answers();
  }
  ~own_nginx() {
    if (pid_ <= 0) return;
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
    std::filesystem::remove_all(folder_);
  }
  const std::string& url() const { return url_; }

private:
  char* folder_text_(const std::string& path) {
    path_ = path;
    return path_.data();
  }
  void wait_until_it_answers() const {
    CURL* handle = curl_easy_init();
    curl_easy_setopt(handle, CURLOPT_URL, url_.c_str());
    curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
    for (int tries = 0; curl_easy_perform(handle) != CURLE_OK; ++tries)
      if (tries > 1'000'000) std::exit(1);
    curl_easy_cleanup(handle);
  }

  std::filesystem::path folder_;
  std::string path_, url_;
  pid_t pid_ = -1;
};

const std::string& nginx_url() {
  static const own_nginx server;
  return server.url();
}

/// Hands out orders so that `in_flight` run at once, in as many as the last batch of results freed.
class feeder {
public:
  template <class MakeOrder>
  void drive(runner& under_test, size_t total, size_t at_once, MakeOrder make_order) {
    size_t given = 0;
    std::unique_lock lock{mutex_};
    while (done_ < total) {
      std::vector<attempt_order> orders;
      for (; given < total && given - done_ < at_once; ++given) orders.push_back(make_order(given));
      lock.unlock();
      if (!orders.empty()) under_test.run(std::move(orders));
      lock.lock();
      changed_.wait(lock, [&] { return done_ >= total || (given < total && given - done_ < at_once); });
    }
  }
  results_sink sink() {
    return [this](std::vector<attempt_result> results) {
      const std::lock_guard lock{mutex_};
      done_ += results.size();
      for (const auto& result : results)
        if (result.outcome != attempt_outcome::succeeded) ++failures_;
      changed_.notify_one();
    };
  }
  size_t failures() const { return failures_; }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t done_ = 0;
  size_t failures_ = 0;
};

std::shared_ptr<resolved_target> resolved(target how) {
  auto made = std::make_shared<resolved_target>();
  made->how = std::move(how);
  return made;
}

/// `idle`: attempts that wait for a server that never answers, beside the measured ones.
void http_runner_calls(benchmark::State& state) {
  http_target how;
  how.url = nginx_url();
  const auto target = resolved(how);
  const auto text = payload::bytes(body, "text/plain");
  const int silent = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  bind(silent, reinterpret_cast<sockaddr*>(&address), size);
  listen(silent, 4096);
  getsockname(silent, reinterpret_cast<sockaddr*>(&address), &size);
  how.url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
  const auto idle_target = resolved(how);

  const machine_clock clock;
  http_runner_settings settings;
  settings.deny_networks = {parse_network("169.254.0.0/16").value(), parse_network("fe80::/10").value()};
  settings.connections_max = 2000; // as a node has it
  auto feed = std::make_unique<feeder>();
  auto runner =
      make_http_runner(settings, {"benchmark", {}}, clock, [&](auto results) { feed->sink()(std::move(results)); });
  std::vector<attempt_order> idle(static_cast<size_t>(state.range(0)));
  for (size_t i = 0; i < idle.size(); ++i) {
    idle[i].what.id = job_id{1'000'000 + i};
    idle[i].what.how = idle_target;
  }
  runner->run(std::move(idle));
  for (auto _ : state) {
    feed = std::make_unique<feeder>();
    feed->drive(*runner, requests, in_flight, [&](size_t i) {
      attempt_order order;
      order.what.id = job_id{i + 1};
      order.what.how = target;
      order.what.body = text;
      order.number = 1;
      return order;
    });
    if (feed->failures() > 0) state.SkipWithError("attempts failed");
  }
  runner->stop();
  close(silent);
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * requests));
}
BENCHMARK(http_runner_calls)->Arg(0)->Arg(1000)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);

/// The limit: the same requests by libcurl alone, nothing built, checked or kept.
void bare_libcurl_calls(benchmark::State& state) {
  CURLM* multi = curl_multi_init();
  curl_slist* headers = nullptr;
  for (const char* line : {"Content-Type: text/plain", "X-A: 1234567890", "X-B: 1234567890", "Expect:"})
    headers = curl_slist_append(headers, line);
  const auto discard = +[](char*, size_t each, size_t count, void*) { return each * count; };
  const auto add = [&] {
    CURL* handle = curl_easy_init();
    curl_easy_setopt(handle, CURLOPT_URL, nginx_url().c_str());
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body.c_str());
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, discard);
    curl_multi_add_handle(multi, handle);
  };
  for (auto _ : state) {
    size_t begun = 0, done = 0;
    while (begun < in_flight) {
      add();
      ++begun;
    }
    while (done < requests) {
      int count = 0;
      curl_multi_perform(multi, &count);
      while (CURLMsg* message = curl_multi_info_read(multi, &count)) {
        CURL* handle = message->easy_handle;
        curl_multi_remove_handle(multi, handle);
        curl_easy_cleanup(handle);
        ++done;
        if (begun < requests) {
          add();
          ++begun;
        }
      }
      if (done < requests) curl_multi_poll(multi, nullptr, 0, 1000, nullptr);
    }
  }
  curl_multi_cleanup(multi);
  curl_slist_free_all(headers);
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * requests));
}
BENCHMARK(bare_libcurl_calls)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);

void native_noops(benchmark::State& state) {
  const machine_clock clock;
  const auto target = resolved(native_target{"noop"});
  size_t answered = 0;
  auto runner = make_native_runner(std::make_shared<native_registry>(), 2, {"benchmark", {}}, clock,
                                   [&](const auto& results) { answered += results.size(); });
  const auto batch = static_cast<size_t>(state.range(0));
  for (auto _ : state) {
    std::vector<attempt_order> orders(batch);
    for (size_t i = 0; i < batch; ++i) {
      orders[i].what.id = job_id{i + 1};
      orders[i].what.how = target;
    }
    runner->run(std::move(orders));
  }
  state.SetItemsProcessed(static_cast<int64_t>(answered));
}
BENCHMARK(native_noops)->Arg(1)->Arg(1000);

} // namespace
