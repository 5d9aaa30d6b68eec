#include "targets/process_command.hpp"

#include "schedule/time_text.hpp"

namespace wheelwork {

namespace {

constexpr const char* path_by_default = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr size_t argument_max = (128 << 10) - 1;

using variables = std::map<std::string, std::string>;

/// A job that no firing made carries the time when it was due.
std::string fire_time_text(const job& what) { return format_time(what.nominal_time()); }

bool holds_nul(std::string_view text) { return text.find('\0') != text.npos; }

/// `${env:NAME}` anywhere in the value of a declared variable becomes the node's own variable of that name.
result<std::string, std::string> filled_in(const std::string& name, const std::string& value,
                                           const process_rules& rules) {
  constexpr std::string_view opening = "${env:";
  std::string out;
  for (size_t at = 0;;) {
    size_t found = value.find(opening, at);
    size_t end = found == value.npos ? value.npos : value.find('}', found);
    out.append(value, at, end == value.npos ? value.npos : found - at);
    if (end == value.npos) return out;
    auto wanted = value.substr(found + opening.size(), end - found - opening.size());
    auto own = rules.variable(wanted);
    if (!own)
      return failure("env." + name + " names ${env:" + wanted + "}, but the node's environment has no variable " +
                     wanted);
    out += *own;
    at = end + 1;
  }
}

result<variables, std::string> declared_environment(const process_target& how, const process_rules& rules) {
  variables out;
  for (const auto& [name, value] : how.env) {
    if (name.empty() || name.find('=') != name.npos || holds_nul(name))
      return failure("env has a variable named `" + name + "`: a name must not be empty nor hold = or a NUL byte");
    auto filled = filled_in(name, value, rules);
    if (!filled) return failure(std::move(filled.error()));
    if (holds_nul(*filled)) return failure("env." + name + " holds a NUL byte");
    out[name] = std::move(*filled);
  }
  return out;
}

/// WHEELWORK_POOL, WHEELWORK_TOPIC, WHEELWORK_MESSAGE_KEY, …
std::string variable_name(std::string_view fact) {
  std::string name = "WHEELWORK_";
  for (const char letter : fact) name += letter == '_' ? '_' : static_cast<char>(letter - 'a' + 'A');
  return name;
}

void add_attempt(variables& environment, const attempt_order& attempt, const attempt_identity& identity) {
  const job& what = attempt.what;
  environment["WHEELWORK_JOB_ID"] = to_string(what.id);
  environment["WHEELWORK_ATTEMPT"] = std::to_string(attempt.number);
  environment["WHEELWORK_TRACE_ID"] = trace_id_of(what.id, identity.database_secret);
  environment["WHEELWORK_IDEMPOTENCY_KEY"] = idempotency_key_of(what.id, identity.database_secret);
  environment["TRACEPARENT"] = traceparent_of(what.id, attempt.number, identity.database_secret);
  environment["WHEELWORK_FIRE_TIME"] = fire_time_text(what);
  if (attempt.from)
    for (const auto& [fact, text] : facts_of(*attempt.from))
      if (!holds_nul(text)) environment[variable_name(fact)] = text;
  environment.erase("WHEELWORK_PAYLOAD");
  auto body = what.body.data();
  if (!what.body.empty() && body.size() <= payload_variable_max && !holds_nul(body))
    environment["WHEELWORK_PAYLOAD"] = std::string{body};
}

/// An argument with its placeholder filled in. Only a whole argument is one: nothing is ever spliced into a text.
result<std::string, std::string> argument_for(const std::string& argument, const attempt_order& attempt,
                                              const attempt_identity& identity) {
  const job& what = attempt.what;
  if (argument == "{job_id}") return to_string(what.id);
  if (argument == "{attempt}") return std::to_string(attempt.number);
  if (argument == "{trace_id}") return trace_id_of(what.id, identity.database_secret);
  if (argument == "{fire_time}") return fire_time_text(what);
  if (argument != "{payload}") {
    if (holds_nul(argument)) return failure(std::string{"an argument of the command holds a NUL byte"});
    if (argument.size() > argument_max)
      return failure(std::string{"an argument of the command is longer than 128 KiB"});
    return argument;
  }
  auto body = what.body.data();
  if (holds_nul(body))
    return failure(std::string{"the payload holds a NUL byte and can't be the argument {payload}; it is on stdin"});
  if (body.size() > argument_max)
    return failure("the payload of " + std::to_string(body.size()) +
                   " bytes is too long for the argument {payload} (at most 131071); it is on stdin");
  return std::string{body};
}

std::string or_default(std::optional<std::string> value, const char* other) {
  return value && !value->empty() ? *value : std::string{other};
}

std::vector<std::string> lines(const variables& environment) {
  std::vector<std::string> out;
  for (const auto& [name, value] : environment) out.push_back(name + "=" + value);
  return out;
}

} // namespace

std::vector<std::string> marks_of_attempt(attempt_key key, const attempt_identity& identity) {
  return {"WHEELWORK_JOB_ID=" + to_string(key.id), "WHEELWORK_ATTEMPT=" + std::to_string(key.number),
          "WHEELWORK_IDEMPOTENCY_KEY=" + idempotency_key_of(key.id, identity.database_secret)};
}

result<process_order, std::string> make_process_order(const attempt_order& attempt, const attempt_identity& identity,
                                                      const process_rules& rules) {
  const auto* how = std::get_if<process_target>(&attempt.what.how->how);
  if (!how) return failure(std::string{"the job's target is not a process"});
  if (how->command.empty()) return failure(std::string{"the command is empty; its first part must name an executable"});
  auto environment = declared_environment(*how, rules);
  if (!environment) return failure(std::move(environment.error()));
  process_order order;
  order.home_of_user = !how->user.empty() && !environment->contains("HOME");
  // emplace() leaves alone what is declared.
  environment->emplace("PATH", or_default(rules.variable("PATH"), path_by_default));
  if (!order.home_of_user) environment->emplace("HOME", or_default(rules.variable("HOME"), "/"));
  environment->emplace("LANG", or_default(rules.variable("LANG"), "C.UTF-8"));
  auto executable = rules.allow.find(how->command.front(), environment->at("PATH"));
  if (!executable) return failure(std::move(executable.error()));
  for (const auto& argument : how->command) {
    auto filled = argument_for(argument, attempt, identity);
    if (!filled) return failure(std::move(filled.error()));
    order.arguments.push_back(std::move(*filled));
  }
  if (!how->cwd.empty() && (!how->cwd.starts_with('/') || holds_nul(how->cwd)))
    return failure("cwd `" + how->cwd + "` must be an absolute path");
  add_attempt(*environment, attempt, identity);
  order.key = {attempt.what.id, attempt.number};
  order.executable = std::move(*executable);
  order.environment = lines(*environment);
  if (!how->cwd.empty()) order.directory = how->cwd;
  order.user = how->user;
  order.timeout = attempt.what.how->timeout;
  order.kill_grace = rules.kill_grace;
  order.output_limit = rules.output_limit;
  return order;
}

} // namespace wheelwork
