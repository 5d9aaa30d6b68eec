#include "targets/http_url.hpp"

#include "targets/text_matching.hpp"

#include <curl/curl.h>
#include <fmt/format.h>
#include <memory>

namespace wheelwork {

namespace {

class parsed_url {
public:
  explicit parsed_url(const std::string& url) : handle_{curl_url(), curl_url_cleanup} {
    if (!handle_) throw std::bad_alloc{};
    status_ = curl_url_set(handle_.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME);
  }
  CURLUcode status() const { return status_; }
  /// Empty: the URL lacks it.
  std::string part(CURLUPart which) const {
    char* text = nullptr;
    if (status_ != CURLUE_OK || curl_url_get(handle_.get(), which, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return {};
    const std::unique_ptr<char, void (*)(void*)> owned{text, curl_free};
    return owned.get();
  }

private:
  std::unique_ptr<CURLU, void (*)(CURLU*)> handle_;
  CURLUcode status_ = CURLUE_OK;
};

} // namespace

std::optional<std::string> fault_of_url(const std::string& url) {
  const auto scheme_end = url.find("://");
  if (scheme_end == std::string::npos) return "the url is not absolute: write it like https://example.org/path";
  const auto scheme = std::string_view{url}.substr(0, scheme_end);
  if (!equal_without_case(scheme, "http") && !equal_without_case(scheme, "https"))
    return fmt::format("the url's scheme is {}, only http and https are called", scheme);
  const parsed_url parsed{url};
  if (parsed.status() != CURLUE_OK)
    return fmt::format("the url can't be called: {}", curl_url_strerror(parsed.status()));
  return std::nullopt;
}

std::string with_query(std::string_view url, std::string_view query) {
  if (query.empty()) return std::string{url};
  const auto fragment = std::min(url.find('#'), url.size());
  std::string extended{url.substr(0, fragment)};
  const auto mark = extended.find('?');
  if (mark == std::string::npos)
    extended += '?';
  else if (mark + 1 < extended.size() && extended.back() != '&')
    extended += '&';
  return extended.append(query).append(url.substr(fragment));
}

bool same_origin(const std::string& left, const std::string& right) {
  const parsed_url one{left}, other{right};
  if (one.status() != CURLUE_OK || other.status() != CURLUE_OK) return false;
  return equal_without_case(one.part(CURLUPART_SCHEME), other.part(CURLUPART_SCHEME)) &&
         equal_without_case(one.part(CURLUPART_HOST), other.part(CURLUPART_HOST)) &&
         one.part(CURLUPART_PORT) == other.part(CURLUPART_PORT);
}

std::string host_of(const std::string& url) { return parsed_url{url}.part(CURLUPART_HOST); }

} // namespace wheelwork
