#include "schedule/time_zone.hpp"

#include "schedule/time_zone_names.hpp"
#include "schedule/tz_file.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <shared_mutex>

namespace wheelwork {

using std::chrono::seconds;
using std::chrono::sys_seconds;

namespace {

class fixed_zone final : public time_zone {
public:
  explicit fixed_zone(std::string name) : name_(std::move(name)) {}
  const std::string& name() const override { return name_; }
  span span_at(sys_seconds) const override { return {beginning, never, seconds{0}, seconds{0}, seconds{0}}; }

private:
  std::string name_;
};

class tz_file_zone final : public time_zone {
public:
  tz_file_zone(std::string name, tz_file_content content) : name_(std::move(name)), content_(std::move(content)) {}

  const std::string& name() const override { return name_; }

  span span_at(sys_seconds instant) const override {
    const auto& listed = content_.transitions;
    if (listed.empty()) {
      if (content_.rule) return content_.rule->span_at(instant);
      return {beginning, never, content_.first_offset, content_.first_offset, content_.first_offset};
    }
    if (instant >= listed.back().at) return span_after_list(instant);
    auto next = std::upper_bound(listed.begin(), listed.end(), instant,
                                 [](sys_seconds value, const auto& transition) { return value < transition.at; });
    auto index = static_cast<size_t>(next - listed.begin());
    auto offset = offset_before(index);
    if (index == 0) return {beginning, next->at, offset, offset, next->offset};
    return {listed[index - 1].at, next->at, offset, offset_before(index - 1), next->offset};
  }

private:
  seconds offset_before(size_t index) const {
    return index == 0 ? content_.first_offset : content_.transitions[index - 1].offset;
  }

  span span_after_list(sys_seconds instant) const {
    const auto& last = content_.transitions.back();
    auto before = offset_before(content_.transitions.size() - 1);
    if (!content_.rule) return {last.at, never, last.offset, before, last.offset};
    auto found = content_.rule->span_at(instant);
    if (found.begin <= last.at) {
      found.begin = last.at;
      found.offset_before = before;
    }
    return found;
  }

  std::string name_;
  tz_file_content content_;
};

/// Letters, digits and `_+-` in parts between slashes: nothing that could leave the folder or name what is not a zone.
bool is_zone_name(std::string_view name) {
  if (name.empty() || name.size() > 255 || name.front() == '/' || name.back() == '/') return false;
  if (name.find("//") != std::string_view::npos) return false;
  if (name[0] < 'A' || name[0] > 'Z') return false; // leaves out posix/, right/, localtime and the tables
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '+' ||
           c == '-' || c == '/';
  });
}

std::string unknown_zone(std::string_view name) {
  if (name.empty()) return "the time zone is empty; give an IANA name such as Europe/Berlin or UTC";
  std::string shown;
  for (auto c : name.substr(0, 64)) shown += c >= ' ' && c <= '~' ? c : '?';
  if (name.size() > 64) shown += "...";
  auto text = "unknown time zone '" + shown + "'";
  auto near = nearest_time_zone_name(name);
  if (!near.empty()) return text + "; did you mean " + near + "?";
  return text + "; give an IANA name such as Europe/Berlin or UTC (the package tzdata installs them)";
}

result<time_zone_ptr, std::string> load_zone(const std::string& name) {
  auto path = std::filesystem::path{time_zone_folder} / name;
  std::error_code failed;
  if (!std::filesystem::is_regular_file(path, failed)) return failure(unknown_zone(name));
  constexpr uintmax_t largest = 1 << 20;
  auto size = std::filesystem::file_size(path, failed);
  auto cannot = "time zone '" + name + "': " + path.string() + " can't be used: ";
  if (failed || size > largest) return failure(cannot + "its size is not that of a time-zone file");
  std::string bytes(size, '\0');
  std::ifstream file{path, std::ios::binary};
  if (!file.read(bytes.data(), static_cast<std::streamsize>(size))) return failure(cannot + "it can't be read");
  auto content = parse_tz_file(bytes);
  if (!content) return failure(cannot + content.error() + "; reinstalling the package tzdata would mend it");
  return std::make_shared<const tz_file_zone>(name, std::move(*content));
}

} // namespace

time_zone_ptr utc_zone() {
  static const time_zone_ptr zone = std::make_shared<const fixed_zone>("UTC");
  return zone;
}

result<time_zone_ptr, std::string> find_time_zone(std::string_view name) {
  if (name == "UTC") return utc_zone();
  if (!is_zone_name(name)) return failure(unknown_zone(name));
  static std::shared_mutex guard;
  static std::map<std::string, time_zone_ptr, std::less<>> known; // only names of files, so it can't grow without bound
  {
    std::shared_lock lock{guard};
    auto found = known.find(name);
    if (found != known.end()) return found->second;
  }
  auto loaded = load_zone(std::string{name});
  if (!loaded) return loaded;
  std::unique_lock lock{guard};
  return known.try_emplace(std::string{name}, *loaded).first->second;
}

} // namespace wheelwork
