// What sources on Redis have in common: the names of consumers, the words of failures, the rules for a server.
#pragma once

#include "brokers/redis_connection.hpp"
#include "sources/source.hpp"

namespace wheelwork {

std::unique_ptr<source> make_redis_list_source(const source_setup& setup, const redis_list_source& from,
                                               uint32_t number, const redis_address& server);
std::unique_ptr<source_monitor> make_redis_list_monitor(const source_setup& setup, const redis_list_source& from,
                                                        const redis_address& server);
/// Of a list that is recorded.
std::unique_ptr<source> make_redis_batch_source(const source_setup& setup, const redis_list_source& from,
                                                uint32_t number, const redis_address& server);
std::unique_ptr<source> make_redis_stream_source(const source_setup& setup, const redis_stream_source& from,
                                                 uint32_t number, const redis_address& server);
std::unique_ptr<source_monitor> make_redis_stream_monitor(const source_setup& setup, const redis_stream_source& from,
                                                          const redis_address& server);

/// Of entries that were given back: no consumer has this name.
std::string_view redis_stream_owner_of_given_back();

/// A message that was so often with a consumer that died is taken for what consumers die of.
constexpr uint32_t deliveries_max = 5;
/// Of a message that was taken once more after so many times: why it is buried; none: it is not.
std::optional<dead_message> condemned(message_token token, uint32_t deliveries);

/// NODE/ : what the names of a node's consumers begin with.
std::string consumer_prefix(const source_setup& setup);
/// NODE/INCARNATION/ : those of this run of it.
std::string consumer_prefix_of_run(const source_setup& setup);

/// NODE/INCARNATION/NUMBER-LIFE: drawn anew with each call. The numbers of a pool's consumers begin again with each
/// pool that begins, and what the earlier one of a number left behind must not be taken for one's own.
std::string new_consumer_name(const source_setup& setup, uint32_t number);

/// A connection for a consumer (its number) or a monitor (none).
redis_connection_options connection_options(const source_setup& setup, std::optional<uint32_t> number);

/// `kind`: "list" or "stream", for the words about a key of another type.
source_failure words_for(const redis_failure& failed, const std::string& kind, const std::string& key);
/// None: the server may be read from. Else why not: it throws keys away when its memory is full.
std::optional<source_failure> unsafe_server(const redis_server_facts& facts, const std::string& address);

/// Tells what a user should know of a server as it is now, each thing once.
class redis_server_watch {
public:
  /// Asks it. A failure is also one that must not be read from.
  result<void, source_failure> look(redis_connection& connection);
  /// What has not been told yet; empty: nothing.
  std::string take_warning() { return std::exchange(warning_, {}); }

private:
  void note(const std::string& words) { warning_ += (warning_.empty() ? "" : "; ") + words; }

  std::string run_id_;
  bool told_of_persistence_ = false;
  std::string warning_;
};

} // namespace wheelwork
