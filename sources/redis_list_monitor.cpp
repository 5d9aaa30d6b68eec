// How much waits in a Redis list, and what consumers that died had in hand.
#include "sources/redis_batch_scripts.hpp"
#include "sources/redis_list_keys.hpp"
#include "sources/redis_list_scripts.hpp"
#include "sources/redis_source.hpp"

#include <array>

namespace wheelwork {

namespace {

constexpr std::string_view losses_kept_for = "604800000"; ///< ms after the last one: a week

class redis_list_watch final : public source_monitor {
public:
  redis_list_watch(const source_setup& setup, const redis_list_source& from, const redis_address& server)
      : recorded_{setup.recorded}, node_{consumer_prefix(setup)}, run_{consumer_prefix_of_run(setup)},
        keys_{setup.pool, from, setup.dead_letter}, connection_{server, *setup.clock,
                                                                connection_options(setup, std::nullopt)} {}

  result<backlog, source_failure> look() override {
    if (auto safe = server_.look(connection_); !safe) return failure(std::move(safe.error()));
    const auto counts = connection_.run_script(
        redis_list_scripts::recover,
        std::array<std::string_view, 4>{keys_.source, keys_.consumers, keys_.landing, keys_.losses},
        std::array<std::string_view, 5>{keys_.own_of, keys_.take_end, node_, run_, losses_kept_for});
    if (!counts) return failure(words_for(counts.error(), "list", keys_.source));
    backlog seen;
    seen.waiting = static_cast<uint64_t>((*counts)[0].integer());
    seen.in_hand = static_cast<uint64_t>((*counts)[1].integer());
    seen.recovered = static_cast<uint64_t>((*counts)[2].integer());
    seen.warning = server_.take_warning();
    if (auto looked = look_at_batches(seen); !looked) return failure(std::move(looked.error()));
    return seen;
  }

private:
  /// Those of a pool that records its messages; where it does no longer, they go back to the list.
  result<void, source_failure> look_at_batches(backlog& seen) {
    const auto answer =
        recorded_
            ? connection_.run_script(redis_batch_scripts::look,
                                     std::array<std::string_view, 3>{keys_.source, keys_.landing, keys_.batches},
                                     std::array<std::string_view, 3>{keys_.batch_of, node_, run_})
            : connection_.run_script(redis_batch_scripts::dissolve,
                                     std::array<std::string_view, 2>{keys_.source, keys_.batches},
                                     std::array<std::string_view, 4>{keys_.batch_of, node_, run_, keys_.take_end});
    if (!answer) return failure(words_for(answer.error(), "list", keys_.source));
    if (recorded_) {
      seen.waiting = static_cast<uint64_t>((*answer)[0].integer());
      seen.in_hand += static_cast<uint64_t>((*answer)[1].integer());
    } else {
      seen.recovered += static_cast<uint64_t>(answer->integer());
    }
    return {};
  }

  const bool recorded_;
  const std::string node_, run_;
  const redis_list_keys keys_;
  redis_connection connection_;
  redis_server_watch server_;
};

} // namespace

std::unique_ptr<source_monitor> make_redis_list_monitor(const source_setup& setup, const redis_list_source& from,
                                                        const redis_address& server) {
  return std::make_unique<redis_list_watch>(setup, from, server);
}

} // namespace wheelwork
