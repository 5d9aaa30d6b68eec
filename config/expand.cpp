#include "config/expand.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <sys/stat.h>

namespace wheelwork {
namespace {

constexpr size_t secret_size_max = 64u << 10;

bool is_variable_name(std::string_view name) {
  auto letter = [](char each) { return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') || each == '_'; };
  return !name.empty() && letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char each) { return letter(each) || (each >= '0' && each <= '9'); });
}

struct tree_expander {
  const config_request& request;
  std::vector<config_fault>& faults;

  void expand(config_value& value, const std::string& key, env_reference in_tasks) {
    if (auto* items = std::get_if<config_array>(&value.what)) {
      for (size_t index = 0; index < items->size(); ++index)
        expand((*items)[index], key + "[" + std::to_string(index) + "]", in_tasks);
    } else if (auto* members = value.table()) {
      for (auto& member : *members) expand(member.value, key + "." + member.name, in_tasks);
    } else if (auto* text = std::get_if<std::string>(&value.what); text != nullptr && !value.verbatim) {
      auto filled = expand_variables(*text, request, in_tasks);
      if (filled)
        *text = std::move(*filled);
      else
        faults.push_back({value.origin.file, value.origin.line, key, filled.error()});
    }
  }
};

} // namespace

result<std::string, std::string> expand_variables(const std::string& text, const config_request& request,
                                                  env_reference in_tasks) {
  std::string filled;
  for (size_t at = 0; at < text.size();) {
    if (text.compare(at, 3, "$${") == 0) {
      filled += "${";
      at += 3;
      continue;
    }
    if (text.compare(at, 2, "${") != 0) {
      filled += text[at++];
      continue;
    }
    auto end = text.find('}', at);
    auto name = end == std::string::npos ? std::string{} : text.substr(at + 2, end - at - 2);
    bool for_executor = name.starts_with("env:");
    if (for_executor && in_tasks == env_reference::refused)
      return failure("\"${" + name + "}\" is for targets of tasks and pools; write \"${" + name.substr(4) + "}\"");
    if (!is_variable_name(for_executor ? std::string_view{name}.substr(4) : name))
      return failure(std::string{"has \"${\" without the name of an environment variable and \"}\"; write \"$${\" "
                                 "where \"${\" itself is meant"});
    if (for_executor) {
      filled += text.substr(at, end + 1 - at);
    } else {
      auto value = request.variable ? request.variable(name) : std::nullopt;
      if (!value) return failure("the environment variable " + name + " is not set");
      filled += *value;
    }
    at = end + 1;
  }
  return filled;
}

void expand_tree(config_table& tree, const config_request& request, std::vector<config_fault>& faults) {
  tree_expander expander{request, faults};
  for (auto& member : tree)
    expander.expand(member.value, member.name,
                    member.name == "task" || member.name == "pool" ? env_reference::left_alone
                                                                   : env_reference::refused);
}

result<std::string, std::string> read_whole_file(const std::string& path, size_t size_max) {
  auto reason = [](int code) { return failure(std::string{std::strerror(code)}); };
  if (path.find('\0') != std::string::npos) return failure(std::string{"the path holds a NUL character"});
  std::unique_ptr<FILE, int (*)(FILE*)> file{std::fopen(path.c_str(), "rbe"), &std::fclose};
  if (!file) return reason(errno);
  struct stat kind {};
  if (fstat(fileno(file.get()), &kind) == 0 && S_ISDIR(kind.st_mode)) return reason(EISDIR);
  std::string content;
  std::array<char, 16384> chunk{};
  while (size_t count = std::fread(chunk.data(), 1, chunk.size(), file.get())) {
    content.append(chunk.data(), count);
    if (content.size() > size_max) return failure("larger than " + std::to_string(size_max) + " bytes");
  }
  if (std::ferror(file.get()) != 0) return reason(errno);
  return content;
}

result<std::string, std::string> read_secret(const std::string& text) {
  if (!text.starts_with("file:")) return text;
  auto path = text.substr(5);
  if (path.empty()) return failure(std::string{"\"file:\" needs a path behind it"});
  auto content = read_whole_file(path, secret_size_max);
  if (!content) return failure("the secret file " + path + " can't be read: " + content.error());
  if (content->ends_with('\n')) content->pop_back();
  if (content->ends_with('\r')) content->pop_back();
  if (content->empty()) return failure("the secret file " + path + " is empty");
  return content;
}

} // namespace wheelwork
