#include "config/definition_tables.hpp"

#include "config/json_tables.hpp"
#include "config/option_table.hpp"
#include "messages/known_names.hpp"
#include "messages/pool.hpp"

#include <nlohmann/json.hpp>
#include <set>

namespace wheelwork {
namespace {

class table_reader {
public:
  table_reader(wall_time now, const broker_connections& brokers, std::vector<config_fault>& faults)
      : now_{now}, known_{.connections = &brokers}, faults_{faults} {}

  std::optional<task_definition> task(const keyed_table& table) {
    auto body = json_of(table);
    if (!body) return std::nullopt;
    auto read = task_from_json(*body, "", context());
    if (!read) {
      add_faults(table, read.error(), faults_);
      return std::nullopt;
    }
    if (!is_new_name(table, read->name, "task")) return std::nullopt;
    if (read->external_id && !external_ids_.insert(*read->external_id).second) {
      add_fault(place_of(*table.table, table.key, "/external_id"),
                in_quotes(*read->external_id) + " is that of an earlier task, too; they must differ", faults_);
      return std::nullopt;
    }
    return *std::move(read);
  }

  std::optional<pool_definition> pool(const keyed_table& table) {
    auto body = json_of(table);
    if (!body) return std::nullopt;
    auto read = pool_from_json(*body, "", context());
    if (!read) {
      add_faults(table, read.error(), faults_);
      return std::nullopt;
    }
    if (!is_new_name(table, read->name, "pool")) return std::nullopt;
    return *std::move(read);
  }

private:
  json_context context() const { return {.now = now_, .base_pointer = {}, .payload_text = {}, .known = &known_}; }

  std::optional<nlohmann::json> json_of(const keyed_table& table) {
    auto body = to_json(*table.table);
    if (body) return *std::move(body);
    add_fault({table.key, table.table->origin}, body.error(), faults_);
    return std::nullopt;
  }

  bool is_new_name(const keyed_table& table, const std::string& name, const std::string& what) {
    if (names_.insert(name).second) return true;
    add_fault(place_of(*table.table, table.key, "/name"),
              in_quotes(name) + " is the name of an earlier " + what + ", too; names must differ", faults_);
    return false;
  }

  wall_time now_;
  known_names known_;
  std::vector<config_fault>& faults_;
  std::set<std::string> names_, external_ids_;
};

} // namespace

std::vector<task_definition> read_tasks(const config_value& section, wall_time now, const broker_connections& brokers,
                                        std::vector<config_fault>& faults) {
  std::vector<task_definition> tasks;
  table_reader reader{now, brokers, faults};
  for (const auto& table : tables_of(section, "task", faults))
    if (auto task = reader.task(table)) tasks.push_back(std::move(*task));
  return tasks;
}

std::vector<pool_definition> read_pools(const config_value& section, wall_time now, const broker_connections& brokers,
                                        std::vector<config_fault>& faults) {
  std::vector<pool_definition> pools;
  table_reader reader{now, brokers, faults};
  for (const auto& table : tables_of(section, "pool", faults))
    if (auto pool = reader.pool(table)) pools.push_back(std::move(*pool));
  return pools;
}

} // namespace wheelwork
