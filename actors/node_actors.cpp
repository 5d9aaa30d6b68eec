#include "actors/node_actors.hpp"

#include "messages/firing.hpp"
#include "messages/operations.hpp"
#include "messages/running.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

namespace wheelwork {

void node_actors::introduce() const {
  watch all;
  auto add = [&](const auto& handle) { all.actors.push_back(caf::actor_cast<caf::strong_actor_ptr>(handle)); };
  add(dispatcher), add(ticker), add(desk);
  if (pools) add(pools);
  for (auto& each : persistence) add(each);
  for (auto& each : executors)
    if (each) add(each);
  for (auto& each : readers) add(each);
  for (auto& each : slots) add(each);
  for (auto& each : schedulers) add(each);
  caf::anon_send(keeper, std::move(all));

  caf::anon_send(dispatcher, use_executors{executors});
  owners everybody{schedulers, ticker};
  for (auto& slot : slots) caf::anon_send(slot, everybody);
  caf::anon_send(dispatcher, everybody);
  caf::anon_send(ticker, everybody);
  for (auto& each : schedulers) caf::anon_send(each, begin_shard{});
}

void node_actors::end() {
  auto end_one = [](auto& handle) {
    if (handle) caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
    handle = nullptr;
  };
  end_one(desk), end_one(ticker), end_one(pools);
  for (auto& each : schedulers) end_one(each);
  for (auto& each : slots) end_one(each);
  for (auto& each : readers) end_one(each);
  for (auto& each : executors) end_one(each);
  for (auto& each : persistence) end_one(each);
  end_one(dispatcher), end_one(keeper);
}

} // namespace wheelwork
