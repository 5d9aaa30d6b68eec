// The lag of a group at a topic, looked at from beside: a client that joins nothing.
#include "brokers/kafka_client.hpp"
#include "sources/kafka_oldest.hpp"
#include "sources/kafka_source.hpp"

#include <algorithm>
#include <spdlog/spdlog.h>

namespace wheelwork {

namespace {

constexpr milliseconds answer_wait{5000}; ///< for each question
constexpr int tries_max = 5;

kafka_settings monitor_settings(const kafka_source& from) {
  kafka_settings made;
  // It reads single records only, to see how old they are.
  made.defaults = {{"socket.timeout.ms", "10000"},
                   {"reconnect.backoff.max.ms", "2000"},
                   {"fetch.message.max.bytes", "4096"},
                   {"queued.min.messages", "1"},
                   {"fetch.wait.max.ms", "100"}};
  made.fixed = {{"group.id", from.group}, {"enable.auto.commit", "false"}};
  return made;
}

class topic_monitor final : public source_monitor {
public:
  topic_monitor(const source_setup& setup, const kafka_connection_settings& connection)
      : pool_{setup.pool}, from_{std::get<kafka_source>(setup.from)}, connection_{connection}, clock_{*setup.clock} {}

  result<backlog, source_failure> look() override;

private:
  std::string open();
  rd_kafka_resp_err_t ask_once(const kafka_partitions_ptr& partitions, bool committed);
  std::string ask(kafka_partitions_ptr& partitions, bool committed);
  kafka_subject subject() const { return {from_.topic, from_.group}; }

  std::string pool_;
  kafka_source from_;
  kafka_connection_settings connection_;
  const clock_source& clock_;
  std::unique_ptr<kafka_client> client_;
  kafka_oldest oldest_;
};

std::string topic_monitor::open() {
  if (client_) return {};
  kafka_callbacks callbacks;
  callbacks.log = [pool = pool_](int level, const std::string& text) {
    if (level <= 3) spdlog::warn("pool {}, lag: {}", pool, text);
  };
  auto made = kafka_client::open(kafka_role::consumer, connection_, monitor_settings(from_), std::move(callbacks));
  if (!made) return made.error();
  client_ = std::move(*made);
  return {};
}

/// The leader of a partition is not known everywhere yet, which passes.
bool is_passing(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION || code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
}

/// Fills in the offsets: what the group has committed, or what stands for the "time stamps" in them.
rd_kafka_resp_err_t topic_monitor::ask_once(const kafka_partitions_ptr& partitions, bool committed) {
  const int wait = static_cast<int>(answer_wait.count());
  const auto code = committed ? rd_kafka_committed(client_->get(), partitions.get(), wait)
                              : rd_kafka_offsets_for_times(client_->get(), partitions.get(), wait);
  if (code) return code;
  for (int i = 0; i < partitions->cnt; ++i)
    if (const auto wrong = partitions->elems[i].err) return wrong;
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

std::string topic_monitor::ask(kafka_partitions_ptr& partitions, bool committed) {
  for (int tries = 1;; ++tries) {
    kafka_partitions_ptr answer{rd_kafka_topic_partition_list_copy(partitions.get())};
    const auto code = ask_once(answer, committed);
    if (!code) {
      partitions = std::move(answer);
      return {};
    }
    if (!is_passing(code) || tries == tries_max) return kafka_error_text(code, subject());
    const kafka_message_ptr nothing{rd_kafka_consumer_poll(client_->get(), 100)};
    static_cast<void>(describe_topic(*client_, subject(), answer_wait)); // looks for the leaders again
  }
}

result<backlog, source_failure> topic_monitor::look() {
  auto fail = [](std::string text) { return failure(source_failure{std::move(text)}); };
  if (auto wrong = open(); !wrong.empty()) return fail(std::move(wrong));
  while (const kafka_message_ptr event{rd_kafka_consumer_poll(client_->get(), 0)}) {
  } // its errors come below, too
  const auto topic = describe_topic(*client_, subject(), answer_wait);
  if (!topic) return fail(topic.error());
  const int count = (*topic)->topics[0].partition_cnt;
  auto committed = make_kafka_partitions(), first = make_kafka_partitions(), end = make_kafka_partitions();
  for (int partition = 0; partition < count; ++partition) {
    add_partition(committed, from_.topic, partition);
    add_partition(first, from_.topic, partition, RD_KAFKA_OFFSET_BEGINNING);
    add_partition(end, from_.topic, partition, RD_KAFKA_OFFSET_END);
  }
  // The committed ones first: what is finished meanwhile makes the lag too high for once, never too low.
  if (auto wrong = ask(committed, true); !wrong.empty()) return fail(std::move(wrong));
  if (auto wrong = ask(first, false); !wrong.empty()) return fail(std::move(wrong));
  if (auto wrong = ask(end, false); !wrong.empty()) return fail(std::move(wrong));
  const auto offset_in = [&](const kafka_partitions_ptr& list, int partition) {
    const auto* found = rd_kafka_topic_partition_list_find(list.get(), from_.topic.c_str(), partition);
    return found ? found->offset : int64_t{-1};
  };
  backlog seen;
  seen.partitions = static_cast<uint32_t>(count);
  std::vector<kafka_lanes::position> firsts; // that are not committed
  for (int partition = 0; partition < count; ++partition) {
    const int64_t from = std::max(offset_in(committed, partition), offset_in(first, partition));
    const int64_t waiting = std::max(offset_in(end, partition) - from, int64_t{0});
    seen.waiting += static_cast<uint64_t>(waiting);
    if (waiting > 0) firsts.push_back({partition, std::max(from, int64_t{0})});
  }
  seen.oldest = oldest_.look(*client_, from_.topic, firsts, clock_);
  return seen;
}

} // namespace

result<std::unique_ptr<source_monitor>, std::string> open_kafka_monitor(const source_setup& setup,
                                                                        const kafka_connection_settings& connection) {
  auto wrong = kafka_client::fault(connection, monitor_settings(std::get<kafka_source>(setup.from)));
  if (!wrong.empty()) return failure(std::move(wrong));
  return std::unique_ptr<source_monitor>{std::make_unique<topic_monitor>(setup, connection)};
}

} // namespace wheelwork
