#include "messages/http_url.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <memory>

namespace wheelwork {

namespace {

constexpr size_t url_size_max = 8192;

using url_handle = std::unique_ptr<CURLU, decltype([](CURLU* url) { curl_url_cleanup(url); })>;

std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
  std::string made{text};
  curl_free(text);
  std::transform(made.begin(), made.end(), made.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return made;
}

std::string reason_of(CURLUcode code) {
  switch (code) {
  case CURLUE_UNSUPPORTED_SCHEME: return "must begin with http:// or https://";
  case CURLUE_USER_NOT_ALLOWED: return "must not hold a user or password; send an Authorization header instead";
  case CURLUE_BAD_PORT_NUMBER: return "has a port that is not a number from 1 to 65535";
  case CURLUE_NO_HOST: return "has no host";
  case CURLUE_BAD_SCHEME: return "must begin with http:// or https://";
  default: return std::string{"is not an absolute http or https URL: "} + curl_url_strerror(code);
  }
}

} // namespace

result<std::string, std::string> lane_of_url(std::string_view url) {
  if (url.empty()) return failure(std::string{"must not be empty"});
  if (url.size() > url_size_max) return failure("is longer than " + std::to_string(url_size_max) + " bytes");
  for (unsigned char letter : url) {
    if (letter <= 0x20 || letter == 0x7f)
      return failure(std::string{"must not hold blanks or control characters; write them as %20 and the like"});
    if (letter == '\\') return failure(std::string{"must not hold a backslash; write / or %5C"});
  }
  // The parser would mend a wrong number of slashes.
  auto after_scheme = url.find("://");
  if (after_scheme == url.npos) return failure(std::string{"must begin with http:// or https://"});
  if (after_scheme + 3 == url.size() || std::string_view{"/?#"}.find(url[after_scheme + 3]) != std::string_view::npos)
    return failure(std::string{"has no host"});
  url_handle parsed{curl_url()};
  if (!parsed) return failure(std::string{"can't be checked: out of memory"});
  auto code = curl_url_set(parsed.get(), CURLUPART_URL, std::string{url}.c_str(), CURLU_DISALLOW_USER);
  if (code != CURLUE_OK) return failure(reason_of(code));
  auto scheme = part_of(parsed.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return failure(std::string{"must begin with http:// or https://"});
  auto host = part_of(parsed.get(), CURLUPART_HOST);
  if (host.empty()) return failure(std::string{"has no host"});
  if (std::any_of(host.begin(), host.end(), [](char letter) { return letter & 0x80; }))
    return failure(std::string{"must have an international host name in its xn-- form"});
  auto port = part_of(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  if (port == "0") return failure(reason_of(CURLUE_BAD_PORT_NUMBER));
  return scheme + "://" + host + ":" + port;
}

} // namespace wheelwork
