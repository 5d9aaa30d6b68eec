#include "targets/curl_command.hpp"

#include "targets/http_request.hpp"
#include "targets/shell_text.hpp"
#include "targets/text_matching.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace wheelwork {

namespace {

/// Linux takes arguments of up to 128 KiB, and nobody wants to paste that much.
constexpr size_t argument_bytes_max = 100 << 10;
/// From here on the curl program asks first whether the server wants the body.
constexpr size_t unasked_body_bytes_max = 1024;
constexpr std::string_view fire_time_header = "Wheelwork-Fire-Time";

/// The target's text of a header, in which each ${env:NAME} is one of the shell's variables: the names have been
/// checked to be letters, digits and _. Where the shell does not have it, the command fails and names it.
std::string word_with_variables(std::string_view name, std::string_view value) {
  constexpr std::string_view open = "${env:";
  const auto start = std::string{name} + (value.empty() ? ";" : ": ");
  std::string word;
  std::string literal = start;
  for (auto begin = value.find(open); begin != std::string_view::npos; begin = value.find(open)) {
    const auto end = value.find('}', begin);
    literal += value.substr(0, begin);
    word += literal.empty() ? "" : shell_word(literal);
    word += "\"${";
    word += value.substr(begin + open.size(), end - begin - open.size());
    word += ":?}\"";
    literal.clear();
    value.remove_prefix(end + 1);
  }
  literal += value;
  return literal.empty() ? word : word + shell_word(literal);
}

/// The due time moves with each retry, so it is only known as long as nothing came after the attempt.
bool knows_fire_time(const job& what, const attempt_record& attempt) {
  return what.is_fire() || (attempt.number == what.attempt && attempt.started_at && what.due_at <= *attempt.started_at);
}

bool is_letters(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char letter) { return (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z'); });
}

bool names_content_type(const http_target& how) {
  return std::any_of(how.headers.begin(), how.headers.end(),
                     [](const auto& header) { return equal_without_case(header.first, "content-type"); });
}

class command_writer {
public:
  command_writer(const http_request& request, const http_target& how) : request_{request}, how_{how} {}

  std::string line(const std::vector<std::string>& without) {
    add_method();
    line_ += " -A 'wheelwork/" WHEELWORK_VERSION "'";
    add_headers(without);
    add_body();
    line_ += ' ';
    line_ += shell_word(request_.url);
    return before_ + line_;
  }

private:
  // As http_transfer does it.
  void add_method() {
    const auto& method = request_.method;
    if (method == "HEAD")
      line_ += " -I";
    else if (method != "GET")
      line_ += " -X " + (is_letters(method) ? method : shell_word(method));
    if (follows_redirects()) line_ += fmt::format(" -L --proto-redir =http,https --max-redirs {}", how_.redirects);
  }

  /// Where the program does it as the runner does: it would take the target's headers along to other hosts, and keep a
  /// method that it was told.
  bool follows_redirects() const {
    return how_.redirects > 0 && request_.users.empty() && (request_.method == "GET" || request_.method == "HEAD");
  }

  bool sends_body() const {
    return request_.has_body || request_.method == "POST" || request_.method == "PUT" || request_.method == "PATCH";
  }

  void add_headers(const std::vector<std::string>& without) {
    bool has_content_type = false;
    for (const auto& [name, value] : request_.own) {
      if (std::find(without.begin(), without.end(), name) != without.end()) continue;
      const bool is_content_type = name == "Content-Type";
      has_content_type = has_content_type || is_content_type;
      // Only the target's own texts have variables; elsewhere the same letters are letters.
      if (is_content_type && names_content_type(how_))
        add_header(word_with_variables(name, value));
      else
        add_header(shell_word(name + ": " + value));
    }
    for (const auto& [name, value] : request_.users) add_header(word_with_variables(name, value));
    if (sends_body() && !has_content_type) add_header("Content-Type:");
    if (request_.body.size() > unasked_body_bytes_max) add_header("Expect:");
  }
  void add_header(const std::string& word) { line_.append(" -H ").append(word); }

  void add_body() {
    if (!sends_body()) return;
    const auto body = request_.body;
    line_ += " --data-binary ";
    // A file's name begins with @ there.
    if (body.size() <= argument_bytes_max && !body.starts_with('@') && is_plain_text(body)) {
      line_ += shell_word(body);
    } else {
      before_ = shell_printf(body) + " | ";
      line_ += "@-";
    }
  }

  const http_request& request_;
  const http_target& how_;
  std::string before_;
  std::string line_ = "curl -q -g --path-as-is --noproxy '*'";
};

} // namespace

std::optional<curl_command> curl_command_of(const job& what, const attempt_record& attempt,
                                            const attempt_identity& identity, bool is_signed) {
  const auto* how = what.how ? std::get_if<http_target>(&what.how->how) : nullptr;
  if (!how) return std::nullopt;
  attempt_order order;
  order.what = what;
  order.number = attempt.number;
  const variable_reader unchanged = [](const std::string& name) -> std::optional<std::string> {
    return "${env:" + name + "}";
  };
  const auto request = make_http_request(order, {identity, nullptr, unchanged, wall_time{}});
  if (!request || (*request)->url.size() > argument_bytes_max) return std::nullopt;
  curl_command made;
  if (!knows_fire_time(what, attempt)) made.lacks.emplace_back(fire_time_header);
  made.line = command_writer{**request, *how}.line(made.lacks);
  if (is_signed)
    for (const char* name : {"webhook-id", "webhook-timestamp", "webhook-signature"}) made.lacks.emplace_back(name);
  return made;
}

} // namespace wheelwork
