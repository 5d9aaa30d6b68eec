#include "sources/kafka_member.hpp"

#include "brokers/kafka_membership.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace wheelwork {

namespace {

constexpr milliseconds commit_pause{100};
constexpr milliseconds commit_wait{5000};
constexpr milliseconds leave_wait{3000};
constexpr milliseconds end_wait{2000};
constexpr milliseconds look_pause{1000};
constexpr milliseconds silence_first{2000}, silence_max{60'000};
constexpr milliseconds poll_pause_max{60'000};
/// Members hear of a rebalance with their next heartbeat, and until all have heard, some partitions are nobody's.
constexpr milliseconds heartbeat_pause_max{1000};

int as_int(milliseconds span) { return static_cast<int>(span.count()); }

/// An answer to a question about the topic shows that it is over.
bool about_topic(rd_kafka_resp_err_t code) {
  switch (code) {
  case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
  case RD_KAFKA_RESP_ERR__AUTHENTICATION:
  case RD_KAFKA_RESP_ERR__SSL:
  case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
  case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
  case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
  case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION: return true;
  default: return false;
  }
}

kafka_partitions_ptr as_list(const std::string& topic, const std::vector<kafka_lanes::position>& positions) {
  auto made = make_kafka_partitions();
  for (const auto& each : positions) add_partition(made, topic, each.partition, each.offset);
  return made;
}

} // namespace

kafka_member::kafka_member(const source_setup& setup, uint32_t number, const kafka_connection_settings& connection)
    : setup_{setup}, from_{std::get<kafka_source>(setup.from)}, number_{number}, connection_{connection},
      uncommitted_{setup.uncommitted ? setup.uncommitted : std::make_shared<uncommitted_records>()} {}

std::string kafka_member::fault() const { return kafka_client::fault(connection_, settings()); }

kafka_settings kafka_member::settings() const {
  const auto lease = setup_.consumer_lease;
  const auto heartbeat = std::clamp(lease / 5, milliseconds{1}, heartbeat_pause_max);
  kafka_settings made;
  made.defaults = {{"auto.offset.reset", "earliest"},
                   {"partition.assignment.strategy", "cooperative-sticky"},
                   {"session.timeout.ms", std::to_string(lease.count())},
                   {"heartbeat.interval.ms", std::to_string(heartbeat.count())},
                   {"max.poll.interval.ms", std::to_string(std::max(poll_pause_max, 2 * lease).count())},
                   {"topic.metadata.refresh.interval.ms", "10000"}, // new partitions are noticed by then
                   {"socket.timeout.ms", "10000"},
                   {"reconnect.backoff.max.ms", "2000"},
                   // When its queue is full librdkafka 2.0 waits a second before it fetches again, so what fits is all
                   // the rate there is: bytes are the bound (its own default), not the number of small messages.
                   {"queued.min.messages", "1000000"},
                   {"queued.max.messages.kbytes", "65536"},
                   {"fetch.max.bytes", "4194304"}};
  made.fixed = {{"group.id", from_.group}, {"enable.auto.commit", "false"}, {"enable.auto.offset.store", "false"}};
  if (named_) made.fixed["group.instance.id"] = fmt::format("wheelwork/{}/{}/{}", setup_.pool, setup_.node, number_);
  return made;
}

kafka_callbacks kafka_member::callbacks() {
  kafka_callbacks made;
  made.log = [pool = setup_.pool](int level, const std::string& text) {
    if (level <= 4) spdlog::warn("pool {}, Kafka: {}", pool, text);
  };
  made.error = [this](rd_kafka_resp_err_t code, const std::string& reason) { on_error(code, reason); };
  made.rebalance = [this](rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* which) {
    on_rebalance(code, which);
  };
  made.committed = [this](rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* which) {
    on_committed(code, which);
  };
  return made;
}

std::string kafka_member::open() {
  if (fatal_) recover_from_fatal();
  if (client_) return {};
  auto made = kafka_client::open(kafka_role::consumer, connection_, settings(), callbacks());
  if (!made) return made.error();
  client_ = std::move(*made);
  const auto topics = make_kafka_partitions();
  add_partition(topics, from_.topic, RD_KAFKA_PARTITION_UA);
  if (const auto code = rd_kafka_subscribe(client_->get(), topics.get())) {
    drop();
    return kafka_error_text(code, subject());
  }
  return {};
}

void kafka_member::recover_from_fatal() {
  std::array<char, 256> words{};
  const auto code =
      client_ ? rd_kafka_fatal_error(client_->get(), words.data(), words.size()) : RD_KAFKA_RESP_ERR_NO_ERROR;
  spdlog::warn("pool {}: Kafka consumer {} begins anew: {}", setup_.pool, number_, words.data());
  if (code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID) named_ = false; // else the two would throw out each other for ever
  drop();
}

void kafka_member::drop() {
  let_go_of_all();
  departure_.reset();
  wanted_.clear();
  if (client_ && client_->group().settled() && !rd_kafka_consumer_closed(client_->get())) {
    closing_ = true;
    close_membership(client_->get(), end_wait); // without a word to the group
    let_go_of_all();
  }
  client_.reset();
  trouble_ = {};
  fatal_ = paused_ = committing_ = closing_ = false;
}

bool kafka_member::poll(milliseconds wait) {
  kafka_message_ptr message{rd_kafka_consumer_poll(client_->get(), as_int(wait))};
  if (!message) return false;
  receive(std::move(message));
  return true;
}

void kafka_member::receive(kafka_message_ptr message) {
  if (!message->err) {
    if (trouble_.by != cure::commit) trouble_.text.clear();
    arrived_ = true;
    arrive(std::move(message));
    if (std::exchange(paused_, false)) pause(); // this partition is not
    return;
  }
  if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) return;
  on_error(message->err, rd_kafka_message_errstr(message.get()));
}

void kafka_member::arrive(kafka_message_ptr message) {
  const auto partition = message->partition;
  const auto offset = message->offset;
  const auto how = lanes_.arrive(std::move(message));
  if (how == kafka_lanes::arrival::in_order || how == kafka_lanes::arrival::repeated) {
    if (!told_.empty()) told_.erase(partition);
    return;
  }
  if (std::exchange(told_[partition], how) == how) return;
  if (how == kafka_lanes::arrival::log_changed)
    spdlog::warn("pool {}: partition {} of {} begins again at offset {}: the topic was made anew, or its log cut off",
                 setup_.pool, partition, from_.topic, offset);
  else
    spdlog::warn("pool {}: partition {} of {} comes again from offset {} on, no younger than what was handled, and is "
                 "passed over; if these are other records, set the offset of group {} while the pool is paused",
                 setup_.pool, partition, from_.topic, offset, from_.group);
}

void kafka_member::on_error(rd_kafka_resp_err_t code, const std::string& reason) {
  if (code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__RESOLVE ||
      code == RD_KAFKA_RESP_ERR__TIMED_OUT) {
    last_detail_ = reason; // one connection of several; librdkafka says when all are lost
    return;
  }
  if (code == RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED) { // it joins again by itself
    spdlog::warn("pool {}: Kafka consumer {} was not heard of for too long: {}", setup_.pool, number_, reason);
    return;
  }
  fatal_ = fatal_ || code == RD_KAFKA_RESP_ERR__FATAL;
  const bool down = code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && !last_detail_.empty();
  trouble_ = {kafka_error_text(code, subject(), down ? last_detail_ : reason),
              about_topic(code) ? cure::look_at_topic : cure::message};
  rd_kafka_yield(client_->get());
}

void kafka_member::pause() {
  if (paused_ || !client_) return;
  const auto all = assigned();
  if (!all) return;
  rd_kafka_pause_partitions(client_->get(), all.get());
  paused_ = true;
}

/// librdkafka 2.0 drops a pause or resume that meets one of its own steps, at the start or the end of a rebalance, and
/// tells nobody. A partition that stayed paused for that is woken when nothing came for a while, and each one before it
/// is given away (release()).
void kafka_member::resume() {
  if (!client_) return;
  const auto now = setup_.clock->steady_now();
  const bool silent = !paused_ && !lanes_.empty() && !std::exchange(arrived_, false);
  if (!silent) {
    silent_since_ = now;
    if (!paused_) {
      silence_ = silence_first;
      return;
    }
  } else if (now - silent_since_ < silence_) {
    return;
  } else {
    silent_since_ = now;
    silence_ = std::min(silence_ * 2, silence_max);
  }
  const auto all = assigned();
  if (!all) return;
  release(all.get());
  paused_ = false;
}

/// Paused first: then it goes on behind what was consumed. To resume one that is not paused begins again where its
/// assignment did (librdkafka's issue 4636).
void kafka_member::release(rd_kafka_topic_partition_list_t* which) {
  rd_kafka_pause_partitions(client_->get(), which);
  rd_kafka_resume_partitions(client_->get(), which);
}

kafka_partitions_ptr kafka_member::assigned() const {
  rd_kafka_topic_partition_list_t* all = nullptr;
  if (rd_kafka_assignment(client_->get(), &all)) return nullptr;
  return kafka_partitions_ptr{all};
}

/// Not while it joins its group, nor when it may be about to: a commit behind the join would cost all partitions
/// (brokers/kafka_group_watch.hpp).
bool kafka_member::may_commit() {
  const auto heartbeats = client_->group().heartbeats();
  if (heartbeats != std::exchange(heartbeats_, heartbeats)) {
    // Any question will do: its answer comes when librdkafka has taken in that of the heartbeat, however busy the
    // machine is.
    rd_kafka_rebalance_protocol(client_->get());
    calm_from_ = setup_.clock->steady_now() + calm_pause;
  }
  return !client_->group().joining() && setup_.clock->steady_now() >= calm_from_;
}

bool kafka_member::write_finished(how urgency) {
  if (!client_ || committing_) return true;
  const auto now = setup_.clock->steady_now();
  if (urgency == how::steadily && now - last_commit_ < commit_pause) return true;
  const auto wanted = lanes_.to_write();
  if (wanted.empty()) return true;
  if (!may_commit()) return false;
  last_commit_ = now;
  if (const auto code = rd_kafka_commit(client_->get(), as_list(from_.topic, wanted).get(), 1)) {
    commit_failed(code);
    return true;
  }
  committing_ = true;
  for (const auto& each : wanted) lanes_.asked(each);
  return true;
}

void kafka_member::note_commit(const rd_kafka_topic_partition_list_t& which, rd_kafka_resp_err_t code) {
  for (int i = 0; i < which.cnt; ++i) {
    const auto& each = which.elems[i];
    if (code || each.err)
      lanes_.not_written(each.partition);
    else
      lanes_.written({each.partition, each.offset});
  }
}

std::string kafka_member::commit_failed(rd_kafka_resp_err_t code) {
  trouble_ = {"finished messages can't be committed: " + kafka_error_text(code, subject()), cure::commit};
  return trouble_.text;
}

void kafka_member::on_committed(rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* which) {
  committing_ = false;
  if (which) note_commit(*which, code);
  if (!code && trouble_.by == cure::commit) trouble_ = {};
  if (!code || code == RD_KAFKA_RESP_ERR__NO_OFFSET) return;
  // A rebalance that is under way ends in one of its own calls; then it is tried again, or is no longer ours.
  const bool passes = code == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS || code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION ||
                      code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID;
  if (!passes) commit_failed(code);
}

std::string kafka_member::write_and_wait() {
  if (!client_) return {};
  const auto wanted = lanes_.unwritten();
  if (wanted.empty()) return {};
  if (!client_->group().wait_until_joined(commit_wait)) return commit_failed(RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS);
  const auto list = as_list(from_.topic, wanted);
  const kafka_queue_ptr answers{rd_kafka_queue_new(client_->get())};
  auto code = rd_kafka_commit_queue(client_->get(), list.get(), answers.get(), nullptr, nullptr);
  if (!code) {
    const kafka_event_ptr answer{rd_kafka_queue_poll(answers.get(), as_int(commit_wait))};
    code = answer ? rd_kafka_event_error(answer.get()) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    const auto* each = answer ? rd_kafka_event_topic_partition_list(answer.get()) : nullptr;
    if (each) note_commit(*each, code);
  }
  return code ? commit_failed(code) : std::string{};
}

std::string kafka_member::trouble(milliseconds wait) {
  if (trouble_.text.empty() || trouble_.by != cure::look_at_topic || !client_) return trouble_.text;
  const auto now = setup_.clock->steady_now();
  if (now - last_look_ < look_pause) return trouble_.text;
  last_look_ = now;
  const auto found = describe_topic(*client_, subject(), std::clamp(wait, milliseconds{100}, look_pause));
  trouble_.text = found ? std::string{} : found.error();
  return trouble_.text;
}

void kafka_member::leave() {
  rd_kafka_unsubscribe(client_->get());
  const auto until = setup_.clock->steady_now() + leave_wait;
  const auto left = [&] { return lanes_.empty() && !client_->group().member(); };
  while (!left() && setup_.clock->steady_now() < until) poll(milliseconds{10});
}

std::string kafka_member::close() {
  if (!client_) return {};
  auto wrong = write_and_wait();
  closing_ = true;
  part_if_done();
  // A static member leaves when it unsubscribes, and not when it closes; and not when it is about to join.
  client_->group().wait_until_joined(leave_wait);
  if (client_->group().settled()) leave(); // else it leaves by itself when it can
  drop();
  lost_.clear();
  return wrong;
}

} // namespace wheelwork
