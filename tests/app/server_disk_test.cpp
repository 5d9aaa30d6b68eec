// A server whose disk gets full under a node: pushes are refused with the reason, nothing accepted is lost, and all
// goes on by itself when there is space again. Then the books.
#include "tests/app/node_on_server.hpp"
#include "tests/support/small_disk.hpp"

#include <gmock/gmock.h>

#include <optional>

namespace wheelwork::app_test {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using testing::HasSubstr;

class a_full_disk_of_the_server : public node_on_server {
protected:
  void SetUp() override {
    if (!small_disk::missing().empty()) GTEST_SKIP() << small_disk::missing();
    small.emplace(300);
    node_on_server::SetUp();
  }
  void TearDown() override {
    server.reset(); // before its disk
  }
  std::filesystem::path disk() override { return small->path(); }

  /// Bytes that no database can make smaller.
  std::string noise() {
    std::string made(20'000, ' ');
    for (char& any : made) any = static_cast<char>(std::uniform_int_distribution<int>{'0', 'z'}(random));
    std::erase(made, '\\');
    return made;
  }

  /// Pushes until one is refused: that answer.
  http_answer push_until_refused(const node_process& node) {
    for (int pushes = 0; pushes < 5000; ++pushes) {
      const json job{{"target", {{"native", {{"handler", "noop"}}}}}, {"payload", noise()}, {"delay", "1s"}};
      auto answer = node.request("POST", "/api/v1/jobs", job.dump());
      if (answer.status != 201) return answer;
      accepted.push_back(answer.json().at("id"));
    }
    throw std::runtime_error{"the full disk is not noticed"};
  }

  /// MariaDB 10.11 ends itself where it can't roll back for want of space. Starting it again is up to its supervisor,
  /// which is this.
  bool is_served() {
    if (!server->runs()) server->start();
    try {
      return server->value("select 1") == "1";
    } catch (const std::exception&) {
      return false; // just now it ends
    }
  }

  std::optional<small_disk> small;
  std::vector<std::string> accepted;
};

TEST_P(a_full_disk_of_the_server, refuses_pushes_says_why_and_mends_by_itself) {
  SCOPED_TRACE("WHEELWORK_CRASH_SEED=" + std::to_string(seed));
  const auto node = make_node("node", server->url());
  start(*node);
  open(*node);
  pusher.run(*node, 50);
  small->fill();
  const auto refused = push_until_refused(*node);
  EXPECT_EQ(refused.status, 503) << refused.body;
  EXPECT_THAT(refused.head, HasSubstr("Retry-After: "));
  EXPECT_TRUE(node->eventually([&] { return node->log().find("free some space") != std::string::npos; }, seconds{20}))
      << refused.body << node->log();
  pusher.run(*node, 50); // what is refused is pushed again with its key in the end
  // MariaDB keeps temporary tables of reads on disk, too.
  if (GetParam().name == "PostgreSQL") {
    EXPECT_EQ(node->get("/api/v1/jobs/" + pusher.jobs().at("job-0").id)["state"], "succeeded") << "reading goes on";
  }

  small->free();
  EXPECT_TRUE(node->eventually([&] { return is_served() && node->request("GET", "/readyz").status == 200; }))
      << node->log();
  for (const auto& id : accepted) EXPECT_EQ(node->final_job(id)["state"], "succeeded");
  close(*node);
  EXPECT_EQ(node->terminate(), 0);
  nothing_is_left_over();
}

INSTANTIATE_TEST_SUITE_P(servers, a_full_disk_of_the_server, testing::ValuesIn(kinds_of_server()),
                         [](const auto& of) { return of.param.name; });

} // namespace
} // namespace wheelwork::app_test
