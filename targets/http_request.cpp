#include "targets/http_request.hpp"

#include "schedule/time_text.hpp"
#include "targets/http_url.hpp"
#include "targets/payload_members.hpp"
#include "targets/text_matching.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace wheelwork {

namespace {

bool is_reserved(std::string_view name) {
  return begins_without_case(name, "wheelwork-") || begins_without_case(name, "webhook-") ||
         equal_without_case(name, "idempotency-key") || equal_without_case(name, "traceparent");
}

/// Headers that say where a message ends: a wrong one would let one request be read as two.
bool frames_message(std::string_view name) {
  return equal_without_case(name, "content-length") || equal_without_case(name, "transfer-encoding");
}

bool is_header_name(std::string_view name) {
  constexpr std::string_view token_signs = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           token_signs.find(c) != std::string_view::npos;
  });
}

bool has_control(std::string_view value) {
  return std::any_of(value.begin(), value.end(),
                     [](char c) { return (static_cast<uint8_t>(c) < 0x20 && c != '\t') || c == 0x7f; });
}

/// Fills in each ${env:NAME}. The error names the variable.
result<std::string, std::string> filled(std::string_view text, const variable_reader& variable,
                                        std::vector<std::string>& secrets) {
  constexpr std::string_view open = "${env:";
  std::string whole;
  for (;;) {
    const auto begin = text.find(open);
    whole += text.substr(0, begin);
    if (begin == std::string_view::npos) return whole;
    const auto end = text.find('}', begin);
    if (end == std::string_view::npos) return failure(std::string{"a ${env:NAME} has no closing brace"});
    const std::string name{text.substr(begin + open.size(), end - begin - open.size())};
    auto value = variable(name);
    if (!value) return failure(fmt::format("the environment variable {} is not set on this node", name));
    whole += *value;
    if (!value->empty()) secrets.push_back(std::move(*value));
    text.remove_prefix(end + 1);
  }
}

/// The target's headers; its content type and none of the reserved ones are told apart.
result<std::optional<std::string>, std::string>
add_users_headers(const http_target& how, const variable_reader& variable, http_request& request) {
  std::optional<std::string> content_type;
  for (const auto& [name, text] : how.headers) {
    if (is_reserved(name)) continue;
    if (!is_header_name(name)) return failure(fmt::format("header \"{}\" of the target has no valid name", name));
    if (frames_message(name))
      return failure(fmt::format("header {} of the target is made from the body: leave it out", name));
    auto value = filled(text, variable, request.secrets);
    if (!value) return failure(fmt::format("header {} of the target: {}", name, value.error()));
    if (has_control(*value))
      return failure(
          fmt::format("header {} of the target: its value holds a line break or another control character", name));
    if (equal_without_case(name, "content-type"))
      content_type = std::move(*value);
    else
      request.users.emplace_back(name, std::move(*value));
  }
  // Longest first, so that hiding one leaves no rest of another that holds it.
  std::sort(request.secrets.begin(), request.secrets.end(),
            [](const auto& left, const auto& right) { return left.size() > right.size(); });
  return content_type;
}

/// Printable ASCII as it is, anything else as %XX, so that no key of a message can break a header.
std::string header_text(std::string_view text) {
  std::string safe;
  for (const char letter : text) {
    if (letter > ' ' && letter < '\x7f' && letter != '%')
      safe += letter;
    else
      safe += fmt::format("%{:02X}", static_cast<uint8_t>(letter));
  }
  return safe;
}

/// Wheelwork-Pool, Wheelwork-Topic, Wheelwork-Message-Key, …
std::string header_name(std::string_view fact) {
  std::string name = "Wheelwork-";
  for (const char letter : fact) {
    const bool begins_word = name.back() == '-';
    name += letter == '_' ? '-' : begins_word ? static_cast<char>(letter - 'a' + 'A') : letter;
  }
  return name;
}

void add_own_headers(const attempt_order& order, const attempt_identity& identity, const std::string& idempotency_key,
                     http_request& request) {
  const auto& what = order.what;
  request.own.emplace_back("Wheelwork-Job-Id", to_string(what.id));
  request.own.emplace_back("Wheelwork-Attempt", std::to_string(order.number));
  request.own.emplace_back("Wheelwork-Fire-Time", format_time(what.nominal_time()));
  request.own.emplace_back("Idempotency-Key", idempotency_key);
  request.own.emplace_back("traceparent", traceparent_of(what.id, order.number, identity.database_secret));
  if (!order.from) return;
  for (const auto& [fact, text] : facts_of(*order.from)) request.own.emplace_back(header_name(fact), header_text(text));
}

void sign(const webhook_signer& signer, const std::string& id, wall_time now, http_request& request) {
  const int64_t timestamp = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  request.signature.emplace_back("webhook-id", id);
  request.signature.emplace_back("webhook-timestamp", std::to_string(timestamp));
  request.signature.emplace_back("webhook-signature", signer.sign(id, timestamp, request.body));
}

/// Puts the payload into the URL or the body. Gives the content type that the body has by itself.
result<std::string, std::string> add_payload(const http_target& how, const payload& body, http_request& request) {
  if (body.empty()) return std::string{};
  const bool in_url = how.method == "GET" || how.method == "HEAD";
  const bool as_form = !in_url && how.body == body_form::form;
  if (in_url || as_form) {
    auto members = body.is_json() ? members_as_query(body.data()) : members_as_query({});
    if (!members) return failure(std::move(members.error()));
    if (in_url) {
      request.url = with_query(request.url, *members);
      return std::string{};
    }
    request.made_body = std::move(*members);
    request.body = request.made_body;
    request.has_body = true;
    return std::string{"application/x-www-form-urlencoded"};
  }
  request.kept = body;
  request.body = request.kept.data();
  request.has_body = true;
  return body.content_type().empty() ? std::string{"application/octet-stream"} : std::string{body.content_type()};
}

} // namespace

result<std::unique_ptr<http_request>, std::string> make_http_request(const attempt_order& order,
                                                                     const http_request_context& context) {
  const auto* how = std::get_if<http_target>(&order.what.how->how);
  if (!how) return failure(std::string{"this is no http target"});
  auto request = std::make_unique<http_request>();
  request->url = how->url;
  request->method = how->method;
  if (auto fault = fault_of_url(request->url)) return failure(std::move(*fault));
  auto users_content_type = add_users_headers(*how, context.variable, *request);
  if (!users_content_type) return failure(std::move(users_content_type.error()));
  auto content_type = add_payload(*how, order.what.body, *request);
  if (!content_type) return failure(std::move(content_type.error()));
  if (*users_content_type) *content_type = std::move(**users_content_type);
  if (!content_type->empty()) request->own.emplace_back("Content-Type", std::move(*content_type));
  const auto idempotency_key =
      order.from ? order.from->idempotency_key : idempotency_key_of(order.what.id, context.identity.database_secret);
  add_own_headers(order, context.identity, idempotency_key, *request);
  if (context.signer) sign(*context.signer, idempotency_key, context.now, *request);
  return request;
}

void redirect(http_request& request, int status, const std::string& location) {
  if (!same_origin(request.url, location)) {
    request.users.clear();
    request.signature.clear();
  }
  request.url = location;
  const bool becomes_get =
      (status == 303 && request.method != "HEAD") || ((status == 301 || status == 302) && request.method == "POST");
  if (!becomes_get) return;
  request.method = "GET";
  request.has_body = false;
  request.body = {};
  request.signature.clear(); // it is over the body that does not go along
  std::erase_if(request.own, [](const auto& header) { return header.first == "Content-Type"; });
}

} // namespace wheelwork
