#include "config/load.hpp"

#include "config/apply.hpp"
#include "config/checks.hpp"
#include "config/definition_tables.hpp"
#include "config/expand.hpp"
#include "config/option_table.hpp"
#include "config/overrides.hpp"
#include "config/toml_reader.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <unistd.h>

namespace wheelwork {
namespace {

constexpr auto default_file = "./wheelwork.toml";
constexpr size_t file_size_max = 64u << 20;

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 && name.front() != '\0' ? name.data() : "node";
}

class loader {
public:
  explicit loader(const config_request& request) : request_{request} {}

  result<settings, std::vector<config_fault>> load() {
    settings_.environment = environment();
    settings_.node.name = host_name();
    if (!read_file()) return failure(sorted_faults());
    lay_environment_table();
    lay_over(tree_, environment_layer(request_, faults_));
    lay_over(tree_, command_line_layer(request_, faults_));
    expand_tree(tree_, request_, faults_);
    const auto origins = apply_tree(tree_, texts::expanded, settings_, faults_);
    const auto& brokers = settings_.brokers;
    if (const auto* section = find_member(tree_, "task"))
      settings_.tasks = read_tasks(*section, request_.now, brokers, faults_);
    if (const auto* section = find_member(tree_, "pool"))
      settings_.pools = read_pools(*section, request_.now, brokers, faults_);
    check_settings(settings_, origins, {settings_.config_file.empty() ? "defaults" : settings_.config_file, 0},
                   faults_);
    if (faults_.empty() && request_.more_checks) add_faults_of_others(origins);
    if (!faults_.empty()) return failure(sorted_faults());
    return std::move(settings_);
  }

private:
  std::string environment() const {
    if (request_.environment) return *request_.environment;
    auto variable = request_.variable ? request_.variable("WHEELWORK_ENV") : std::nullopt;
    return variable && !variable->empty() ? *variable : "dev";
  }

  /// False: nothing more can be said before the file is mended.
  bool read_file() {
    bool named = !request_.file.empty();
    std::string file = named ? request_.file : default_file;
    if (!named && access(default_file, F_OK) != 0) return true;
    settings_.config_file = file;
    auto text = read_whole_file(file, file_size_max);
    if (!text) {
      faults_.push_back({file, 0, "", "can't be read: " + text.error()});
      return false;
    }
    auto tree = read_toml(*text, file);
    if (!tree) {
      faults_.push_back(tree.error());
      return false;
    }
    tree_ = std::move(*tree);
    return true;
  }

  /// A layer that others hide, wholly or in part, must be right all the same.
  void check_layer(const config_table& layer) {
    settings scratch = settings_;
    apply_tree(layer, texts::raw, scratch, faults_);
  }

  void lay_environment_table() {
    check_layer(tree_);
    auto found =
        std::find_if(tree_.begin(), tree_.end(), [](const config_member& member) { return member.name == "env"; });
    if (found == tree_.end()) return;
    auto environments = std::move(found->value);
    tree_.erase(found);
    auto add = [&](const config_origin& origin, const std::string& key, const std::string& message) {
      faults_.push_back({origin.file, origin.line, key, message});
    };
    if (environments.table() == nullptr) return add(environments.origin, "env", "must be tables: [env.NAME.SECTION]");
    for (const auto& [name, value] : *environments.table()) {
      const auto* layer = value.table();
      if (layer == nullptr) {
        add(value.origin, "env." + name,
            "is " + std::string{type_name(value)} + ", must be a table: [env." + name + ".SECTION]");
        continue;
      }
      auto before = faults_.size();
      check_layer(*layer);
      if (const auto* nested = find_member(*layer, "env"))
        add(nested->origin, "env", "must not stand inside of another one");
      for (auto at = before; at < faults_.size(); ++at) faults_[at].key = "env." + name + "." + faults_[at].key;
      if (name == settings_.environment) lay_over(tree_, *layer);
    }
  }

  void add_faults_of_others(const option_origins& origins) {
    for (auto& fault : request_.more_checks(settings_)) {
      config_origin origin{settings_.config_file.empty() ? "defaults" : settings_.config_file, 0};
      if (const auto found = origins.find(fault.key); found != origins.end()) origin = found->second;
      const auto dot = fault.key.find('.');
      const auto* section = find_member(tree_, fault.key.substr(0, dot));
      const auto* names = section ? section->table() : nullptr;
      if (const auto* of_name = names ? find_member(*names, fault.key.substr(dot + 1)) : nullptr; of_name)
        origin = of_name->origin;
      faults_.push_back({origin.file, origin.line, fault.key, std::move(fault.message)});
    }
  }

  /// The file's faults by line, then those of the layers over it in the order in which they were found; each once.
  std::vector<config_fault> sorted_faults() {
    auto layer = [&](const config_fault& fault) { return fault.file == settings_.config_file ? 0 : 1; };
    std::stable_sort(faults_.begin(), faults_.end(), [&](const config_fault& left, const config_fault& right) {
      return std::tuple{layer(left), left.line} < std::tuple{layer(right), right.line};
    });
    std::vector<config_fault> once;
    for (auto& fault : faults_) {
      // What the layer of an environment was blamed for comes up again under the plain key once it lies over the rest.
      bool known = std::any_of(once.begin(), once.end(), [&](const config_fault& other) {
        return fault.file == other.file && fault.line == other.line && fault.message == other.message &&
               (fault.key == other.key || other.key.ends_with("." + fault.key));
      });
      if (!known) once.push_back(std::move(fault));
    }
    return once;
  }

  const config_request& request_;
  settings settings_;
  config_table tree_;
  std::vector<config_fault> faults_;
};

} // namespace

std::string to_string(const config_fault& fault) {
  auto text = fault.file;
  if (fault.line != 0) text += ":" + std::to_string(fault.line);
  if (!fault.key.empty()) text += ": " + fault.key;
  return text + ": " + fault.message;
}

result<settings, std::vector<config_fault>> load_settings(const config_request& request) {
  return loader{request}.load();
}

std::vector<std::string> needs_restart(const settings& running, const settings& loaded) {
  std::vector<std::string> names;
  for (const auto& each : all_options())
    if (!each.reloads && toml_text(each, running) != toml_text(each, loaded)) names.push_back(each.name());
  auto add_changed = [&](const std::string& section, const auto& now, const auto& then) {
    for (const auto& [name, connection] : now)
      if (auto other = then.find(name); other == then.end() || other->second != connection)
        names.push_back(section + "." + name);
    for (const auto& [name, connection] : then)
      if (!now.contains(name)) names.push_back(section + "." + name);
  };
  add_changed("redis", running.brokers.redis, loaded.brokers.redis);
  add_changed("kafka", running.brokers.kafka, loaded.brokers.kafka);
  if (running.environment != loaded.environment) names.emplace_back("--env");
  return names;
}

} // namespace wheelwork
