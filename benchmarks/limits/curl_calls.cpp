// The limit that callbacks are compared with: a bare libcurl loop on one thread, keep-alive, a fixed number of requests
// in flight.
//
//   curl_calls URL CALLS IN_FLIGHT         prints calls a second
#include <curl/curl.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

/// POSTs of 100 bytes with four headers, as a callback has them.
class caller {
public:
  caller(std::string url, long calls) : url_{std::move(url)}, left_{calls} {
    for (const char* line : {"Content-Type: application/json", "Wheelwork-Job-Id: 1234567890123456789",
                             "Wheelwork-Attempt: 1", "Idempotency-Key: 1234567890123456789", "Expect:"})
      headers_ = curl_slist_append(headers_, line);
  }
  ~caller() {
    curl_multi_cleanup(multi_);
    curl_slist_free_all(headers_);
  }
  caller(const caller&) = delete;
  caller& operator=(const caller&) = delete;

  /// False if a call failed.
  bool run(long in_flight) {
    for (long i = 0; i < in_flight && left_ > 0; ++i) begin(curl_easy_init());
    while (open_ > 0) {
      int running = 0;
      curl_multi_perform(multi_, &running);
      if (!take_finished()) return false;
      if (open_ > 0) curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
    }
    return true;
  }

private:
  void begin(CURL* easy) {
    curl_easy_setopt(easy, CURLOPT_URL, url_.c_str());
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body_.c_str());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(body_.size()));
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(
        easy, CURLOPT_WRITEFUNCTION, +[](char*, size_t size, size_t count, void*) { return size * count; });
    curl_multi_add_handle(multi_, easy);
    ++open_;
    --left_;
  }

  bool take_finished() {
    int waiting = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_, &waiting)) {
      CURL* easy = message->easy_handle;
      const CURLcode status = message->data.result;
      curl_multi_remove_handle(multi_, easy);
      curl_easy_cleanup(easy);
      --open_;
      if (status != CURLE_OK) {
        std::fprintf(stderr, "%s: %s\n", url_.c_str(), curl_easy_strerror(status));
        return false;
      }
      if (left_ > 0) begin(curl_easy_init());
    }
    return true;
  }

  std::string url_, body_ = std::string(100, 'x');
  long left_, open_ = 0;
  curl_slist* headers_ = nullptr;
  CURLM* multi_ = curl_multi_init();
};

} // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: curl_calls URL CALLS IN_FLIGHT\n");
    return 2;
  }
  curl_global_init(CURL_GLOBAL_DEFAULT);
  const long calls = std::atol(argv[2]);
  const auto begin = std::chrono::steady_clock::now();
  if (!caller{argv[1], calls}.run(std::atol(argv[3]))) return 1;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("%.0f\n", static_cast<double>(calls) / took.count());
}
