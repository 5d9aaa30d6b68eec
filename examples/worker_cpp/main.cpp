// A worker for wheelwork: takes jobs of one queue, runs them one after the other, and says what became of them.
//
//     worker_cpp http://127.0.0.1:7373 mail [lease in seconds, 30 by default]
//
// Replace handle() by your work. SIGTERM and SIGINT let it finish the job in hand and then leave.
#include <nlohmann/json.hpp>

#include <curl/curl.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include <poll.h>
#include <unistd.h>

namespace {

using nlohmann::json;
using std::chrono::milliseconds;

volatile std::sig_atomic_t stopping = 0;

/// A signal does not shorten it.
void pause_for(milliseconds span) {
  using clock = std::chrono::steady_clock;
  const auto end = clock::now() + span;
  for (auto now = clock::now(); now < end; now = clock::now())
    ::poll(nullptr, 0, static_cast<int>(std::chrono::ceil<milliseconds>(end - now).count()));
}

/// The work. What it returns is the attempt's result, an exception is why it failed. The same job can come again, after
/// a crash or a lease that ran out: idempotency_key stays the same.
json handle(const json& job) {
  auto payload = job.value("payload", json::object());
  if (!payload.is_object()) payload = json::object();
  pause_for(milliseconds{payload.value("milliseconds", 0)});
  if (payload.contains("fail")) throw std::runtime_error{payload["fail"].get<std::string>()};
  return {{"worked_on", payload}};
}

struct answer {
  long status = 0; ///< 0: none came
  json body;
};

size_t append(char* bytes, size_t size, size_t count, void* to) {
  static_cast<std::string*>(to)->append(bytes, size * count);
  return size * count;
}

/// Gives a poll up when the worker is told to stop, unless the answer has begun: jobs in it are ours already.
int give_up_if_stopping(void* received, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return stopping != 0 && static_cast<std::string*>(received)->empty() ? 1 : 0;
}

class server {
public:
  explicit server(std::string url) : url_{std::move(url)} {}

  answer post(const std::string& path, const json& body, bool is_poll = false) const {
    const std::unique_ptr<CURL, void (*)(CURL*)> call{curl_easy_init(), curl_easy_cleanup};
    const std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers{
        curl_slist_append(nullptr, "Content-Type: application/json"), curl_slist_free_all};
    const auto url = url_ + "/api/v1/workers/" + path;
    const auto text = body.dump();
    std::string received;
    curl_easy_setopt(call.get(), CURLOPT_URL, url.c_str());
    curl_easy_setopt(call.get(), CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(call.get(), CURLOPT_POSTFIELDS, text.c_str());
    curl_easy_setopt(call.get(), CURLOPT_TIMEOUT, 90L);
    curl_easy_setopt(call.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(call.get(), CURLOPT_WRITEFUNCTION, append);
    curl_easy_setopt(call.get(), CURLOPT_WRITEDATA, &received);
    if (is_poll) {
      curl_easy_setopt(call.get(), CURLOPT_NOPROGRESS, 0L);
      curl_easy_setopt(call.get(), CURLOPT_XFERINFOFUNCTION, give_up_if_stopping);
      curl_easy_setopt(call.get(), CURLOPT_XFERINFODATA, &received);
    }
    answer got;
    if (const auto code = curl_easy_perform(call.get()); code != CURLE_OK) {
      if (stopping == 0) std::cerr << "no answer from " << url_ << ": " << curl_easy_strerror(code) << '\n';
      return got;
    }
    curl_easy_getinfo(call.get(), CURLINFO_RESPONSE_CODE, &got.status);
    got.body = json::parse(received, nullptr, false);
    return got;
  }

private:
  std::string url_;
};

/// Extends the lease of a job while it lives.
class heartbeat {
public:
  heartbeat(const server& node, const json& job, milliseconds every)
      : thread_{[this, &node, every, name = json{{"id", job["id"]}, {"attempt", job["attempt"]}}] {
          std::unique_lock lock{mutex_};
          while (!ended_.wait_for(lock, every, [this] { return over_; })) {
            lock.unlock();
            if (node.post("heartbeat", name).status == 409) return; // it is no longer ours
            lock.lock();
          }
        }} {}
  ~heartbeat() {
    {
      const std::lock_guard lock{mutex_};
      over_ = true;
      ended_.notify_one();
    }
    thread_.join();
  }

private:
  std::mutex mutex_;
  std::condition_variable ended_;
  bool over_ = false;
  std::thread thread_;
};

void work_on(const server& node, const json& job, milliseconds lease) {
  json ack{{"id", job["id"]}, {"attempt", job["attempt"]}, {"outcome", "succeeded"}};
  try {
    const heartbeat alive{node, job, lease / 3};
    ack["result"] = handle(job);
  } catch (const std::exception& error) {
    ack["outcome"] = "failed";
    ack["error"] = error.what();
  }
  // Said again until it is heard: the same acknowledgement twice counts once.
  for (int tries = 0; tries < 60; ++tries) {
    const auto heard = node.post("ack", ack);
    if (heard.status == 200) std::cout << ack["id"].get<std::string>() << ' ' << ack["outcome"] << std::endl;
    if (heard.status != 0 && heard.status != 429 && heard.status < 500) return;
    pause_for(milliseconds{500});
  }
}

} // namespace

int main(int count, char** words) {
  if (count != 3 && count != 4) {
    std::cerr << "usage: worker_cpp SERVER QUEUE [LEASE], such as worker_cpp http://127.0.0.1:7373 mail\n";
    return 2;
  }
  for (int number : {SIGTERM, SIGINT}) std::signal(number, [](int) { stopping = 1; });
  curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::chrono::seconds lease{count == 4 ? std::atoi(words[3]) : 30};
  const server node{words[1]};
  const json poll{{"queues", {words[2]}},
                  {"worker", "worker_cpp-" + std::to_string(getpid())},
                  {"max", 1},
                  {"wait", "30s"},
                  {"lease", std::to_string(lease.count()) + "s"}};
  while (stopping == 0) {
    const auto got = node.post("poll", poll, true);
    if (got.status != 200 && stopping == 0) {
      std::cerr << "the poll was refused: " << got.status << ' ' << got.body.dump() << '\n';
      pause_for(milliseconds{1000});
      continue;
    }
    if (got.status == 200)
      for (const auto& job : got.body["jobs"]) work_on(node, job, lease);
  }
  curl_global_cleanup();
}
