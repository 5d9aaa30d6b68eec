// examples/delay_queue: what docs/migrate/delay_queue.md tells people to copy does work.
#include "tests/app/delay_queue_yaml.hpp"
#include "tests/app/node_process.hpp"
#include "tests/app/program.hpp"
#include "tests/support/server_process.hpp"
#include "tests/targets/test_server.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <sstream>

namespace wheelwork {
namespace {

using ::testing::HasSubstr;

constexpr auto systemd_analyze = "/usr/bin/systemd-analyze";
constexpr auto nginx = "/usr/sbin/nginx";

std::string content_of(const std::string& path) {
  std::ifstream file{std::filesystem::path{WHEELWORK_SOURCE_DIR} / path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::string example(const std::string& name) { return content_of("examples/delay_queue/" + name); }

/// The text with another one in the place of a part that must be there.
std::string with(std::string text, const std::string& part, const std::string& other) {
  const auto at = text.find(part);
  if (at == std::string::npos) throw std::runtime_error{"no \"" + part + "\" in it"};
  return text.replace(at, part.size(), other);
}

using app_test::node_process;
class delay_queue_examples : public program_test {
protected:
  /// What systemd says of the unit; empty: it is right.
  std::string verdict_on(const std::string& unit) {
    const auto file = write("wheelwork.service", unit), found = (folder_ / "found").string();
    const auto code = std::system((std::string{systemd_analyze} + " verify " + file + " > " + found + " 2>&1").c_str());
    std::ifstream in{found};
    return std::string{std::istreambuf_iterator<char>{in}, {}} + (code == 0 ? "" : "code " + std::to_string(code));
  }
};

TEST_F(delay_queue_examples, the_document_shows_the_settings_that_are_printed) {
  write("config.yaml", delay_queue_yaml);
  std::istringstream printed{run({"import", "delay_queue", "--config", "config.yaml", "--settings-only"}).out};
  std::string indented;
  for (std::string line; std::getline(printed, line);) indented += (line.empty() ? "" : "   " + line) + "\n";
  EXPECT_THAT(content_of("docs/migrate/delay_queue.md"), HasSubstr(indented));
}

TEST_F(delay_queue_examples, the_unit_is_right_for_systemd) {
  if (!std::filesystem::exists(systemd_analyze)) GTEST_SKIP() << "no systemd here";
  const auto unit = with(example("wheelwork.service"), "/usr/local/bin/wheelwork", WHEELWORK_BINARY);
  EXPECT_EQ(verdict_on(unit), "");
  EXPECT_THAT(verdict_on(with(unit, "KillMode=process", "KilMode=process")), HasSubstr("KilMode")) << "it does look";
}

TEST_F(delay_queue_examples, nginx_passes_tasks_on) {
  if (!std::filesystem::exists(nginx)) GTEST_SKIP() << "no nginx here";
  const auto front = std::to_string(target_test::refused_port()), outside = free_port();
  std::filesystem::create_directory(folder_ / "node");
  node_process node{folder_ / "node", "[front.delay_queue]\nlisten = \"127.0.0.1:" + front + "\"\n"};
  node.start();
  const auto site = with(with(example("nginx.conf"), "127.0.0.1:8081", "127.0.0.1:" + front), "listen 8080;",
                         "listen 127.0.0.1:" + outside + ";");
  const auto config =
      write("nginx.conf",
            "daemon off;\nmaster_process off;\npid " + (folder_ / "pid").string() +
                ";\nerror_log stderr notice;\nevents {}\nhttp {\naccess_log off;\nclient_body_temp_path " +
                (folder_ / "bodies").string() + ";\nproxy_temp_path " + (folder_ / "answers").string() +
                ";\nfastcgi_temp_path " + (folder_ / "a").string() + ";\nuwsgi_temp_path " + (folder_ / "b").string() +
                ";\nscgi_temp_path " + (folder_ / "c").string() + ";\n" + site + "}\n");
  server_process checked{{nginx, "-t", "-p", folder_.string(), "-c", config}, folder_, {.own_account = true}};
  checked.wait();
  server_process running{{nginx, "-p", folder_.string(), "-c", config}, folder_, {.own_account = true}};
  running.wait_until_it_says("event method");
  const std::string there = "http://127.0.0.1:" + outside;
  const std::vector<std::string> form{"Content-Type: application/x-www-form-urlencoded"};
  const auto saved = app_test::http_request("POST", there + "/api/task/save",
                                            "notify_url=http://127.0.0.1:9/&plan_time=4000000000", form);
  EXPECT_EQ(saved.status, 200);
  EXPECT_EQ(saved.body, R"({"code":"ok","data":"操作成功"})");
  const auto large = app_test::http_request(
      "POST", there + "/api/task/save",
      "notify_url=http://127.0.0.1:9/&plan_time=4000000000&method_name=post&notify_param=" + std::string(3 << 20, 'p'),
      form);
  EXPECT_EQ(large.body, saved.body) << "nginx must take what the front takes";
  EXPECT_EQ(app_test::http_request("GET", there + "/admin/login/index").status, 404);
  EXPECT_EQ(node.get("/api/v1/jobs?label=front:delay_queue")["items"].size(), 2u);
}

} // namespace
} // namespace wheelwork
