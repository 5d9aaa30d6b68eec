#include "tests/support/kafka_tool.hpp"

#include <array>
#include <chrono>
#include <stdexcept>

namespace wheelwork {

namespace {

std::unique_ptr<kafka_client> open(kafka_role role, const std::string& brokers, const kafka_settings& settings,
                                   kafka_callbacks callbacks = {}) {
  auto made = kafka_client::open(role, {brokers, {}}, settings, std::move(callbacks));
  if (!made) throw std::runtime_error{made.error()};
  return std::move(*made);
}

void check(rd_kafka_resp_err_t code) {
  if (code) throw std::runtime_error{rd_kafka_err2str(code)};
}

std::string text_of(const void* bytes, size_t size) {
  return bytes ? std::string{static_cast<const char*>(bytes), size} : std::string{};
}

std::map<std::string, std::string> headers_of(const rd_kafka_message_t& message) {
  std::map<std::string, std::string> made;
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers)) return made;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0; !rd_kafka_header_get_all(headers, i, &name, &value, &size); ++i) made[name] = text_of(value, size);
  return made;
}

constexpr int brokers_decide = -1; ///< on how many of them a topic is

struct free_admin {
  void operator()(rd_kafka_NewTopic_t* one) const { rd_kafka_NewTopic_destroy(one); }
  void operator()(rd_kafka_NewPartitions_t* one) const { rd_kafka_NewPartitions_destroy(one); }
  void operator()(rd_kafka_DeleteRecords_t* one) const { rd_kafka_DeleteRecords_destroy(one); }
  void operator()(rd_kafka_DeleteTopic_t* one) const { rd_kafka_DeleteTopic_destroy(one); }
};

void await(const kafka_queue_ptr& answers) {
  const kafka_event_ptr answer{rd_kafka_queue_poll(answers.get(), 30'000)};
  if (!answer) throw std::runtime_error{"no answer of the broker"};
  if (rd_kafka_event_error(answer.get())) throw std::runtime_error{rd_kafka_event_error_string(answer.get())};
  size_t count = 0;
  const rd_kafka_topic_result_t** each = nullptr;
  if (const auto* made = rd_kafka_event_CreateTopics_result(answer.get()))
    each = rd_kafka_CreateTopics_result_topics(made, &count);
  else if (const auto* grown = rd_kafka_event_CreatePartitions_result(answer.get()))
    each = rd_kafka_CreatePartitions_result_topics(grown, &count);
  else if (const auto* deleted = rd_kafka_event_DeleteTopics_result(answer.get()))
    each = rd_kafka_DeleteTopics_result_topics(deleted, &count);
  for (size_t i = 0; i < count; ++i)
    if (rd_kafka_topic_result_error(each[i])) throw std::runtime_error{rd_kafka_topic_result_error_string(each[i])};
}

} // namespace

kafka_tool::kafka_tool(const std::string& brokers) : brokers_{brokers} {
  kafka_callbacks callbacks;
  callbacks.delivered = [](const rd_kafka_message_t& message) {
    if (message.err) *static_cast<std::string*>(message._private) = rd_kafka_err2str(message.err);
  };
  producer_ = open(kafka_role::producer, brokers,
                   {{{"message.timeout.ms", "20000"},
                     {"linger.ms", "1"},
                     {"message.max.bytes", "100000000"},
                     {"max.in.flight", "1"}}, // a batch that is sent again keeps its place
                    {}},
                   std::move(callbacks));
}

void kafka_tool::produce(const std::string& topic, int32_t partition, const std::vector<std::string>& all,
                         const std::string& key) {
  std::string fault;
  const kafka_topic_ptr to{rd_kafka_topic_new(producer_->get(), topic.c_str(), nullptr)};
  const auto send = [&](const std::string& bytes) {
    return rd_kafka_produce(to.get(), partition, RD_KAFKA_MSG_F_COPY, const_cast<char*>(bytes.data()), bytes.size(),
                            key.empty() ? nullptr : key.data(), key.size(), &fault) == 0;
  };
  for (const auto& bytes : all)
    while (!send(bytes)) {
      if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) check(rd_kafka_last_error());
      rd_kafka_poll(producer_->get(), 100);
    }
  check(rd_kafka_flush(producer_->get(), 30'000));
  if (!fault.empty()) throw std::runtime_error{fault};
}

std::vector<kafka_record> kafka_tool::read(const std::string& topic, size_t count) {
  const auto client = open(kafka_role::consumer, brokers_,
                           {{{"group.id", "tool"}, {"enable.auto.commit", "false"}, {"fetch.wait.max.ms", "50"}}, {}});
  const auto about = describe_topic(*client, {topic, {}}, milliseconds{20'000});
  if (!about) throw std::runtime_error{about.error()};
  const auto all = make_kafka_partitions();
  for (int i = 0; i < (*about)->topics[0].partition_cnt; ++i) add_partition(all, topic, i, RD_KAFKA_OFFSET_BEGINNING);
  check(rd_kafka_assign(client->get(), all.get()));
  std::vector<kafka_record> found;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (found.size() < count && std::chrono::steady_clock::now() < until) {
    const kafka_message_ptr one{rd_kafka_consumer_poll(client->get(), 200)};
    if (one && !one->err)
      found.push_back({one->partition, one->offset, text_of(one->key, one->key_len), text_of(one->payload, one->len),
                       headers_of(*one)});
  }
  return found;
}

int64_t kafka_tool::committed(const std::string& group, const std::string& topic, int32_t partition) {
  const auto client = open(kafka_role::consumer, brokers_, {{{"group.id", group}}, {}});
  const auto list = make_kafka_partitions();
  add_partition(list, topic, partition);
  check(rd_kafka_committed(client->get(), list.get(), 20'000));
  return list->elems[0].offset < 0 ? -1 : list->elems[0].offset;
}

void kafka_tool::create_topic(const std::string& topic, int partitions,
                              const std::map<std::string, std::string>& config) {
  std::array<char, 256> words{};
  const std::unique_ptr<rd_kafka_NewTopic_t, free_admin> wanted{
      rd_kafka_NewTopic_new(topic.c_str(), partitions, brokers_decide, words.data(), words.size())};
  if (!wanted) throw std::runtime_error{words.data()};
  for (const auto& [name, value] : config)
    check(rd_kafka_NewTopic_set_config(wanted.get(), name.c_str(), value.c_str()));
  const kafka_queue_ptr answers{rd_kafka_queue_new(producer_->get())};
  rd_kafka_NewTopic_t* all[] = {wanted.get()};
  rd_kafka_CreateTopics(producer_->get(), all, 1, nullptr, answers.get());
  await(answers);
}

void kafka_tool::set_partitions(const std::string& topic, int partitions) {
  std::array<char, 256> words{};
  const std::unique_ptr<rd_kafka_NewPartitions_t, free_admin> wanted{
      rd_kafka_NewPartitions_new(topic.c_str(), static_cast<size_t>(partitions), words.data(), words.size())};
  if (!wanted) throw std::runtime_error{words.data()};
  const kafka_queue_ptr answers{rd_kafka_queue_new(producer_->get())};
  rd_kafka_NewPartitions_t* all[] = {wanted.get()};
  rd_kafka_CreatePartitions(producer_->get(), all, 1, nullptr, answers.get());
  await(answers);
}

void kafka_tool::delete_before(const std::string& topic, int32_t partition, int64_t offset) {
  const auto which = make_kafka_partitions();
  add_partition(which, topic, partition, offset);
  const std::unique_ptr<rd_kafka_DeleteRecords_t, free_admin> wanted{rd_kafka_DeleteRecords_new(which.get())};
  const kafka_queue_ptr answers{rd_kafka_queue_new(producer_->get())};
  rd_kafka_DeleteRecords_t* all[] = {wanted.get()};
  rd_kafka_DeleteRecords(producer_->get(), all, 1, nullptr, answers.get());
  await(answers);
}

void kafka_tool::delete_topic(const std::string& topic) {
  const std::unique_ptr<rd_kafka_DeleteTopic_t, free_admin> unwanted{rd_kafka_DeleteTopic_new(topic.c_str())};
  const kafka_queue_ptr answers{rd_kafka_queue_new(producer_->get())};
  rd_kafka_DeleteTopic_t* all[] = {unwanted.get()};
  rd_kafka_DeleteTopics(producer_->get(), all, 1, nullptr, answers.get());
  await(answers);
}

} // namespace wheelwork
