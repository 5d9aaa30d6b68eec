#include "persistence/mysql/url.hpp"

#include <curl/curl.h>

#include <charconv>
#include <memory>
#include <optional>

namespace wheelwork::mysql {

namespace {

constexpr char right_url[] =
    "it must be mysql://USER:PASSWORD@HOST:PORT/DATABASE, with %-codes for special characters (%40 for @, %2F for /)";

struct free_url {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct free_text {
  void operator()(char* text) const { curl_free(text); }
};

/// The part with its %-codes resolved; empty where it is missing. None: the codes are wrong.
std::optional<std::string> part_of(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  const CURLUcode code = curl_url_get(url, part, &text, CURLU_URLDECODE);
  const std::unique_ptr<char, free_text> owned{text};
  if (code == CURLUE_OK) return std::string{text};
  if (code == CURLUE_URLDECODE || code == CURLUE_OUT_OF_MEMORY) return std::nullopt;
  return std::string{};
}

bool set_tls(connection_target& into, const std::string& mode) {
  if (mode == "disabled" || mode == "disable")
    into.tls = tls_mode::off;
  else if (mode == "required" || mode == "require")
    into.tls = tls_mode::required;
  else if (mode == "verify-identity" || mode == "verify-full")
    into.tls = tls_mode::verify_identity;
  else
    return false;
  return true;
}

/// Answers what is wrong with it.
std::optional<std::string> set_parameter(connection_target& into, bool& mode_given, const std::string& name,
                                         const std::string& value) {
  if (name == "ssl-mode" || name == "sslmode") {
    mode_given = true;
    if (set_tls(into, value)) return std::nullopt;
    return name + "=" + value + ": write disabled, required or verify-identity";
  }
  if (name == "socket")
    into.socket = value;
  else if (name == "ssl-ca")
    into.tls_ca = value;
  else if (name == "ssl-cert")
    into.tls_certificate = value;
  else if (name == "ssl-key")
    into.tls_key = value;
  else
    return "the parameter `" + name + "` is not known: write socket, ssl-mode, ssl-ca, ssl-cert or ssl-key";
  return std::nullopt;
}

std::optional<std::string> decoded(const std::string& text) {
  int length = 0;
  const std::unique_ptr<char, free_text> plain{
      curl_easy_unescape(nullptr, text.c_str(), static_cast<int>(text.size()), &length)};
  if (!plain) return std::nullopt;
  return std::string{plain.get(), static_cast<size_t>(length)};
}

std::optional<std::string> set_parameters(connection_target& into, const std::string& query) {
  bool mode_given = false;
  for (size_t at = 0; at < query.size();) {
    const size_t end = std::min(query.find('&', at), query.size());
    const std::string one = query.substr(at, end - at);
    at = end + 1;
    if (one.empty()) continue;
    const size_t equals = std::min(one.find('='), one.size());
    const auto value = decoded(equals < one.size() ? one.substr(equals + 1) : std::string{});
    if (!value) return right_url;
    if (auto fault = set_parameter(into, mode_given, one.substr(0, equals), *value)) return fault;
  }
  if (!mode_given && !into.tls_ca.empty()) into.tls = tls_mode::verify_identity;
  return std::nullopt;
}

std::string raw_query(CURLU* url) {
  char* text = nullptr;
  const CURLUcode code = curl_url_get(url, CURLUPART_QUERY, &text, 0);
  const std::unique_ptr<char, free_text> owned{text};
  return code == CURLUE_OK ? std::string{text} : std::string{};
}

/// libcurl wants a host; behind a Unix socket there is none.
constexpr std::string_view no_host = "no-host";
std::string with_host(const std::string& url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  const size_t end = std::min(url.find_first_of("/?", scheme + 3), url.size());
  if (end != scheme + 3 && url[end - 1] != '@') return url;
  return std::string{url}.insert(end, no_host);
}

std::string show(const connection_target& target) {
  std::string text = "mysql://";
  if (!target.user.empty()) text += target.user + "@";
  text += target.host;
  if (target.port != 3306) text += ":" + std::to_string(target.port);
  text += "/" + target.database;
  return target.socket.empty() ? text : text + "?socket=" + target.socket;
}

} // namespace

result<connection_target, std::string> read_url(const std::string& url) {
  const std::unique_ptr<CURLU, free_url> parsed{curl_url()};
  if (!parsed ||
      curl_url_set(parsed.get(), CURLUPART_URL, with_host(url).c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
    return wheelwork::failure(std::string{"the database URL can't be read: "} + right_url);
  const auto host = part_of(parsed.get(), CURLUPART_HOST), user = part_of(parsed.get(), CURLUPART_USER),
             password = part_of(parsed.get(), CURLUPART_PASSWORD), path = part_of(parsed.get(), CURLUPART_PATH),
             port = part_of(parsed.get(), CURLUPART_PORT);
  if (!host || !user || !password || !path || !port)
    return wheelwork::failure(std::string{"the database URL can't be read: "} + right_url);
  connection_target target;
  if (*host != no_host) target.host = *host;
  target.user = *user;
  target.password = *password;
  target.database = path->size() > 1 ? path->substr(1) : std::string{};
  if (!port->empty()) std::from_chars(port->data(), port->data() + port->size(), target.port);
  if (const auto fault = set_parameters(target, raw_query(parsed.get())))
    return wheelwork::failure("the database URL " + show(target) + " can't be used: " + *fault);
  target.shown = show(target);
  if (target.host.empty() && target.socket.empty())
    return wheelwork::failure("the database URL " + target.shown + " names no server: write a host, or ?socket=PATH");
  if (target.database.empty() || target.database.find('/') != std::string::npos)
    return wheelwork::failure("the database URL " + target.shown +
                              " names no database: write mysql://USER:PASSWORD@HOST/DATABASE");
  return target;
}

} // namespace wheelwork::mysql
