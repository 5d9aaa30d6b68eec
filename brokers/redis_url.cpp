#include "brokers/redis_url.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>

namespace wheelwork {

namespace {

constexpr char forms[] = "redis://USER:PASSWORD@HOST:PORT/DATABASE or unix:///PATH?db=DATABASE";

using url_handle = std::unique_ptr<CURLU, decltype([](CURLU* url) { curl_url_cleanup(url); })>;

std::string part_of(CURLU* url, CURLUPart part, unsigned flags = CURLU_URLDECODE) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
  std::string made{text};
  curl_free(text);
  return made;
}

std::optional<int> number_from(std::string_view text, int most) {
  int number = 0;
  const auto end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc{} || at != end || number < 0 || number > most) return std::nullopt;
  return number;
}

result<int, std::string> database_from(std::string_view text) {
  if (text.empty()) return 0;
  constexpr int most = 1'000'000; // the server knows how many it has
  if (const auto number = number_from(text, most)) return *number;
  return failure("has the database \"" + std::string{text} + "\"; it must be a number such as 0");
}

result<void, std::string> read_query(const std::string& query, redis_address& into) {
  if (query.empty()) return {};
  if (!query.starts_with("db=")) return failure("has ?" + query + "; only ?db=NUMBER is known");
  const auto database = database_from(std::string_view{query}.substr(3));
  if (!database) return failure(database.error());
  into.database = *database;
  return {};
}

result<redis_address, std::string> read_parts(CURLU* url, bool socket) {
  redis_address read;
  read.user = part_of(url, CURLUPART_USER);
  read.password = part_of(url, CURLUPART_PASSWORD);
  if (!read.user.empty() && read.password.empty())
    return failure(std::string{"has a user without a password; write :PASSWORD@ where there is only a password"});
  const std::string path = part_of(url, CURLUPART_PATH);
  if (socket) {
    if (path.size() < 2) return failure(std::string{"lacks the path of the socket: unix:///PATH"});
    read.path = path;
  } else {
    read.host = part_of(url, CURLUPART_HOST);
    if (read.host.empty()) return failure("has no host; it must be " + std::string{forms});
    if (read.host.front() == '[') read.host = read.host.substr(1, read.host.size() - 2);
    if (const auto port = part_of(url, CURLUPART_PORT); !port.empty()) read.port = number_from(port, 65535).value_or(0);
    if (read.port == 0) return failure(std::string{"has a port that is not a number from 1 to 65535"});
    const auto database = database_from(path.empty() ? path : std::string_view{path}.substr(1));
    if (!database) return failure(database.error());
    read.database = *database;
  }
  if (const auto query = read_query(part_of(url, CURLUPART_QUERY), read); !query) return failure(query.error());
  return read;
}

} // namespace

std::string redis_address::text() const {
  if (host.empty()) return path;
  return (host.find(':') == host.npos ? host : "[" + host + "]") + ":" + std::to_string(port);
}

result<redis_address, std::string> parse_redis_url(std::string_view url) {
  if (url.starts_with("rediss://"))
    return failure(std::string{"begins with rediss://, and Redis over TLS is not supported: use redis:// inside a "
                               "private network, or a TLS tunnel (stunnel) beside the node"});
  const bool socket = url.starts_with("unix://");
  if (!socket && !url.starts_with("redis://"))
    return failure("must begin with redis:// or unix://: " + std::string{forms});
  std::string text{url};
  if (socket) { // a host in its place, for the parser takes unix:///a/b for the host a
    const auto path = text.find('/', 7);
    if (path != text.npos && path > 7 && text[path - 1] != '@')
      return failure(std::string{"must have three slashes before the path of the socket: unix:///PATH"});
    text.insert(std::min(path, text.size()), "socket");
  }
  const url_handle handle{curl_url()};
  if (!handle) throw std::bad_alloc{};
  if (const auto code = curl_url_set(handle.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME);
      code != CURLUE_OK)
    return failure(std::string{"is not of the form "} + forms + ": " + curl_url_strerror(code));
  return read_parts(handle.get(), socket);
}

} // namespace wheelwork
