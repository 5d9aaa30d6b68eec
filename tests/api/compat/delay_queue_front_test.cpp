// POST /api/task/save as clients of the delay_queue service send it.
#include "api/compat/delay_queue_front.hpp"
#include "tests/api/http_client.hpp"
#include "tests/api/scripted_node.hpp"

#include <gmock/gmock.h>

namespace wheelwork::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view urlencoded = "application/x-www-form-urlencoded";
constexpr std::string_view ok = R"({"code":"ok","data":"操作成功"})";

class delay_queue_front_test : public ::testing::Test {
protected:
  delay_queue_front_test() {
    settings.listen = "127.0.0.1:0";
    limits.sweep_interval = milliseconds{5};
    limits.body_bytes_max = 4u << 20;
  }
  delay_queue_front& front() {
    if (!front_) front_ = std::make_unique<delay_queue_front>(settings, node, limits, 10'000);
    return *front_;
  }
  received_answer save(std::string_view form, std::string_view extra_head = "",
                       std::string_view content_type = urlencoded) {
    return http_client{front().port()}.request("POST", "/api/task/save", form, extra_head, content_type);
  }
  /// The job of a save that must succeed.
  new_job saved(std::string_view form, std::string_view content_type = urlencoded) {
    const auto before = node.pushed_jobs().size();
    const auto answer = save(form, "", content_type);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, ok) << form;
    const auto jobs = node.pushed_jobs();
    EXPECT_EQ(jobs.size(), before + 1);
    return jobs.size() > before ? jobs.back() : new_job{};
  }
  /// What a refused save says; nothing may have been pushed.
  std::string refusal(std::string_view form, std::string_view content_type = urlencoded) {
    const auto before = node.pushed_jobs().size();
    const auto answer = save(form, "", content_type);
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(node.pushed_jobs().size(), before);
    EXPECT_EQ(answer.json()["code"], "no");
    return answer.json()["data"];
  }

  scripted_node node;
  delay_queue_front_settings settings;
  http_server_options limits;

private:
  std::unique_ptr<delay_queue_front> front_;
};

TEST_F(delay_queue_front_test, saves_a_task_as_the_readme_sends_it) {
  const auto answer = save("notify_url=http://sksystem.sk0.com/queue/vip&plan_time=1893456000");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, ok);
  EXPECT_EQ(answer.headers.at("content-type"), "application/json; charset=utf-8");
  EXPECT_FALSE(answer.headers.at("wheelwork-job-id").empty());
  const auto job = node.pushed_jobs().at(0);
  EXPECT_EQ(job.made.due_at, wall_time{1893456000s});
  EXPECT_EQ(std::get<http_target>(job.made.how->how).url, "http://sksystem.sk0.com/queue/vip");
  EXPECT_EQ(std::get<http_target>(job.made.how->how).method, "GET");
  EXPECT_EQ(job.marks, (labels{{"front", "delay_queue"}}));
}

TEST_F(delay_queue_front_test, decodes_fields_and_keeps_the_parameter_byte_for_byte) {
  const auto job = saved("notify_url=http%3A%2F%2Fa%2Fb%3Fc%3Dd%2Be&plan_time=1893456000&method_name=PoSt&"
                         "notify_param=a%3D1%26a%3D2%26b%3D%25E4%25B8%25AD%FF");
  EXPECT_EQ(std::get<http_target>(job.made.how->how).url, "http://a/b?c=d+e");
  EXPECT_EQ(std::get<http_target>(job.made.how->how).method, "POST");
  EXPECT_EQ(job.made.body.data(), "a=1&a=2&b=%E4%B8%AD\xff");
}

TEST_F(delay_queue_front_test, takes_multipart_forms) {
  const std::string form =
      "--XyZ\r\nContent-Disposition: form-data; name=\"notify_url\"\r\n\r\nhttp://a/b\r\n"
      "--XyZ\r\ncontent-disposition: form-data; name=plan_time\r\nContent-Type: text/plain\r\n\r\n"
      "1893456000\r\n--XyZ\r\nContent-Disposition: form-data; name=\"method_name\"\r\n\r\npost\r\n"
      "--XyZ\r\nContent-Disposition: form-data; name=\"notify_param\"\r\n\r\na\r\n--Xy=%41\r\n--XyZ--\r\n";
  const auto job = saved(form, "multipart/form-data; boundary=XyZ");
  EXPECT_EQ(job.made.body.data(), "a\r\n--Xy=%41");
  EXPECT_THAT(refusal(form, "multipart/form-data"), HasSubstr("boundary"));
  EXPECT_THAT(refusal(form.substr(0, form.size() - 12), "multipart/form-data; boundary=XyZ"),
              HasSubstr("can't be read"));
  for (size_t cut = 0; cut < form.size(); cut += 7) // whatever is missing, it is refused and nothing breaks
    refusal(form.substr(0, cut), "multipart/form-data; boundary=XyZ");
}

TEST_F(delay_queue_front_test, moves_a_time_that_is_over_by_the_interval) {
  const auto now = manual_clock::start_wall;
  for (const auto* over : {"0", "-1", "1593317127"})
    EXPECT_EQ(saved(std::string{"notify_url=http://a/&plan_time="} + over).made.due_at, now + 10s) << over;
}

TEST_F(delay_queue_front_test, refuses_with_the_answers_of_the_service) {
  EXPECT_THAT(refusal("notify_url=http://a/"), StartsWith("参数错误："));
  EXPECT_THAT(refusal("notify_url=http://a/&plan_time=tomorrow"), StartsWith("参数错误："));
  EXPECT_THAT(refusal(""), StartsWith("参数错误："));
  EXPECT_EQ(refusal("plan_time=1893456000"), "通知地址参数必须");
  EXPECT_EQ(refusal("plan_time=1893456000&notify_url="), "通知地址参数必须");
  EXPECT_THAT(refusal("plan_time=1893456000&notify_url=ftp://a/"), HasSubstr("http:// or https://"));
  EXPECT_THAT(refusal("plan_time=1893456000&notify_url=http://a/%0d%0aX-Evil:1"), HasSubstr("control characters"));
  EXPECT_THAT(refusal("plan_time=1893456000&notify_url=http://a/%ff"), HasSubstr("UTF-8"));
  EXPECT_THAT(refusal("plan_time=1893456000&notify_url=http://a/&method_name=PUT"), HasSubstr("get or post"));
  EXPECT_THAT(refusal("plan_time=1893456000&notify_url=http://a/%zz"), HasSubstr("hexadecimal"));
  EXPECT_THAT(refusal("{}", "application/json"), HasSubstr("must be a form"));
}

TEST_F(delay_queue_front_test, has_no_other_path_and_method) {
  http_client client{front().port()};
  EXPECT_EQ(client.request("GET", "/api/task/save").status, 405);
  EXPECT_EQ(client.request("POST", "/api/v1/jobs", "{}").status, 404);
  EXPECT_EQ(client.request("GET", "/metrics").status, 404);
  EXPECT_EQ(client.request("POST", "/api/task/save", std::string(10u << 20, 'x'), "", urlencoded).status, 413);
  EXPECT_EQ(node.pushed_jobs().size(), 0u);
}

TEST_F(delay_queue_front_test, answers_after_the_commit) {
  node.hold_pushes();
  http_client client{front().port()};
  const std::string form = "notify_url=http://a/&plan_time=1893456000";
  client.send("POST /api/task/save HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
              "Content-Length: " +
              std::to_string(form.size()) + "\r\n\r\n" + form);
  node.await_requests(1);
  EXPECT_FALSE(client.is_readable_within(20ms));
  node.release_pushes();
  EXPECT_EQ(client.receive()->body, ok);
}

TEST_F(delay_queue_front_test, says_no_when_the_journal_does) {
  node.fail_with(service_error{service_errc::unavailable, "the journal can't be written", 7s, {}});
  const auto answer = save("notify_url=http://a/&plan_time=1893456000");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.json()["code"], "no");
  EXPECT_THAT(std::string{answer.json()["data"]}, HasSubstr("the journal can't be written"));
  EXPECT_EQ(answer.headers.at("retry-after"), "7");
}

TEST_F(delay_queue_front_test, says_no_when_the_node_forgets_the_request) {
  node.drop_callbacks(true);
  const auto answer = save("notify_url=http://a/&plan_time=1893456000");
  EXPECT_EQ(answer.json()["code"], "no");
  EXPECT_THAT(std::string{answer.json()["data"]}, HasSubstr("may have been saved or not"));
}

TEST_F(delay_queue_front_test, makes_one_job_of_a_request_that_is_repeated_with_its_key) {
  save("notify_url=http://a/&plan_time=1893456000", "Idempotency-Key: order-7\r\n");
  const auto job = node.pushed_jobs().at(0);
  EXPECT_EQ(job.unique_key, "order-7");
  EXPECT_EQ(job.unique_until, manual_clock::start_wall + 24h);
}

TEST_F(delay_queue_front_test, asks_for_its_token) {
  settings.tokens = {"secret", "other"};
  const std::string form = "notify_url=http://a/&plan_time=1893456000";
  const auto refused = save(form);
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.json()["code"], "no");
  EXPECT_EQ(save(form, "Authorization: Bearer wrong\r\n").status, 401);
  EXPECT_EQ(save(form, "Authorization: Basic !!!\r\n").status, 401);
  EXPECT_EQ(save(form, "Authorization: Basic OnNlY3JldA==\r\n").body, ok); // :secret
  EXPECT_EQ(save(form, "Authorization: Basic dTpvdGhlcg==\r\n").body, ok); // u:other
  EXPECT_EQ(save(form, "Authorization: bearer secret\r\n").body, ok);
  EXPECT_EQ(node.pushed_jobs().size(), 3u);
}

TEST_F(delay_queue_front_test, asks_where_its_clients_are) {
  settings.allow_networks = {"10.0.0.0/8"};
  const std::string form = "notify_url=http://a/&plan_time=1893456000";
  EXPECT_EQ(save(form).status, 403);
  auto changed = settings;
  changed.allow_networks = {"10.0.0.0/8", "127.0.0.0/8"};
  front().reload(changed);
  EXPECT_EQ(save(form).body, ok);
}

TEST_F(delay_queue_front_test, takes_nothing_from_web_pages_of_other_sites) {
  settings.hosts = {"tasks.example.org"};
  const std::string form = "notify_url=http://a/&plan_time=1893456000";
  EXPECT_EQ(save(form, "Origin: https://evil.example\r\n").status, 403);
  EXPECT_EQ(save(form, "Origin: null\r\n").status, 403);
  EXPECT_EQ(save(form, "Origin: http://127.0.0.1:9000\r\n").body, ok);
  EXPECT_EQ(save(form, "Origin: https://Tasks.example.org\r\n").body, ok);
}

TEST_F(delay_queue_front_test, takes_long_urls_and_parameters) {
  const auto url = "http://a/" + std::string(1991, 'u');
  const auto parameter = std::string(64u << 10, 'p');
  const auto job = saved("notify_url=" + url + "&plan_time=1893456000&method_name=post&notify_param=" + parameter);
  EXPECT_EQ(std::get<http_target>(job.made.how->how).url, url);
  EXPECT_EQ(job.made.body.data(), parameter);
}

} // namespace
} // namespace wheelwork::testing
