#include "api/compat/form_fields.hpp"

#include "api/authority.hpp"
#include "api/http_message.hpp"

#include <optional>

namespace wheelwork {

namespace {

result<form_fields, std::string> read_urlencoded(std::string_view body) {
  form_fields fields;
  while (!body.empty()) {
    const auto end = body.find('&');
    const auto pair = body.substr(0, end);
    body = end == body.npos ? std::string_view{} : body.substr(end + 1);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    // Bytes, not text: a parameter may have another encoding than UTF-8.
    auto name = percent_decode_bytes(pair.substr(0, equals), true);
    auto value = percent_decode_bytes(equals == pair.npos ? std::string_view{} : pair.substr(equals + 1), true);
    if (!name || !value) return failure(std::string{"a % in the form has no two hexadecimal digits behind it"});
    fields.emplace(std::move(*name), std::move(*value));
  }
  return fields;
}

/// `name` of `…; name="value"`; quotes may be left out.
std::optional<std::string> parameter_of(std::string_view header, std::string_view name) {
  const auto low = ascii_lower(header);
  for (size_t at = low.find(';'); at != low.npos; at = low.find(';', at)) {
    at = low.find_first_not_of(" \t", at + 1);
    if (at == low.npos) break;
    if (low.compare(at, name.size(), name) != 0 || at + name.size() >= low.size() || low[at + name.size()] != '=')
      continue;
    auto value = header.substr(at + name.size() + 1);
    if (!value.starts_with('"')) return std::string{value.substr(0, value.find_first_of("; \t"))};
    value.remove_prefix(1);
    const auto end = value.find('"');
    if (end == value.npos) return std::nullopt;
    return std::string{value.substr(0, end)};
  }
  return std::nullopt;
}

/// The name of the field whose part has this head.
std::optional<std::string> name_of_part(std::string_view head) {
  constexpr std::string_view wanted = "content-disposition:";
  while (!head.empty()) {
    const auto end = head.find("\r\n");
    const auto line = head.substr(0, end);
    head = end == head.npos ? std::string_view{} : head.substr(end + 2);
    if (ascii_lower(line.substr(0, wanted.size())) == wanted) return parameter_of(line, "name");
  }
  return std::nullopt;
}

/// RFC 7578; of RFC 2046 section 5.1.1 what senders of forms use.
result<form_fields, std::string> read_multipart(std::string_view boundary, std::string_view body) {
  const std::string delimiter = "--" + std::string{boundary};
  const auto broken = [] { return failure(std::string{"the multipart form can't be read"}); };
  form_fields fields;
  auto at = body.find(delimiter);
  if (at != 0 && (at == body.npos || body[at - 1] != '\n')) return broken();
  for (;;) {
    auto rest = body.substr(at + delimiter.size());
    if (rest.starts_with("--")) return fields;
    if (!rest.starts_with("\r\n")) return broken();
    const auto head_end = rest.find("\r\n\r\n");
    if (head_end == rest.npos) return broken();
    const auto begin = at + delimiter.size() + head_end + 4;
    const auto end = body.find("\r\n" + delimiter, begin);
    auto name = name_of_part(rest.substr(2, head_end - 2));
    if (end == body.npos || !name) return broken();
    fields.emplace(std::move(*name), body.substr(begin, end - begin));
    at = end + 2;
  }
}

} // namespace

result<form_fields, std::string> read_form(std::string_view content_type, std::string_view body) {
  auto type = ascii_lower(content_type.substr(0, content_type.find(';')));
  while (type.ends_with(' ') || type.ends_with('\t')) type.pop_back();
  if (type.empty() || type == "application/x-www-form-urlencoded") return read_urlencoded(body);
  if (type != "multipart/form-data")
    return failure(std::string{"the body must be a form: application/x-www-form-urlencoded or multipart/form-data"});
  const auto boundary = parameter_of(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > 70)
    return failure(std::string{"the multipart form names no boundary"});
  return read_multipart(*boundary, body);
}

} // namespace wheelwork
