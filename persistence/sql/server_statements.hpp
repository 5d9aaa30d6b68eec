// Those statements of change_writer that servers take in the same shape: definitions, of which there are few, so that
// each is written by itself, and what there is one of.
#pragma once

#include "persistence/rows.hpp"
#include "persistence/sql/change_statements.hpp"

namespace wheelwork {

struct server_statement_texts {
  const char* highest_id;
  const char* reserve_ids;
  const char* read_id_bounds;
  const char* widen_id_bounds;
  const char* task_edition;
  const char* task_exists;
  const char* task_of_external_id;
  const char* insert_task;
  const char* remember_task_name;
  const char* replace_task;
  const char* put_task_state;
  const char* delete_task;
  const char* delete_task_state;
};

template <class Connection>
class server_statements : public change_statements {
public:
  server_statements(Connection& database, const server_statement_texts& texts) : database_{database}, texts_{texts} {}

  uint64_t highest_id() final {
    auto found = database_.query(texts_.highest_id);
    return found.next() ? static_cast<uint64_t>(found->integer(0)) : 0;
  }
  void reserve_ids(shard_id shard, uint64_t milliseconds_until) final {
    database_.run(texts_.reserve_ids, static_cast<int64_t>(value_of(shard)), milliseconds_until);
  }
  id_bounds read_id_bounds() final {
    auto found = database_.query(texts_.read_id_bounds);
    if (!found.next()) throw std::runtime_error{"the row of the table database is missing"};
    return {found->integer(0), found->integer(1)};
  }
  void widen_id_bounds(const id_bounds& to) final { database_.run(texts_.widen_id_bounds, to.ahead, to.behind); }

  std::optional<task_edition> edition_of(const std::string& name) final {
    auto found = database_.query(texts_.task_edition, name);
    if (!found.next()) return std::nullopt;
    return task_edition{task_id{static_cast<uint64_t>(found->integer(0))}, static_cast<uint64_t>(found->integer(1))};
  }
  bool task_exists(task_id task) final { return database_.query(texts_.task_exists, value_of(task)).next(); }
  std::optional<std::string> task_of_external_id(const std::string& external_id, task_id but) final {
    auto found = database_.query(texts_.task_of_external_id, external_id, value_of(but));
    if (!found.next()) return std::nullopt;
    return std::string{found->text(0)};
  }
  void insert_task(const task_definition& made, shard_id shard) final {
    database_.run(texts_.insert_task, value_of(made.id), static_cast<int64_t>(value_of(shard)), made.name,
                  made.external_id, made.enabled, made.version, to_column(made.created_at), to_column(made.updated_at),
                  made.spec);
    database_.run(texts_.remember_task_name, value_of(made.id), made.name);
  }
  void replace_task(const task_definition& made) final {
    database_.run(texts_.replace_task, value_of(made.id), made.external_id, made.enabled, made.version,
                  to_column(made.created_at), to_column(made.updated_at), made.spec);
  }
  void put_task_state(task_id task, const task_state& state) final {
    database_.run(texts_.put_task_state, value_of(task), to_column(state.fired_until), state.runs,
                  to_column(state.next_fire), to_column(state.enabled_at), to_column(state.disabled_at));
  }
  void delete_task(task_id task) final {
    database_.run(texts_.delete_task, value_of(task));
    database_.run(texts_.delete_task_state, value_of(task));
  }

protected:
  Connection& database_;

private:
  const server_statement_texts& texts_;
};

} // namespace wheelwork
