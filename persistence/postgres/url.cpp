#include "persistence/postgres/url.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

namespace wheelwork::postgres {

namespace {

using parameters = std::map<std::string, std::string>;

struct free_options {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

std::string quoted(const std::string& text) {
  std::string made = "'";
  for (const char any : text) {
    if (any == '\'' || any == '\\') made += '\\';
    made += any;
  }
  return made + "'";
}

/// What the environment (PGHOST and its like) and libpq itself add is not asked for here: it comes by itself at
/// connect.
std::optional<parameters> parse(const std::string& url) {
  char* error = nullptr;
  const std::unique_ptr<PQconninfoOption, free_options> options{PQconninfoParse(url.c_str(), &error)};
  if (error) PQfreemem(error); // it would show the whole URL with its password
  if (!options) return std::nullopt;
  parameters found;
  for (const PQconninfoOption* one = options.get(); one->keyword; ++one)
    if (one->val && *one->val) found[one->keyword] = one->val;
  return found;
}

/// One for each host, with commas between; empty: the usual one.
bool are_ports(const std::string& text) {
  for (size_t from = 0; from <= text.size();) {
    const auto end = std::min(text.find(',', from), text.size());
    const auto one = text.substr(from, end - from);
    const bool digits = one.size() <= 5 && one.find_first_not_of("0123456789") == std::string::npos;
    if (!one.empty() && (!digits || std::stoi(one) < 1 || std::stoi(one) > 65'535)) return false;
    from = end + 1;
  }
  return true;
}

std::string show(const parameters& all) {
  const auto part = [&](const char* name) {
    const auto found = all.find(name);
    return found == all.end() ? std::string{} : found->second;
  };
  std::string text = "postgres://";
  if (!part("user").empty()) text += part("user") + "@";
  const std::string host = part("host").empty() ? part("hostaddr") : part("host");
  const bool folder = host.starts_with('/');
  if (!folder) text += host;
  if (!part("port").empty()) text += ":" + part("port");
  text += "/" + part("dbname");
  return folder ? text + "?host=" + host : text;
}

} // namespace

result<connection_target, std::string> read_url(const std::string& url) {
  auto all = parse(url);
  if (!all)
    return wheelwork::failure(std::string{
        "the database URL can't be read; it must be postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=require, with "
        "%-codes for special characters (%40 for @, %2F for /) and only parameters that libpq knows"});
  if ((*all)["dbname"].empty())
    return wheelwork::failure("the database URL " + show(*all) +
                              " names no database: write postgres://USER:PASSWORD@HOST/DATABASE");
  const std::string shown = show(*all);
  if (!are_ports((*all)["port"]))
    return wheelwork::failure("the database URL " + shown +
                              " has a port that is none: it must be a number from 1 to "
                              "65535");
  const parameters defaults = {{"connect_timeout", "5"},      {"keepalives_idle", "5"},
                               {"keepalives_interval", "3"},  {"keepalives_count", "3"},
                               {"tcp_user_timeout", "15000"}, {"fallback_application_name", "wheelwork"}};
  all->insert(defaults.begin(), defaults.end());
  (*all)["client_encoding"] = "UTF8";
  std::string text;
  for (const auto& [name, value] : *all)
    if (!value.empty()) text += name + "=" + quoted(value) + " ";
  return connection_target{text, shown};
}

} // namespace wheelwork::postgres
