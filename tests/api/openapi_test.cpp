#include "tests/api/api_fixture.hpp"

#include "api/openapi.hpp"
#include "api/router.hpp"

#include <set>
#include <sstream>

namespace wheelwork::testing {
namespace {

nlohmann::json document() { return nlohmann::json::parse(openapi_text()); }

template <class Visit>
void for_each_object(const nlohmann::json& value, Visit visit) {
  if (value.is_object()) visit(value);
  if (value.is_structured())
    for (const auto& each : value) for_each_object(each, visit);
}

std::string lower(std::string_view text) {
  std::string result{text};
  for (auto& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

TEST(openapi, has_exactly_the_routes_of_the_table) {
  std::set<std::string> served, described;
  for (const auto& each : all_routes())
    if (!each.planned) served.insert(lower(to_string(each.method)) + " " + std::string{each.path});
  const auto all = document();
  for (const auto& [path, operations] : all["paths"].items())
    for (const auto& [method, operation] : operations.items())
      if (method != "parameters") described.insert(method + " " + path);
  EXPECT_EQ(described, served);
}

TEST(openapi, names_the_role_that_the_table_asks_for) {
  const auto all = document();
  for (const auto& each : all_routes()) {
    if (each.planned) continue;
    const auto& operation = all["paths"][std::string{each.path}][lower(to_string(each.method))];
    if (each.path.starts_with("/api/")) {
      const char* names[] = {"viewer", "operator", "admin"};
      EXPECT_EQ(operation["x-role"], names[static_cast<size_t>(each.needed)]) << each.path;
    } else {
      EXPECT_EQ(operation["security"], nlohmann::json::array()) << each.path;
    }
  }
}

TEST(openapi, describes_bodies_where_the_table_reads_them) {
  const auto all = document();
  for (const auto& each : all_routes()) {
    if (each.planned) continue;
    const auto& operation = all["paths"][std::string{each.path}][lower(to_string(each.method))];
    EXPECT_EQ(operation.contains("requestBody"), each.body != body_kind::none) << each.path;
  }
}

TEST(openapi, every_reference_leads_somewhere) {
  const auto all = document();
  EXPECT_EQ(all["openapi"], "3.1.0");
  size_t references = 0;
  for_each_object(all, [&](const nlohmann::json& object) {
    if (!object.contains("$ref")) return;
    ++references;
    const auto text = object["$ref"].get<std::string>();
    ASSERT_TRUE(text.starts_with("#/")) << text;
    EXPECT_TRUE(all.contains(nlohmann::json::json_pointer{text.substr(1)})) << text;
  });
  EXPECT_GT(references, 100u);
}

TEST(openapi, every_parameter_of_a_path_is_described) {
  const auto all = document();
  for (const auto& [path, operations] : all["paths"].items())
    if (path.find('{') != std::string::npos) {
      EXPECT_TRUE(operations.contains("parameters")) << path;
    }
}

using openapi_api = api_fixture;

TEST_F(openapi_api, a_job_has_no_member_that_the_document_lacks) {
  brokers.redis["a"] = {};
  const auto all = document();
  const auto job = request("POST", "/api/v1/jobs", noop_job).json();
  for (const auto& [name, value] : job.items())
    EXPECT_TRUE(all["components"]["schemas"]["Job"]["properties"].contains(name)) << name;
  const auto task = request("PUT", "/api/v1/tasks/a", noop_task).json();
  for (const auto& [name, value] : task.items())
    EXPECT_TRUE(all["components"]["schemas"]["Task"]["properties"].contains(name)) << name;
  const auto pool = request("PUT", "/api/v1/pools/a", list_pool).json();
  EXPECT_GT(pool.size(), 20u);
  for (const auto& [name, value] : pool.items())
    EXPECT_TRUE(all["components"]["schemas"]["Pool"]["properties"].contains(name)) << name;
  for (const auto& [name, schema] : all["components"]["schemas"]["Pool"]["properties"].items())
    EXPECT_TRUE(pool.contains(name)) << name << " is described and not there";
  EXPECT_EQ(request("GET", "/openapi.json").json(), all);
}

/// What a path takes in its query, as it says itself when asked for something else.
TEST_F(openapi_api, describes_exactly_the_parameters_that_a_path_takes) {
  const auto all = document();
  request("PUT", "/api/v1/tasks/a", noop_task);
  size_t described_parameters = 0;
  for (const auto& each : all_routes()) {
    if (each.planned || each.method != http_method::get || !each.path.starts_with("/api/v1/")) continue;
    std::string path{each.path};
    for (const auto* name : {"{name}", "{id}", "{n}"})
      if (const auto at = path.find(name); at != std::string::npos)
        path.replace(at, std::string_view{name}.size(), "a");
    const auto answer = request("GET", path + "?surely_unknown=1");
    std::set<std::string> taken;
    const std::string words = answer.body;
    if (const auto at = words.find("; it has "); at != std::string::npos) {
      std::istringstream names{words.substr(at + 9, words.find('"', at) - at - 9)};
      for (std::string name; std::getline(names >> std::ws, name, ',');) taken.insert(name);
      taken.erase("none");
    }
    std::set<std::string> described;
    const auto& operation = all["paths"][std::string{each.path}]["get"];
    if (operation.contains("parameters"))
      for (auto parameter : operation["parameters"]) {
        if (parameter.contains("$ref"))
          parameter = all[nlohmann::json::json_pointer{parameter["$ref"].get<std::string>().substr(1)}];
        if (parameter["in"] == "query") described.insert(parameter["name"]);
      }
    EXPECT_EQ(described, taken) << each.path;
    described_parameters += described.size();
  }
  EXPECT_GT(described_parameters, 20u);
}

} // namespace
} // namespace wheelwork::testing
