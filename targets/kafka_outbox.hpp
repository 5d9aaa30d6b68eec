// What is on its way to one Kafka cluster: the producer of one connection and the thread that hears its reports.
#pragma once

#include "targets/kafka_record.hpp"
#include "targets/kafka_runner.hpp"

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace wheelwork {

struct kafka_outbox_context {
  attempt_identity identity;
  const clock_source& clock;
  results_sink sink;
  ack_awaiter acks;
};

/// The context must outlive it.
class kafka_outbox {
public:
  kafka_outbox(std::string name, kafka_connection_settings connection, const kafka_outbox_context& context);
  /// What is on its way is abandoned.
  ~kafka_outbox();
  kafka_outbox(const kafka_outbox&) = delete;
  kafka_outbox& operator=(const kafka_outbox&) = delete;

  void send(std::vector<attempt_order> orders);
  /// True: it was on its way here.
  bool cancel(job_id id, uint32_t number);

private:
  using steady_time = std::chrono::steady_clock::time_point;
  struct parcel {
    attempt_order order;
    wall_time started_at{};
    steady_time ends_at{};
    bool awaited = false;  ///< its acknowledgement is; it is answered elsewhere unless it can't be written
    bool answered = false; ///< it only waits for the report, as its bytes are not copied
  };
  using name_of_attempt = std::pair<job_id, uint32_t>;

  std::string open();
  void send_one(attempt_order order);
  void work();
  void reported(const rd_kafka_message_t& message);
  void end_overdue();
  milliseconds until_next() const;
  void answer(parcel& one, attempt_outcome outcome, std::string error, std::string response = {});
  void could_not_write(parcel& one, attempt_outcome outcome, std::string error);

  const std::string name_;
  const kafka_connection_settings connection_;
  const kafka_outbox_context& context_;

  mutable std::mutex mutex_; ///< all below
  std::condition_variable sent_;
  bool stopping_ = false;
  bool broken_ = false; ///< the producer can't go on; another is made when nothing is on its way
  std::unordered_map<const void*, std::unique_ptr<parcel>> under_way_;
  std::map<name_of_attempt, parcel*> by_name_;
  std::multimap<steady_time, parcel*> ends_;
  std::vector<attempt_result> results_;
  std::shared_ptr<kafka_client> producer_; ///< destroyed before the parcels
  std::thread thread_;
};

} // namespace wheelwork
