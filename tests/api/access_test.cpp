#include "tests/api/api_fixture.hpp"

#include "api/access.hpp"
#include "api/router.hpp"

namespace wheelwork::testing {
namespace {

class access_api : public api_fixture {
protected:
  access_api() {
    settings.tokens = {{"v", "view-secret", token_role::viewer},
                       {"o", "operate-secret", token_role::operator_role},
                       {"a", "admin-secret", token_role::admin}};
  }

  int status_of(const route& each, std::string_view authorization) {
    std::string path{each.path};
    for (const auto& [from, to] : {std::pair{"{id}", "42"}, {"{name}", "t"}, {"{n}", "1"}})
      if (const auto at = path.find(from); at != std::string::npos) path.replace(at, std::string_view{from}.size(), to);
    const bool of_pools = path.find("/pools/") != std::string::npos;
    const auto switching = of_pools ? R"({"paused":true})" : R"({"enabled":false})"; // which an operator may
    const auto body = each.body == body_kind::none ? "" : switching;
    const auto head = authorization.empty() ? "" : "Authorization: " + std::string{authorization} + "\r\n";
    return request(to_string(each.method), path, body, head).status;
  }
};

TEST_F(access_api, every_route_needs_its_role) {
  const std::pair<token_role, const char*> roles[] = {{token_role::viewer, "Bearer view-secret"},
                                                      {token_role::operator_role, "bearer operate-secret"},
                                                      {token_role::admin, "Bearer admin-secret"}};
  for (const auto& each : all_routes()) {
    SCOPED_TRACE(std::string{to_string(each.method)} + " " + std::string{each.path});
    const bool is_open = !each.path.starts_with("/api/");
    for (const auto* nobody : {"", "Bearer wrong", "Bearer ", "Basic dmlldy1zZWNyZXQ=", "view-secret"})
      EXPECT_EQ(status_of(each, nobody) == 401, !is_open) << nobody;
    for (const auto& [role, token] : roles) {
      const auto status = status_of(each, token);
      EXPECT_EQ(status == 403, !is_open && !is_enough(role, each.needed)) << token << " " << status;
      EXPECT_NE(status, 401);
      if (each.planned && is_enough(role, each.needed)) {
        EXPECT_EQ(status, 501);
      }
    }
  }
}

TEST_F(access_api, only_reading_is_a_viewers) {
  for (const auto& each : all_routes()) {
    const bool reads = each.method == http_method::get || each.path == "/api/v1/schedules/preview";
    EXPECT_EQ(each.needed == token_role::viewer, reads) << each.path;
  }
}

TEST_F(access_api, unknown_paths_of_the_api_need_a_token_too) {
  const auto answer = request("GET", "/api/v1/secrets");
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.headers.at("www-authenticate"), "Bearer realm=\"wheelwork\"");
  EXPECT_EQ(answer.headers.at("content-type"), "application/problem+json");
}

TEST_F(access_api, an_operator_switches_tasks_but_does_not_change_them) {
  const std::string operate = "Authorization: Bearer operate-secret\r\n",
                    admin = "Authorization: Bearer admin-secret\r\n";
  ASSERT_EQ(request("PUT", "/api/v1/tasks/a", noop_task, admin).status, 201);
  EXPECT_EQ(request("PUT", "/api/v1/tasks/a", noop_task, operate).status, 403);
  EXPECT_EQ(request("PATCH", "/api/v1/tasks/a", R"({"enabled":false})", operate).status, 200);
  EXPECT_EQ(request("PATCH", "/api/v1/tasks/a", R"({"enabled":true,"timeout":"5s"})", operate).status, 403);
  EXPECT_EQ(request("PATCH", "/api/v1/tasks/a", R"({"target":{"native":{"handler":"fail"}}})", operate).status, 403);
  EXPECT_EQ(request("PATCH", "/api/v1/tasks/a", R"({"timeout":"5s"})", admin).status, 200);
  EXPECT_EQ(request("DELETE", "/api/v1/tasks/a", "", operate).status, 403);
  EXPECT_EQ(request("POST", "/api/v1/tasks/a/run", "", operate).status, 201);
}

TEST_F(access_api, a_refused_body_is_not_waited_for) {
  auto client = connect();
  client.send("POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
              "1000000\r\n\r\n");
  EXPECT_EQ(client.receive()->status, 401);
  EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(access_api, a_reload_changes_tokens_and_hosts) {
  auto client = connect();
  EXPECT_EQ(client.request("GET", "/api/v1/stats", "", "Authorization: Bearer view-secret\r\n").status, 200);
  server().reload({{"n", "new-secret", token_role::viewer}}, {"jobs.example.org"});
  EXPECT_EQ(client.request("GET", "/api/v1/stats", "", "Authorization: Bearer view-secret\r\n").status, 401);
  EXPECT_EQ(client.request("GET", "/api/v1/stats", "", "Authorization: Bearer new-secret\r\n").status, 200);
  client.send("GET /healthz HTTP/1.1\r\nHost: jobs.example.org\r\n\r\n");
  EXPECT_EQ(client.receive()->status, 200);
}

struct host_case {
  const char* head;
  int status;
};

class host_and_origin : public api_fixture, public ::testing::WithParamInterface<host_case> {};

TEST_P(host_and_origin, are_checked_on_every_path) {
  settings.hosts = {"Jobs.example.org", "other.example:8443"};
  for (const auto* path : {"/healthz", "/metrics", "/openapi.json", "/readyz", "/api/v1/stats"}) {
    auto client = connect();
    client.send("GET " + std::string{path} + " HTTP/1.1\r\n" + GetParam().head + "\r\n");
    EXPECT_EQ(client.receive()->status, GetParam().status) << path << "\n" << GetParam().head;
  }
}

INSTANTIATE_TEST_SUITE_P(
    all, host_and_origin,
    ::testing::Values(host_case{"Host: localhost\r\n", 200}, host_case{"Host: LOCALHOST:7373\r\n", 200},
                      host_case{"Host: 127.0.0.1:7373\r\n", 200}, host_case{"Host: [::1]:7373\r\n", 200},
                      host_case{"Host: jobs.example.org\r\n", 200}, host_case{"Host: jobs.example.org:8080\r\n", 200},
                      host_case{"Host: other.example:8443\r\n", 200}, host_case{"Host: other.example\r\n", 403},
                      host_case{"Host: evil.example\r\n", 403}, host_case{"Host: localhost.evil.example\r\n", 403},
                      host_case{"Host: localhost:80@evil\r\n", 403}, host_case{"Host: 127.0.0.2\r\n", 403},
                      host_case{"Host: localhost:7373\r\nOrigin: http://localhost:7373\r\n", 200},
                      host_case{"Host: localhost:7373\r\nOrigin: http://localhost:3000\r\n", 403},
                      host_case{"Host: localhost:7373\r\nOrigin: http://evil.example\r\n", 403},
                      host_case{"Host: localhost:7373\r\nOrigin: null\r\n", 403},
                      host_case{"Host: localhost:7373\r\nOrigin: file://localhost:7373\r\n", 403},
                      host_case{"Host: jobs.example.org\r\nOrigin: https://jobs.example.org\r\n", 200},
                      host_case{"Host: localhost\r\nOrigin: https://jobs.example.org\r\n", 200},
                      host_case{"Host: localhost\r\nOrigin: https://JOBS.example.org.evil\r\n", 403}));

} // namespace
} // namespace wheelwork::testing
