// What sources and targets need of librdkafka: handles that free themselves, settings made from a connection of the
// configuration, and errors in words.
#pragma once

#include "brokers/kafka_group_watch.hpp"
#include "messages/broker_connection.hpp"
#include "schedule/result.hpp"
#include "schedule/time.hpp"

#include <librdkafka/rdkafka.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace wheelwork {

struct kafka_free {
  void operator()(rd_kafka_conf_t* one) const { rd_kafka_conf_destroy(one); }
  void operator()(rd_kafka_topic_t* one) const { rd_kafka_topic_destroy(one); }
  void operator()(rd_kafka_queue_t* one) const { rd_kafka_queue_destroy(one); }
  void operator()(rd_kafka_event_t* one) const { rd_kafka_event_destroy(one); }
  void operator()(rd_kafka_error_t* one) const { rd_kafka_error_destroy(one); }
  void operator()(rd_kafka_headers_t* one) const { rd_kafka_headers_destroy(one); }
  void operator()(rd_kafka_message_t* one) const { rd_kafka_message_destroy(one); }
  void operator()(const rd_kafka_metadata_t* one) const { rd_kafka_metadata_destroy(one); }
  void operator()(rd_kafka_topic_partition_list_t* one) const { rd_kafka_topic_partition_list_destroy(one); }
};
using kafka_conf_ptr = std::unique_ptr<rd_kafka_conf_t, kafka_free>;
using kafka_topic_ptr = std::unique_ptr<rd_kafka_topic_t, kafka_free>;
using kafka_queue_ptr = std::unique_ptr<rd_kafka_queue_t, kafka_free>;
using kafka_event_ptr = std::unique_ptr<rd_kafka_event_t, kafka_free>;
using kafka_error_ptr = std::unique_ptr<rd_kafka_error_t, kafka_free>;
using kafka_headers_ptr = std::unique_ptr<rd_kafka_headers_t, kafka_free>;
using kafka_message_ptr = std::unique_ptr<rd_kafka_message_t, kafka_free>;
using kafka_metadata_ptr = std::unique_ptr<const rd_kafka_metadata_t, kafka_free>;
using kafka_partitions_ptr = std::unique_ptr<rd_kafka_topic_partition_list_t, kafka_free>;

kafka_partitions_ptr make_kafka_partitions();
/// With an offset, or RD_KAFKA_OFFSET_…
void add_partition(const kafka_partitions_ptr& to, const std::string& topic, int32_t partition,
                   int64_t offset = RD_KAFKA_OFFSET_INVALID);

/// When the record was produced, or written by its broker; none: it does not say.
std::optional<wall_time> kafka_time_of(const rd_kafka_message_t& message);

/// What librdkafka calls. All but `log` are called on the thread that polls the client, within that call.
struct kafka_callbacks {
  std::function<void(int level, const std::string& text)> log; ///< levels of syslog; on any thread, several at a time
  std::function<void(rd_kafka_resp_err_t, const std::string& reason)> error;
  std::function<void(rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t*)> rebalance;
  std::function<void(rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t*)> committed; ///< null: nothing to commit
  std::function<void(const rd_kafka_message_t&)> delivered;
};

/// Settings of librdkafka by their names there.
struct kafka_settings {
  std::map<std::string, std::string> defaults; ///< the connection's options may say otherwise
  std::map<std::string, std::string> fixed;    ///< options of the connection with these names are refused
};

enum class kafka_role : uint8_t { consumer, producer };

/// One client of a cluster: a few threads and connections, made without waiting for a broker. It connects, and connects
/// again, by itself.
class kafka_client {
public:
  /// The error names the option that librdkafka refuses, and why.
  static result<std::unique_ptr<kafka_client>, std::string> open(kafka_role role,
                                                                 const kafka_connection_settings& connection,
                                                                 const kafka_settings& settings,
                                                                 kafka_callbacks callbacks = {});
  /// Why open() would fail; empty: it would not.
  static std::string fault(const kafka_connection_settings& connection, const kafka_settings& settings);

  /// Without a word to the group or a wait for what is under way. Messages must have been freed before. Takes up to
  /// 5 s; a client that has not ended by then is left behind with its threads, which is logged. One that is about to
  /// join its group for the first time leaves it by itself after that, without its callbacks.
  ~kafka_client();
  kafka_client(const kafka_client&) = delete;
  kafka_client& operator=(const kafka_client&) = delete;

  rd_kafka_t* get() const { return handle_; }
  const kafka_group_watch& group() const { return called_->group; }

private:
  /// What librdkafka calls; outlives the handle, also where that is left behind.
  struct called {
    kafka_callbacks callbacks;
    kafka_group_watch group;
  };

  explicit kafka_client(kafka_callbacks callbacks) : called_{std::make_unique<called>()} {
    called_->callbacks = std::move(callbacks);
  }
  static void leave_by_itself(rd_kafka_t* handle, std::unique_ptr<called> with);

  std::unique_ptr<called> called_;
  rd_kafka_t* handle_ = nullptr;
};

/// What an error is about, for its words.
struct kafka_subject {
  std::string_view topic;
  std::string_view group; ///< empty: none
};
/// What went wrong and what would be right. `detail`: what librdkafka adds; empty: its name of the error.
std::string kafka_error_text(rd_kafka_resp_err_t code, const kafka_subject& about, std::string_view detail = {});

/// Asks the brokers about the topic; fails when it is missing or none answers in time. Does not create it.
result<kafka_metadata_ptr, std::string> describe_topic(const kafka_client& client, const kafka_subject& about,
                                                       milliseconds at_most);

} // namespace wheelwork
