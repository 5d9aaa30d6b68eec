// Random requests from a fixed seed: whatever comes, there is an answer below 500 or the connection ends, and the
// server lives on.
#include "tests/api/api_fixture.hpp"

#include "api/router.hpp"

#include <random>

namespace wheelwork::testing {
namespace {

constexpr int requests_fuzzed = 20'000;

class request_maker {
public:
  explicit request_maker(uint32_t seed) : random_{seed} {}

  std::string next() {
    if (chance(20)) return garbage(200);
    const auto body = make_body();
    std::string text = pick({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "BREW"}) + " " + make_path() +
                       make_query() + " HTTP/1." + (chance(20) ? "0" : "1") + "\r\n";
    if (!chance(50)) text += "Host: localhost\r\n";
    if (chance(3))
      text +=
          pick({"If-Match", "Idempotency-Key", "Origin", "If-None-Match", "Expect"}) + ": " + printable(12) + "\r\n";
    if (!chance(10))
      text += "Content-Type: " + pick({"application/json", "application/x-ndjson", "text/plain"}) + "\r\n";
    if (chance(20))
      text += "Transfer-Encoding: chunked\r\n";
    else
      text += "Content-Length: " + std::to_string(body.size() + (chance(30) ? 1 : 0)) + "\r\n";
    return text + "\r\n" + body;
  }

private:
  size_t below(size_t bound) { return std::uniform_int_distribution<size_t>{0, bound - 1}(random_); }
  bool chance(size_t one_in) { return below(one_in) == 0; }
  std::string pick(std::initializer_list<const char*> all) { return *(all.begin() + below(all.size())); }
  std::string garbage(size_t size_max) {
    std::string text(below(size_max), ' ');
    for (auto& c : text) c = static_cast<char>(below(256));
    return text;
  }
  std::string printable(size_t size_max) {
    std::string text(1 + below(size_max), ' ');
    for (auto& c : text) c = static_cast<char>(33 + below(94));
    return text;
  }
  std::string make_path() {
    const auto routes = all_routes();
    std::string path{routes[below(routes.size())].path};
    for (size_t at; (at = path.find('{')) != std::string::npos;)
      path.replace(at, path.find('}') - at + 1,
                   pick({"a", "1001", "%FF", "%41", "%2F", "..", "99999999999999999999", "%", "a%00b"}));
    if (chance(20)) path.insert(below(path.size()) + 1, pick({"/", "%", "?", "//", "..", "\xc3"}));
    return path;
  }
  std::string make_query() {
    std::string query;
    for (auto left = chance(3) ? below(4) : 0; left > 0; --left)
      query += (query.empty() ? "?" : "&") +
               pick({"limit", "cursor", "state", "from", "to", "label", "count", "q", "enabled", "before", "x"}) + "=" +
               pick({"1", "1001", "-1", "pending", "MTAwMA", "a:b", "true", "2026-01-01T00:00:00Z", "%", "",
                     "9999-12-31T23:59:59Z"});
    return query;
  }
  std::string make_body() {
    auto body = pick(
        {R"({"target":{"native":{"handler":"noop"}},"delay":"5s","payload":[1,{"a":null}],"labels":{"a":"b"}})",
         R"({"jobs":[{"target":{"http":{"url":"http://localhost/"}}},{"task":"a"}]})",
         R"({"schedule":{"cron":"*/5 * * * *"},"target":{"process":{"command":["/bin/true"]}},"retry":{"limit":1}})",
         R"({"schedule":{"every":"1s"},"count":10})", R"({"enabled":false})", R"({"payload":{"a":1e308}})",
         R"({"source":{"redis_list":{"connection":"a","key":"k"}},"target":{"native":{"handler":"noop"}},"min":2})",
         R"({"state":"pending","limit":5})", ""});
    for (auto left = chance(2) ? below(4) : 0; left > 0 && !body.empty(); --left) mutate(body);
    return body;
  }
  void mutate(std::string& body) {
    const auto at = below(body.size());
    switch (below(4)) {
    case 0: body[at] = static_cast<char>(below(256)); break;
    case 1: body.erase(at, 1 + below(5)); break;
    case 2: body.insert(at, pick({"{", "[", "\"", "1e999", "null", "\\u0000", "-", ",", "9999999999999999999"})); break;
    default: body.insert(at, body.substr(below(body.size()), below(20)));
    }
  }

  std::mt19937 random_;
};

using fuzzed_api = api_fixture;

TEST_F(fuzzed_api, twenty_thousand_random_requests_get_no_server_error) {
  request_maker maker{20261121};
  size_t accepted = 0, refused = 0;
  for (int i = 0; i < requests_fuzzed; ++i) {
    const auto text = maker.next();
    auto client = connect();
    client.send(text);
    client.end_sending();
    while (const auto answer = client.receive(text.starts_with("HEAD"))) {
      const bool known = answer->status < 500 || answer->status == 501 || answer->status == 505;
      ASSERT_TRUE(known) << answer->status << " " << answer->body << "\nrequest " << i << ":\n" << text;
      ++(answer->status < 300 ? accepted : refused);
    }
  }
  EXPECT_GT(accepted, 1000u);
  EXPECT_GT(refused, 1000u);
  EXPECT_EQ(request("GET", "/healthz").status, 200);
}

} // namespace
} // namespace wheelwork::testing
