#include "targets/kafka_outbox.hpp"

#include <algorithm>
#include <csignal>
#include <fmt/format.h>
#include <pthread.h>
#include <spdlog/spdlog.h>

namespace wheelwork {

namespace {

constexpr milliseconds turn{100}; ///< cancelled and overdue attempts are answered at most this much later

kafka_settings producer_settings() {
  kafka_settings made;
  made.defaults = {{"linger.ms", "1"},
                   {"message.timeout.ms", "60000"},
                   {"message.max.bytes", "1000000000"}, // the topic's own limit decides
                   {"socket.timeout.ms", "10000"},
                   {"reconnect.backoff.max.ms", "2000"},
                   {"topic.metadata.propagation.max.ms", "3000"},
                   {"topic.metadata.refresh.interval.ms", "10000"}};
  made.fixed = {{"enable.idempotence", "true"}, {"acks", "all"}};
  return made;
}

/// The producer would go on to believe it for minutes.
bool is_unknown_topic(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
}

std::string place_json(const rd_kafka_message_t& message) {
  return fmt::format(R"({{"partition":{},"offset":{}}})", message.partition, message.offset);
}

} // namespace

kafka_outbox::kafka_outbox(std::string name, kafka_connection_settings connection, const kafka_outbox_context& context)
    : name_{std::move(name)}, connection_{std::move(connection)}, context_{context} {
  thread_ = std::thread{[this] { work(); }};
}

kafka_outbox::~kafka_outbox() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  sent_.notify_all();
  thread_.join();
  producer_.reset();
}

std::string kafka_outbox::open() {
  if (broken_ && under_way_.empty()) {
    producer_.reset();
    broken_ = false;
  }
  if (producer_) return {};
  kafka_callbacks callbacks;
  callbacks.log = [name = name_](int level, const std::string& text) {
    if (level <= 4) spdlog::warn("[kafka.{}]: {}", name, text);
  };
  callbacks.error = [this](rd_kafka_resp_err_t code, const std::string& reason) {
    if (code != RD_KAFKA_RESP_ERR__FATAL) return;
    spdlog::error("[kafka.{}]: another producer is made: {}", name_, reason);
    const std::lock_guard lock{mutex_};
    broken_ = true;
  };
  callbacks.delivered = [this](const rd_kafka_message_t& message) { reported(message); };
  auto made = kafka_client::open(kafka_role::producer, connection_, producer_settings(), std::move(callbacks));
  if (!made) return made.error();
  producer_ = std::move(*made);
  return {};
}

void kafka_outbox::send(std::vector<attempt_order> orders) {
  {
    const std::lock_guard lock{mutex_};
    for (auto& order : orders) send_one(std::move(order));
  }
  sent_.notify_all();
}

void kafka_outbox::send_one(attempt_order order) {
  auto made = std::make_unique<parcel>();
  auto& one = *made;
  one.order = std::move(order);
  one.started_at = context_.clock.wall_now();
  one.ends_at = context_.clock.steady_now() + one.order.what.how->timeout;
  const auto& how = std::get<kafka_target>(one.order.what.how->how);
  const bool on_ack = how.complete == completion::on_ack;
  if (on_ack && !context_.acks)
    return answer(one, attempt_outcome::failed, "this program takes no acknowledgements: complete on_accept instead");
  if (auto wrong = open(); !wrong.empty())
    return answer(one, attempt_outcome::failed, fmt::format("[kafka.{}]: {}", name_, wrong));
  if (on_ack) {
    context_.acks(one.order, one.started_at);
    one.awaited = true;
  }
  const auto code = send_record(*producer_, one.order, context_.identity, &one);
  broken_ = broken_ || is_unknown_topic(code);
  if (code) return could_not_write(one, attempt_outcome::failed, kafka_error_text(code, {how.topic, {}}));
  by_name_[{one.order.what.id, one.order.number}] = &one;
  if (!on_ack) ends_.emplace(one.ends_at, &one);
  under_way_.emplace(&one, std::move(made));
}

void kafka_outbox::answer(parcel& one, attempt_outcome outcome, std::string error, std::string response) {
  if (std::exchange(one.answered, true)) return;
  attempt_result made;
  made.id = one.order.what.id;
  made.number = one.order.number;
  made.outcome = outcome;
  made.started_at = one.started_at;
  made.finished_at = context_.clock.wall_now();
  made.error = std::move(error);
  made.response = std::move(response);
  results_.push_back(std::move(made));
}

void kafka_outbox::could_not_write(parcel& one, attempt_outcome outcome, std::string error) {
  if (one.awaited && !context_.acks.forget(one.order.what.id, one.order.number)) return;
  answer(one, outcome, std::move(error));
}

/// On the thread, within its poll.
void kafka_outbox::reported(const rd_kafka_message_t& message) {
  const std::lock_guard lock{mutex_};
  const auto found = under_way_.find(message._private);
  if (found == under_way_.end()) return;
  const auto kept = std::move(found->second);
  under_way_.erase(found);
  auto& one = *kept;
  by_name_.erase({one.order.what.id, one.order.number});
  const auto [begin, end] = ends_.equal_range(one.ends_at);
  const auto due = std::find_if(begin, end, [&](const auto& each) { return each.second == &one; });
  if (due != end) ends_.erase(due);
  if (!message.err) {
    if (!one.awaited) answer(one, attempt_outcome::succeeded, {}, place_json(message));
    return;
  }
  broken_ = broken_ || is_unknown_topic(message.err);
  // Not rd_kafka_message_errstr: of a message that was to be written that is its own bytes, without an end.
  auto text = kafka_error_text(message.err, {std::get<kafka_target>(one.order.what.how->how).topic, {}},
                               rd_kafka_err2str(message.err));
  if (rd_kafka_message_status(&message) == RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED)
    text += "; it may have been written all the same";
  const bool late = message.err == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT;
  could_not_write(one, late ? attempt_outcome::timed_out : attempt_outcome::failed, std::move(text));
}

bool kafka_outbox::cancel(job_id id, uint32_t number) {
  const std::lock_guard lock{mutex_};
  const auto found = by_name_.find({id, number});
  if (found == by_name_.end()) return false;
  if (!found->second->awaited)
    answer(*found->second, attempt_outcome::cancelled, "cancelled; its record may still be written");
  return true;
}

void kafka_outbox::end_overdue() {
  const auto now = context_.clock.steady_now();
  while (!ends_.empty() && ends_.begin()->first <= now) {
    auto& one = *ends_.begin()->second;
    ends_.erase(ends_.begin());
    answer(one, attempt_outcome::timed_out,
           fmt::format("no Kafka broker confirmed the record within {} ms; it may still be written",
                       one.order.what.how->timeout.count()));
  }
}

milliseconds kafka_outbox::until_next() const {
  if (ends_.empty()) return turn;
  const auto left = std::chrono::ceil<milliseconds>(ends_.begin()->first - context_.clock.steady_now());
  return std::clamp(left, milliseconds{0}, turn);
}

void kafka_outbox::work() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr); // signals are for the thread that waits for them
  std::unique_lock lock{mutex_};
  for (;;) {
    sent_.wait(lock, [this] { return stopping_ || !under_way_.empty() || !results_.empty(); });
    if (stopping_) return;
    if (producer_ && !under_way_.empty()) {
      const auto producer = producer_;
      const auto wait = results_.empty() ? until_next() : milliseconds{0};
      lock.unlock();
      rd_kafka_poll(producer->get(), static_cast<int>(wait.count()));
      lock.lock();
      end_overdue();
    }
    auto ready = std::exchange(results_, {});
    if (ready.empty()) continue;
    lock.unlock();
    context_.sink(std::move(ready));
    lock.lock();
  }
}

} // namespace wheelwork
