#include "app/definitions.hpp"

#include "app/console.hpp"
#include "app/input.hpp"
#include "app/json_view.hpp"

#include <CLI/CLI.hpp>

namespace wheelwork {
namespace {

/// What became of one definition: created, changed or unchanged. Changed is told by the ETag before and after.
struct apply_outcome {
  std::string what;
  int code = done;
};

apply_outcome apply_one(api_client& client, const client_options& options, const definition_kind& kind,
                        const named_body& body) {
  auto path = path_of(kind, body.name);
  auto before = client.send({.method = "GET", .path = path});
  if (!before) return {"", complain_unreachable(options, before.error())};
  auto reply = client.send({.method = "PUT", .path = path, .body = body.text});
  if (!reply) return {"", complain_unreachable(options, reply.error())};
  if (!reply->ok()) {
    complain(std::string{kind.name} + " " + body.name + ": " + reason_of(*reply));
    return {"", refusal_code(*reply)};
  }
  if (reply->status == 201) return {"created"};
  bool same = before->ok() && !reply->entity_tag.empty() && before->entity_tag == reply->entity_tag;
  return {same ? "unchanged" : "changed"};
}

int apply_all(const client_options& options, const definition_kind& kind, const std::vector<named_body>& bodies) {
  api_client client{options};
  int code = done;
  auto results = nlohmann::json::array();
  for (const auto& body : bodies) {
    auto outcome = apply_one(client, options, kind, body);
    code = std::max(code, outcome.code);
    if (outcome.code == unreachable) break;
    if (outcome.code != done) continue; // the others may be right
    results.push_back({{"name", body.name}, {"result", outcome.what}});
    if (!options.json) print_line(outcome.what + " " + escaped(body.name));
  }
  if (options.json) print_line(results.dump());
  return code;
}

int run_apply(const client_options& options, const definition_kind& kind, const std::string& path) {
  auto text = read_input(path);
  auto bodies =
      text ? read_bodies(*text, path, kind.name) : result<std::vector<named_body>, std::string>{failure(text.error())};
  if (!bodies) {
    complain(bodies.error());
    return wrong_use;
  }
  try {
    return apply_all(options, kind, *bodies);
  } catch (const api_client::bad_server& problem) {
    complain(problem.what());
    return wrong_use;
  }
}

} // namespace

std::string path_of(const definition_kind& kind, const std::string& name) {
  return std::string{kind.path} + "/" + url_part(name);
}

void add_apply(command_line& line, CLI::App& parent, const definition_kind& kind) {
  const std::string name = kind.name;
  auto* apply = parent.add_subcommand("apply", "create or replace " + name +
                                                   "s from a file; prints created, changed or unchanged");
  apply->fallthrough();
  apply->footer("The file holds one " + name + " as JSON, an array of them, or TOML with [[" + name +
                "]] tables. The same file twice changes nothing.");
  auto path = std::make_shared<std::string>();
  apply->add_option("FILE", *path, "the file, or - for standard input")->required()->type_name("");
  apply->callback(
      [&line, path, kind] { line.chosen = [&line, path, kind] { return run_apply(line.client, kind, *path); }; });
}

int change_definition(const client_options& options, const definition_kind& kind, const std::string& name,
                      const std::string& patch, const std::string& what_was_done) {
  outgoing_request request{.method = "PATCH", .path = path_of(kind, name), .body = patch};
  return exchange(options, request, [&](const http_reply& reply) {
    if (options.json)
      print_body(reply);
    else
      print_line(what_was_done + " " + escaped(name));
    return int{done};
  });
}

int delete_definition(const client_options& options, const definition_kind& kind, const std::string& name) {
  return exchange(options, {.method = "DELETE", .path = path_of(kind, name)}, [&](const http_reply&) {
    if (options.json)
      print_line(nlohmann::json{{"name", name}, {"result", "deleted"}}.dump());
    else
      print_line("deleted " + escaped(name));
    return int{done};
  });
}

} // namespace wheelwork
