#include "tests/persistence/pool_changes.hpp"

#include "messages/json.hpp"
#include "messages/pool.hpp"

namespace wheelwork::testing_journal {

pool_ptr pool_named(const std::string& name, const std::string& other_members, uint64_t version) {
  const std::string body = R"({"name":")" + name +
                           R"(","source":{"redis_list":{"connection":"a","key":"orders"}},)"
                           R"("target":{"native":{"handler":"noop"}})" +
                           other_members + "}";
  auto made = pool_from_text(body, "", {});
  if (!made) throw std::runtime_error{made.error().front().pointer + " " + made.error().front().message};
  made->version = version;
  made->created_at = at(-1000);
  made->updated_at = at(-500);
  return std::make_shared<const pool_definition>(std::move(*made));
}

journal_change creating(pool_ptr pool) {
  journal_change change;
  change.shard = shard_id{3};
  change.pools_put.push_back({std::move(pool), true, 0});
  return change;
}

journal_change replacing(pool_ptr pool, uint64_t expected_version) {
  journal_change change;
  change.shard = shard_id{3};
  change.pools_put.push_back({std::move(pool), false, expected_version});
  return change;
}

} // namespace wheelwork::testing_journal
